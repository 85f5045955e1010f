"""Posteriors: from tables, from fits, drawn from, written and read back."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from fits import BASELINE, HYPERPARAMETERS

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.distribution import (
    draw_from_hypercube,
    draw_from_normal,
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.structures.kinds import bulk_cell

SHIPPED = Path(__file__).parents[3] / "resources" / "tungsten.nc"


# --- draws --------------------------------------------------------------------------------------
def test_draws_are_seeded_and_nested(fit):
    few, many, again = (sample_posterior(fit, n, 11) for n in (3, 10, 10))
    xr.testing.assert_identical(many, again)
    xr.testing.assert_identical(few, many.isel(sample=slice(3)))
    other = sample_posterior(fit, 10, 12)
    assert not np.isclose(other["theta"], many["theta"]).any()
    assert many.attrs["sampling_seed"] == 11
    assert many.attrs["training_seed"] == 5
    # Draws of a posterior that holds draws already are made anew.
    xr.testing.assert_identical(sample_posterior(other, 10, 11), many)


def test_draws_respect_the_bounds(fit):
    drawn = sample_posterior(fit, 500, 1)
    deviation = np.column_stack(
        [
            drawn["energy_shift"] - drawn["energy_shift_mean"],
            drawn["theta"] - drawn["theta_mean"],
        ]
    )
    axes = np.column_stack([fit["hypercube_energy_shift"], fit["hypercube_directions"]])
    position = deviation @ axes.T
    low, high = fit["hypercube_bounds"].values.T
    assert (position >= low - 1e-12).all()
    assert (position <= high + 1e-12).all()
    assert (np.ptp(position, axis=0) > 0.97 * (high - low)).all()


def test_covariance_is_that_of_the_draws(fit):
    deviation = sample_posterior(fit, 200_000, 1)["theta"].values - fit["theta_mean"].values
    moment = deviation.T @ deviation / len(deviation)
    scale = np.sqrt(np.outer(np.diag(moment), np.diag(moment)))
    np.testing.assert_allclose(moment / scale, fit["theta_covariance"] / scale, atol=0.01)


def test_the_stream_of_draws_is_fixed():
    """A new numpy that changed the stream would change every study without a word."""
    found = draw_from_hypercube(np.eye(2), np.array([[0.0, 0.0], [1.0, 1.0]]), 1, 2024)
    np.testing.assert_allclose(found, [[0.6758313379024931, 0.2143232012155663]])
    found = draw_from_normal(np.eye(2), 1, 2024)
    np.testing.assert_allclose(found, [[1.0288568739519013, 1.6419200406711503]])


def test_bad_numbers_of_samples(fit, ensemble):
    with pytest.raises(InputError, match="1 or more"):
        sample_posterior(fit, 0, 1)
    with pytest.raises(InputError, match="posterior.samples is 5, but .* holds only 4"):
        sample_posterior(posterior_from_ensemble(*ensemble), 5, 1)


# --- files --------------------------------------------------------------------------------------
def test_round_trip_of_a_fit(fit, tmp_path):
    drawn = sample_posterior(fit, 4, 1)
    for posterior in (fit, drawn):
        write_dataset(posterior, tmp_path / "posterior.nc", {})
        found = read_posterior(tmp_path / "posterior.nc")
        for name, values in posterior.data_vars.items():
            np.testing.assert_array_equal(found[name].values, values.values)
        one, other = potential_from_posterior(found), potential_from_posterior(posterior)
        assert one.hyperparameters == other.hyperparameters == HYPERPARAMETERS
        assert one.baseline == BASELINE
        np.testing.assert_array_equal(one.weights, other.weights)
        xr.testing.assert_equal(
            sample_posterior(found, 4, 1)["theta"].drop_vars("parameter"),
            drawn["theta"].drop_vars("parameter"),
        )


def test_round_trip_of_an_ensemble(ensemble, table, tmp_path):
    write_dataset(posterior_from_ensemble(*ensemble), tmp_path / "posterior.nc", {})
    found = sample_posterior(read_posterior(tmp_path / "posterior.nc"), 4, 1)
    np.testing.assert_array_equal(found["theta"], table[1:])


def without_attribute(name):
    def edit(dataset):
        del dataset.attrs[name]
        return dataset

    return edit


BAD_POSTERIORS = {
    "no mean": (lambda data: data.drop_vars("theta_mean"), "theta_mean"),
    "no element": (without_attribute("element"), "attribute 'element'"),
    "no switch": (without_attribute("switchflag"), "attribute 'switchflag'"),
    "no reference": (without_attribute("reference_outer"), "attribute 'reference_outer'"),
    "no numbers of a reference": (
        lambda data: data.assign_attrs(reference_style="morse"),
        "attribute 'reference_numbers'",
    ),
    "a reference that is none": (
        lambda data: data.assign_attrs(reference_style="morse", reference_numbers="{"),
        "is not a posterior",
    ),
    "unknown reference": (lambda data: data.assign_attrs(reference_style="lj"), "'lj'"),
    "another 2J": (lambda data: data.assign_attrs(twojmax=4), "needs 14 coefficients"),
    "2J is a word": (lambda data: data.assign_attrs(twojmax="many"), "is not a posterior"),
    "nothing to draw": (
        lambda data: data.drop_dims(["sample", "direction"]),
        "neither draws .* nor a distribution",
    ),
    "half a hypercube": (
        lambda data: data.drop_vars("hypercube_bounds"),
        "lacks the variable hypercube_bounds",
    ),
    "no shifts": (lambda data: data.drop_vars("energy_shift"), "lacks the variable energy_shift"),
    "NaN": (lambda data: data.assign(theta=data["theta"] * np.nan), "theta holds a number"),
    "turned": (
        lambda data: data.assign(theta=data["theta"].transpose("parameter", "sample")),
        "theta has the dimensions .* expected sample, parameter",
    ),
    "other names": (
        lambda data: data.assign_coords(parameter=list("abcde")),
        "must be beta_1 ... beta_5",
    ),
}


@pytest.mark.parametrize("name", BAD_POSTERIORS)
def test_bad_posterior_files(fit, tmp_path, name):
    edit, message = BAD_POSTERIORS[name]
    with xr.set_options(keep_attrs=True):
        bad = edit(sample_posterior(fit, 3, 1))
    path = tmp_path / "posterior.nc"
    write_dataset(bad, path, {})
    with pytest.raises(InputError, match=message) as raised:
        read_posterior(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_posterior(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_posterior(tmp_path / "posterior.nc")
    (tmp_path / "posterior.nc").write_text("nothing")
    with pytest.raises(InputError, match="not a readable NetCDF"):
        read_posterior(tmp_path / "posterior.nc")


# --- the shipped posterior ----------------------------------------------------------------------
def test_shipped_posterior():
    """The targets that its weights were chosen by; the vacancy's energy: resources/README.md."""
    posterior = read_posterior(SHIPPED)
    potential = potential_from_posterior(posterior)
    assert potential.hyperparameters.n_parameters == 55
    assert potential.baseline == BASELINE
    near = np.linspace(3.15, 3.21, 9)
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:
        energies = [
            calculator.evaluate(bulk_cell("W", a)).values @ potential.weights / 2 for a in near
        ]
    curve = np.polynomial.Polynomial.fit(near, energies, 4)
    minimum = next(
        root.real for root in curve.deriv().roots() if root.imag == 0 and 3.15 < root.real < 3.21
    )
    modulus = 2 * curve.deriv(2)(minimum) / (9 * minimum) * 160.2176634
    assert minimum == pytest.approx(3.1805, abs=0.005)
    assert modulus == pytest.approx(305, abs=15)
    held_out = posterior.sel(group=["vacancy", "md_bulk"], quantity=["energy", "force"])
    assert float(held_out["held_out_rmse"].sel(quantity="energy").max()) < 0.002
    for nominal in (0.9, 0.95):
        coverage = held_out["held_out_coverage"].sel(nominal=nominal)
        assert float(coverage.min()) > nominal - 0.02
    assert SHIPPED.stat().st_size < 500_000
