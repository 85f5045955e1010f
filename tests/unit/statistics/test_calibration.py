"""Estimates against errors that are known in closed form, and marks of lost minima."""

import numpy as np
import pytest
from analytic_study import lose, make_study
from drawn import errors_of

from relaxdiff.files import variable
from relaxdiff.statistics.calibration import calibration_table, doubt_table
from relaxdiff.statistics.errors import all_levels


def test_calibration_counts_errors_within_twice_their_estimate():
    study, made = make_study()
    study["evaluations"]["error_estimate"].loc[{"level": "h+ih@x", "sample": 1}] = 0.0
    study["predictions"]["error_estimate"].loc[{"level": "h+ih"}] = np.nan
    counted = calibration_table(errors_of(study)).set_index(["estimate", "level"])
    table = counted.loc["all"]
    assert table["variants"].to_dict() == {
        **dict.fromkeys(("c", "h", "ih", "newton", "h+ih@x", "newton@x"), 45),
        "h+ih": 0,
    }
    # Of sample 1, whose estimates are zero, the one error that vanishes is within.
    assert table.loc["h+ih@x", "within_twice"] == pytest.approx(37 / 45)
    assert np.isnan(table.loc["h+ih", "within_twice"])
    assert table.loc["newton@x", "within_twice"] == 1
    estimate = made["z"] * np.abs(study["truth"]["lambda"].values) ** 5 / 125
    assert counted.loc[("below 10 meV", "newton@x"), "variants"] == (estimate < 0.01).sum()
    # Errors of newton@x are a quarter of their estimates, those of c up to decades beyond it.
    decades = counted.xs("newton@x", level="level").drop(["all", "below 10 meV"])
    assert decades["variants"].sum() == 45
    inside = (estimate >= 1e-3) & (estimate < 1e-2)
    assert decades.loc["1 to 10 meV", "variants"] == inside.sum()
    assert decades["within_once"].tolist() == [1] * len(decades)
    assert decades["largest_ratio"].max() == pytest.approx(0.25, rel=1e-6)
    worst = counted.loc[("all", "h+ih@x"), "largest_ratio"]
    assert worst == np.inf  # where the estimate was set to zero


def test_marked_variants_are_counted_among_those_with_and_without_truth():
    study, _ = make_study()
    lose(study, 1, [7, 8])
    lose(study, 2, [8], crystal_status="elastically_unstable")
    marked = np.zeros((5, 9), dtype=bool)
    marked[1, 8] = marked[3, 7] = True
    over = ("sample", "lambda")
    study["predictions"]["minimum_in_doubt"] = variable(over, marked, "1", "in doubt")
    levels = all_levels(study["predictions"], study["evaluations"])
    table = doubt_table(levels, study["truth"]).set_index(["kind", "estimate"])
    assert table.loc[("relaxed", "all")].tolist() == [42, 1]
    assert table.loc[("not relaxed", "all")].tolist() == [2, 1]
    counted = calibration_table(errors_of(study)).set_index(["estimate", "level"])
    assert counted.loc["minimum in doubt", "variants"].tolist() == [1] * 7
    assert doubt_table(study["evaluations"], study["truth"]) is None
