"""Where two atoms of a fixed pair style feel each other no more."""

import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.snap.baseline import baseline_from_settings
from relaxdiff.potentials.snap.baseline_reach import pair_cutoffs

PAIRS = {"W W": [0.1, 2.5], "Be W": [0.05, 2.0], "Be Be": [0.0, 1.5]}


def style(name, **settings):
    return baseline_from_settings({"style": name, "coefficients": PAIRS, **settings})


def test_each_pair_has_its_own_cutoff():
    smooth = style("lj/smooth/linear", settings=[5.0])
    w_w, w_be, be_be = pair_cutoffs(smooth, ("W", "Be"))
    assert (w_w, w_be) == pytest.approx((5.0, 5.0), abs=1e-2)
    assert be_be == 0.0  # without strength nothing is felt at any distance


def test_a_style_that_ends_with_a_jump_is_refused():
    with pytest.raises(InputError, match="ends with a jump"):
        pair_cutoffs(style("lj/cut", settings=[3.0]), ("W", "Be"))
