"""The picture of a structure: which atoms, and which arrows."""

import numpy as np
import pytest
from analytic_study import make_study
from matplotlib.quiver import Quiver

from relaxdiff.figures.displacements import displacement_fields, leading_field
from relaxdiff.figures.structure import structure


def drawn(study):
    return structure(study["reference"], study["derivative"], study["posterior"]).axes[0]


def test_arrows_are_the_leading_field_seen_along_the_shortest_vector():
    study, _ = make_study()
    study["reference"]["cell"][2] *= 0.5  # all atoms are near the middle
    axis = drawn(study)
    (arrows,) = [each for each in axis.collections if isinstance(each, Quiver)]
    field, share = leading_field(displacement_fields(study["posterior"], study["derivative"]))
    # An atom on a face of the cell is drawn on both sides.
    found, drawn_once = (
        np.unique(np.round(steps, 9), axis=0)
        for steps in (np.column_stack([arrows.U, arrows.V]), field[:, :2])
    )
    assert found == pytest.approx(drawn_once)
    assert f"{100 * share:.0f} % of the variance" in axis.get_title(loc="left")
    sizes = np.asarray(axis.collections[0].get_array())
    assert np.unique(sizes) == pytest.approx(np.unique(1e3 * np.linalg.norm(field, axis=1)))


def test_atoms_that_do_not_move_have_no_arrows():
    study, _ = make_study()
    study["derivative"]["position_derivative"][:] = 0
    assert not [each for each in drawn(study).collections if isinstance(each, Quiver)]
