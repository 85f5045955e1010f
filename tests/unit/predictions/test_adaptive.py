"""The table of an adapted study. How good what is certified is: tests/workflow/test_adaptive.py."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from relaxdiff.predictions.adaptive import RELAXED, BranchCertifier, adaptive_table

OVER = ("sample", "lambda")


def test_the_table_counts_who_was_left_to_which_level():
    adapted = xr.Dataset(
        {
            "level": (OVER, [["c", "newton", RELAXED], ["c", RELAXED, ""]]),
            "evaluations": (OVER, [[0, 1, 4], [0, 6, 0]]),
            "formation_energy": (OVER, [[3.0, 3.1, 3.3], [3.2, 3.4, np.nan]]),
        }
    )
    status = [["converged", "converged", "converged"], ["left_basin", "converged", "cut"]]
    true = [[3.01, 3.1, 3.3], [9.0, 3.4, np.nan]]
    truth = xr.Dataset({"status": (OVER, status), "formation_energy": (OVER, true)})
    table = adaptive_table(adapted, ["c", "newton"], truth).set_index("level")
    assert table.loc[["c", "newton", RELAXED], "variants"].tolist() == [2, 1, 2]
    assert table["variants"].sum() == 5
    assert table["fraction"].sum() == pytest.approx(1)
    assert table.loc[RELAXED, "evaluations"] == 10
    assert table.loc["c", "compared"] == 1
    assert table.loc["c", "max_abs_error"] == pytest.approx(0.01)
    assert "compared" not in adaptive_table(adapted, ["c", "newton"])


def test_a_minimum_in_doubt_is_not_certified_whatever_the_estimate():
    over = ("level", *OVER)
    values = np.zeros((2, 1, 3))
    names = ("formation_energy", "formation_volume", "error_estimate")
    predictions = xr.Dataset(
        dict.fromkeys(names, (over, values))
        | {"minimum_in_doubt": (OVER, np.array([[False, False, True]]))},
        coords={"level": ["c", "newton"], "sample": [0], "lambda": [0.0, 1.0, 2.0]},
    )
    variants = SimpleNamespace(delta=np.zeros((1, 1)), lambdas=np.arange(3.0))
    model = SimpleNamespace(steps=lambda delta, lambdas: (np.zeros((3, 1)),))
    walks = SimpleNamespace(
        variants=variants, models=[model], predictions=predictions, tolerance=1e-3
    )
    certifier = BranchCertifier(walks, 0, [0, 1, 2])
    sure, spent = certifier(None, 1)
    assert (sure.status, sure.found.level, spent) == ("predicted", "c", 0)
    assert certifier(None, 2) == (None, 0)
