"""Posteriors: from tables, from fits, drawn from, written and read back."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from popsregression import POPSRegression
from sklearn.linear_model import BayesianRidge

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import variable, write_dataset
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.distribution import (
    draw_from_hypercube,
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.posterior.pops import (
    _errors,
    _training_rows,
    error_table,
    fit_hypercube,
    fit_posterior,
    pointwise_changes,
)
from relaxdiff.posterior.training_data import QUANTITIES
from relaxdiff.potentials.snap.baseline import ZblReference
from relaxdiff.potentials.snap.hyperparameters import SnapHyperparameters, parameter_names
from relaxdiff.potentials.snap.potential import describe_potential
from relaxdiff.structures.kinds import bulk_cell

SHIPPED = Path(__file__).parents[3] / "resources" / "tungsten.nc"
HYPERPARAMETERS = SnapHyperparameters("W", 2, 4.0)
N_PARAMETERS = HYPERPARAMETERS.n_parameters  # 5
REFERENCE = ZblReference(4.0, 4.8)
POPS = {"percentile_clipping": 1.0, "leverage_percentile": 50.0, "mode_threshold": 1e-8}
WEIGHTS = {
    "first": {"energy": 20.0, "force": 1.0, "stress": 0.5},
    "second": {"energy": 20.0, "force": 1.0, "stress": 0.0},
}
BETA = np.array([-3.0, 0.5, -0.2, 0.1, 0.05, 0.4])


def fake_design(group, seed, noise, n_configurations=20):
    """A design with linear targets plus noise; no stress in the group `second`."""
    rng = np.random.default_rng(seed)
    dataset = xr.Dataset(
        {"n_atoms": variable("configuration", np.full(n_configurations, 4), "1", "atoms")},
        coords={"column": parameter_names(HYPERPARAMETERS, with_shift=True)},
        attrs={"group": group, **describe_potential(HYPERPARAMETERS, REFERENCE)},
    )
    per_configuration = {"energy": 1, "force": 12, "stress": 6 * (group == "first")}
    for quantity, units in QUANTITIES.items():
        rows = per_configuration[quantity] * n_configurations
        design = rng.normal(size=(rows, N_PARAMETERS + 1))
        design[:, 0] = quantity == "energy"
        if quantity == "force":
            design[:3] = 1e-16  # zero by symmetry
        target = design @ BETA + noise * rng.normal(size=rows)
        row = f"{quantity}_row"
        owner = np.arange(rows) // max(per_configuration[quantity], 1)
        dataset[f"{quantity}_design"] = variable((row, "column"), design, units, "rows")
        dataset[f"{quantity}_target"] = variable(row, target, units, "targets")
        dataset[f"{quantity}_configuration"] = variable(row, owner, "1", "owner")
    return dataset


def designs(noise=0.1):
    return [fake_design("first", 1, noise), fake_design("second", 2, noise)]


@pytest.fixture
def fit():
    return fit_posterior(designs(), WEIGHTS, 0.25, seed=5, pops=POPS, name="made up")


# --- fits ---------------------------------------------------------------------------------------


def test_only_a_fit_imports_what_it_fits_with():
    """All other jobs import the package too, and would wait for it."""
    code = "import sys, relaxdiff.posterior; print({'sklearn', 'popsregression'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout == "set()\n"


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


def test_bad_numbers_of_samples(fit, ensemble):
    with pytest.raises(InputError, match="1 or more"):
        sample_posterior(fit, 0, 1)
    with pytest.raises(InputError, match="posterior.samples is 5, but .* holds only 4"):
        sample_posterior(posterior_from_ensemble(*ensemble), 5, 1)


# --- tables of samples --------------------------------------------------------------------------


@pytest.fixture
def table(tungsten):
    noise = np.random.default_rng(1).normal(size=(4, 55))
    return np.vstack([tungsten.theta, tungsten.theta + 1e-3 * noise])


@pytest.fixture
def ensemble(tungsten_files, table, tmp_path):
    path = tmp_path / "samples.csv"
    np.savetxt(path, table, delimiter=",", header="row 1: the mean", fmt="%.17g")
    return (*tungsten_files, path)


def test_ensemble(tungsten, table, ensemble):
    posterior = posterior_from_ensemble(*ensemble, reference=REFERENCE)
    np.testing.assert_array_equal(posterior["theta_mean"], table[0])
    np.testing.assert_array_equal(posterior["theta"], table[1:])
    np.testing.assert_array_equal(posterior["energy_shift"], tungsten.energy_shift)
    deviation = table[1:] - table[0]
    np.testing.assert_allclose(posterior["theta_covariance"], deviation.T @ deviation / 4)
    assert posterior["parameter"].values[[0, -1]].tolist() == ["beta_1", "beta_55"]
    found = potential_from_posterior(posterior)
    assert found.hyperparameters == tungsten.hyperparameters
    assert found.reference == REFERENCE
    assert found.name == "W_2940_2017_2"
    first = sample_posterior(posterior, 2, seed=1)
    np.testing.assert_array_equal(first["theta"], table[1:3])
    xr.testing.assert_identical(first, sample_posterior(posterior, 2, seed=2))


def test_ensemble_with_shift_as_npy(tungsten_files, table, tmp_path):
    shifts = np.array([0.7, 0.1, 0.2, 0.3, 0.4])
    np.save(tmp_path / "samples.npy", np.column_stack([shifts, table]))
    posterior = posterior_from_ensemble(*tungsten_files, tmp_path / "samples.npy")
    assert float(posterior["energy_shift_mean"]) == 0.7
    np.testing.assert_array_equal(posterior["energy_shift"], shifts[1:])
    np.testing.assert_array_equal(posterior["theta"], table[1:])
    assert potential_from_posterior(posterior).reference is None


def test_another_mean_is_a_warning(ensemble, caplog):
    text = ensemble[2].read_text().splitlines()
    ensemble[2].write_text("\n".join([text[0], *text[2:]]))
    posterior = posterior_from_ensemble(*ensemble)
    assert posterior.sizes["sample"] == 3
    assert "differs from the coefficients" in caplog.text


def edit_line(number, edit):
    def apply(path):
        lines = path.read_text().splitlines()
        lines[number - 1] = edit(lines[number - 1])
        path.write_text("\n".join(lines))

    return apply


BAD_TABLES = {
    "missing": (lambda path: path.unlink(), "no such file"),
    "empty": (lambda path: path.write_text(""), "holds no rows"),
    "only comments": (lambda path: path.write_text("# nothing\n"), "holds no rows"),
    "one row": (
        lambda path: path.write_text("\n".join(path.read_text().splitlines()[:2])),
        "at least one sample",
    ),
    "one column less": (
        edit_line(4, lambda line: line.rsplit(",", 1)[0]),
        "line 4 has 54 columns, W with twojmax = 8 needs 55, or 56 with beta_0",
    ),
    "a shift in one line": (edit_line(4, "0.5,{}".format), "line 4 has 56 columns, line 2 has 55"),
    "NaN": (edit_line(3, lambda line: "nan," + line.split(",", 1)[1]), "line 3 .* not finite"),
    "a word": (edit_line(5, lambda line: "x," + line.split(",", 1)[1]), "line 5 .* no number"),
    "binary": (lambda path: path.write_bytes(b"\xff\x00"), "neither a text file"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables(ensemble, name):
    edit, message = BAD_TABLES[name]
    edit(ensemble[2])
    with pytest.raises(InputError, match=message) as raised:
        posterior_from_ensemble(*ensemble)
    assert "samples.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_bad_npy(tungsten_files, tmp_path):
    path = tmp_path / "samples.npy"
    np.save(path, np.zeros(55))
    with pytest.raises(InputError, match="two dimensions"):
        posterior_from_ensemble(*tungsten_files, path)
    np.save(path, np.full((3, 55), np.nan))
    with pytest.raises(InputError, match="row 1 .* not finite"):
        posterior_from_ensemble(*tungsten_files, path)
    np.save(path, np.zeros((0, 55)))
    with pytest.raises(InputError, match="no rows"):
        posterior_from_ensemble(*tungsten_files, path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="not a complete"):
        posterior_from_ensemble(*tungsten_files, path)


def test_nothing_is_unpickled(tungsten_files, tmp_path):
    path = tmp_path / "samples.npy"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="not a complete"):
        posterior_from_ensemble(*tungsten_files, path)
    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="not a complete"):
        posterior_from_ensemble(*tungsten_files, path)


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
        assert one.reference == REFERENCE
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
        "neither draws .* nor a hypercube",
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
    assert potential.reference == REFERENCE
    near = np.linspace(3.15, 3.21, 9)
    with DescriptorCalculator(potential.hyperparameters, potential.reference) as calculator:
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
