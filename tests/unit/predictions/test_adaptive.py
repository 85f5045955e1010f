"""The table of an adapted study. How good what is certified is: tests/workflow/test_adaptive.py."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.predictions.adaptive import RELAXED, adaptive_table

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
