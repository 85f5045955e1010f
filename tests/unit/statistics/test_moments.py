"""Means and spreads over the posterior, and their standard errors."""

import numpy as np
import pytest
from analytic_study import lose, make_study

from relaxdiff.statistics.moments import (
    decimals,
    leading,
    moments,
    posterior_table,
    posterior_values,
)


def test_standard_errors_are_the_scatter_of_repeated_draws():
    """Of uniform numbers, whose fourth moment is not a normal distribution's."""
    sets = np.random.default_rng(4).uniform(-1, 1, size=(2000, 50))
    found = [moments(values) for values in sets]
    for name in ("mean", "standard_deviation"):
        told = np.mean([each[f"{name}_error"] for each in found])
        scatter = np.std([each[name] for each in found])
        assert told == pytest.approx(scatter, rel=0.1)


def test_intervals_are_of_enough_values_alone():
    values = np.append(np.arange(1000.0), np.nan)
    found = moments(values)
    assert (found["number"], found["mean"]) == (1000, 499.5)
    assert found["interval_95_high"] == pytest.approx(np.percentile(values[:-1], 97.5))
    assert np.isnan(moments(values[1:])["interval_95_low"])
    assert moments(np.empty(0))["number"] == 0


def test_digits_are_those_that_the_error_leaves():
    assert [decimals(error) for error in (0.000135, 0.0048, 0.15, 3.0)] == [4, 3, 1, 0]
    assert decimals(np.nan) == 4


def test_directions_are_in_order_of_their_shares():
    found = leading(np.array([0.2, 0.7, 0.1]))
    assert [found[f"direction_{place}"] for place in (1, 2, 3)] == [2, 1, 3]
    assert found["share_2"] == 0.2
    assert np.isnan(leading(np.array([1.0]))["direction_2"])


def test_posterior_is_lambda_one():
    study, made = make_study()
    table = posterior_table(study["draws"], study["predictions"], study["truth"])
    table = table.set_index(["quantity", "values_of", "source"])
    values = 3 + made["b"] + made["c"] + made["d"]
    row = table.loc[("formation_energy", "samples", "truth")]
    assert row["number"] == 5
    assert row["mean"] == pytest.approx(values.mean())
    assert row["standard_deviation"] == pytest.approx(values.std(ddof=1))
    assert np.isnan(row["interval_95_low"])
    newton = table.loc[("formation_energy", "samples", "newton")]
    assert newton["less_truth"] == pytest.approx(-0.25 * made["d"].mean())
    assert table.loc[("formation_volume", "samples", "c"), "standard_deviation"] == pytest.approx(0)
    drawn = table.loc[("formation_volume", "draws", "newton")]
    expected = study["draws"]["formation_volume"].sel(level="newton").values
    assert drawn["mean"] == pytest.approx(expected.mean())
    assert drawn["interval_95_low"] == pytest.approx(np.percentile(expected, 2.5))
    assert (drawn["standard_deviation_linear"], drawn["direction_1"]) == (1.0, 1)


def test_without_lambda_one_there_are_draws_but_no_samples():
    study, _ = make_study(lambdas=(-4, 0, 4))
    lose(study, 0, [0])
    table = posterior_table(study["draws"], study["predictions"], study["truth"])
    of_samples = table["values_of"] == "samples"
    assert table[of_samples]["number"].tolist() == [0] * 12
    assert table[of_samples]["mean"].isna().all()
    assert table[~of_samples]["number"].tolist() == [2000] * 4


def test_posterior_compares_the_same_samples():
    study, _ = make_study()
    lose(study, 3, [6])
    assert posterior_values(study["predictions"], study["truth"])["sample"].values.tolist() == [
        0,
        1,
        2,
        4,
    ]
    assert posterior_values(study["predictions"]).sizes["sample"] == 5
