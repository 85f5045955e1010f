"""Posteriors from fits."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from fits import BETA, N_PARAMETERS, POPS, WEIGHTS, designs, fake_design
from popsregression import POPSRegression
from sklearn.linear_model import BayesianRidge

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.pops import (
    _errors,
    _training_rows,
    error_table,
    fit_hypercube,
    fit_posterior,
    pointwise_changes,
)
from relaxdiff.posterior.training_data import QUANTITIES


# --- fits ---------------------------------------------------------------------------------------
def test_exact_targets_give_exact_parameters():
    fit = fit_posterior(designs(noise=0.0), WEIGHTS, 0.25, seed=5, pops=POPS)
    np.testing.assert_allclose(fit["theta_mean"], BETA[1:], atol=1e-8)
    assert float(fit["energy_shift_mean"]) == pytest.approx(BETA[0], abs=1e-8)
    assert float(fit["held_out_rmse"].max()) < 1e-8
    assert np.abs(fit["theta_covariance"].values).max() < 1e-12


def test_mean_is_least_squares_of_what_is_not_held_out(fit):
    from relaxdiff.posterior.design import held_out

    rows, targets = [], []
    for design in designs():
        out = held_out(design, 0.25, 5)
        for quantity, weight in WEIGHTS[design.attrs["group"]].items():
            kept = ~out[design[f"{quantity}_configuration"].values]
            rows.append(weight * design[f"{quantity}_design"].values[kept])
            targets.append(weight * design[f"{quantity}_target"].values[kept])
    expected = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    found = np.append(fit["energy_shift_mean"], fit["theta_mean"])
    np.testing.assert_allclose(found, expected, atol=1e-4)  # the ridge is weak, not absent


def test_fit_is_reproducible_and_uses_no_global_generator(fit):
    np.random.seed(1)  # noqa: NPY002 (that it has no influence is the point)
    again = fit_posterior(designs()[::-1], WEIGHTS, 0.25, seed=5, pops=POPS, name="made up")
    xr.testing.assert_identical(fit, again)
    assert fit.attrs["training_seed"] == 5
    other = fit_posterior(designs(), WEIGHTS, 0.25, seed=6, pops=POPS)
    assert not np.allclose(fit["theta_mean"], other["theta_mean"], atol=1e-6)


def test_hypercube_is_that_of_popsregression():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 4))
    targets = rows @ rng.normal(size=4) + 0.1 * rng.normal(size=300) ** 3
    ridge = BayesianRidge(fit_intercept=False).fit(rows, targets)
    changes = pointwise_changes(rows, targets, ridge, leverage_percentile=50)
    directions, bounds = fit_hypercube(changes, 2.0, 1e-8)
    theirs = POPSRegression(percentile_clipping=2.0).fit(rows, targets)
    np.testing.assert_allclose(directions @ directions.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(np.abs(directions), np.abs(theirs._hypercube_support.T), atol=1e-9)
    np.testing.assert_allclose(
        bounds[1] - bounds[0], theirs._hypercube_bounds[1] - theirs._hypercube_bounds[0]
    )


def test_pointwise_changes_make_their_rows_exact():
    """What POPS is: each change, added to the mean, reproduces one target."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 4))
    targets = rows @ rng.normal(size=4) + 0.1 * rng.normal(size=50)
    ridge = BayesianRidge(fit_intercept=False).fit(rows, targets)
    changes = pointwise_changes(rows, targets, ridge, leverage_percentile=0)
    np.testing.assert_allclose(np.sum((ridge.coef_ + changes) * rows, axis=1), targets)
    # And none that is smaller in the metric of the fit does so.
    metric = np.linalg.inv(ridge.alpha_ * ridge.sigma_)
    along = rng.normal(size=changes.shape)
    along -= rows * (np.sum(along * rows, axis=1) / np.sum(rows**2, axis=1))[:, None]
    np.testing.assert_allclose(np.einsum("ij,jk,ik->i", changes, metric, along), 0, atol=1e-10)


def test_mode_threshold_drops_axes():
    changes = np.random.default_rng(0).normal(size=(100, 3)) * [1, 1, 1e-6]
    assert fit_hypercube(changes, 0, 1e-8)[0].shape == (2, 3)
    assert fit_hypercube(changes, 0, 1e-16)[0].shape == (3, 3)


def test_errors_by_group(fit):
    assert fit["group"].values.tolist() == ["first", "second"]
    assert fit["n_configurations"].values.tolist() == [20, 20]
    assert fit["n_held_out"].values.tolist() == [5, 5]
    for name in ("training_rmse", "held_out_rmse", "training_mae", "held_out_mae"):
        errors = fit[name].values
        assert np.isnan(errors[1, 2])  # no stress there
        assert (errors[:, :2] > 0.02).all()
        assert np.nanmax(errors) < 0.3
    assert (fit["held_out_mae"] <= fit["held_out_rmse"]).sum() == 5
    assert fit["row_weight"].sel(group="second", quantity="stress") == 0
    table = error_table(fit)
    assert table.loc["first", "configurations"] == 20


def test_weight_zero_measures_without_fitting():
    weights = {**WEIGHTS, "second": dict.fromkeys(QUANTITIES, 0.0)}
    spoilt = designs()
    spoilt[1]["force_target"] += 100.0
    fit = fit_posterior(spoilt, weights, 0.25, seed=5, pops=POPS)
    np.testing.assert_allclose(fit["theta_mean"], BETA[1:], atol=0.1)
    assert fit["training_rmse"].sel(group="second", quantity="force") > 50


def test_nothing_held_out():
    fit = fit_posterior(designs(), WEIGHTS, 0.0, seed=5, pops=POPS)
    assert np.isnan(fit["held_out_rmse"]).all()
    assert np.isnan(fit["held_out_coverage"]).all()


def test_coverage_of_draws_that_fit():
    """Targets drawn from the same distribution as the draws are covered as often as announced."""
    rng = np.random.default_rng(0)
    shifts = rng.normal(size=(1000, N_PARAMETERS + 1))
    design = fake_design("second", 3, 0.0, n_configurations=2000)
    deviation = rng.normal(size=(2000, N_PARAMETERS + 1))
    design["energy_target"] = design["energy_target"] + np.sum(
        deviation * design["energy_design"].values, axis=1
    )
    out = [np.ones(2000, dtype=bool)]
    coverage = _errors([design], {"second": WEIGHTS["second"]}, out, BETA, shifts)
    found = coverage["held_out_coverage"].sel(quantity="energy").squeeze()
    assert found["nominal"].values.tolist() == [0.5, 0.9, 0.95, 1.0]
    np.testing.assert_allclose(found, [0.5, 0.9, 0.95, 1.0], atol=0.03)
    error = coverage["held_out_coverage_error"].sel(quantity="energy").squeeze()
    np.testing.assert_allclose(error, np.sqrt(found * (1 - found) / 1999), rtol=1e-6, atol=1e-12)


def test_bad_fits():
    with pytest.raises(InputError, match="groups second"):
        fit_posterior(designs()[:1], WEIGHTS, 0.1, seed=1, pops=POPS)
    nothing = {group: dict.fromkeys(QUANTITIES, 0.0) for group in WEIGHTS}
    with pytest.raises(InputError, match="every weight"):
        fit_posterior(designs(), nothing, 0.1, seed=1, pops=POPS)
    few = [fake_design("first", 1, 0.1, n_configurations=3)]
    energies = {"first": {"energy": 1.0, "force": 0.0, "stress": 0.0}}
    with pytest.raises(InputError, match="3 rows of non-zero weight"):
        fit_posterior(few, energies, 0.0, seed=1, pops=POPS)


def test_only_a_fit_imports_what_it_fits_with():
    """All other jobs import the package too, and would wait for it."""
    code = "import sys, relaxdiff.posterior; print({'sklearn', 'popsregression'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "set()\n"


@pytest.mark.parametrize("percentile", [0.0, 50.0, 50, 90.0])
def test_rows_are_chosen_by_leverage_as_in_popsregression_0_4(percentile):
    """Mean, changes and their order: later versions of the package choose other rows."""
    held = [np.zeros(20, dtype=bool)] * 2
    rows, targets = _training_rows(designs(), WEIGHTS, held)
    rows[7] = 0.0  # no leverage at all
    theirs = POPSRegression(posterior="ensemble", leverage_percentile=percentile).fit(rows, targets)
    ridge = BayesianRidge(fit_intercept=False).fit(rows, targets)
    np.testing.assert_array_equal(ridge.coef_, theirs.coef_)
    changes = pointwise_changes(rows, targets, ridge, percentile)
    assert changes.shape == theirs.posterior_samples_.T.shape
    np.testing.assert_allclose(changes, theirs.posterior_samples_.T, rtol=1e-12, atol=1e-15)
