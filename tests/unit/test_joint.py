"""Joint uncertainty: derivatives of all quantities against relaxations, and what follows."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff import InputError, implicit_derivative, joint_figures, relax
from relaxdiff.bulk import bulk_of_variants
from relaxdiff.datasets import write_dataset
from relaxdiff.figure_style import save_figure
from relaxdiff.formation import predict_variants
from relaxdiff.joint import (
    UNITS,
    joint_posterior,
    joint_table,
    principal_directions,
    quantity_derivatives,
    values_at_mean,
)
from relaxdiff.structures import bulk_cell, vacancy_cell

CRYSTAL = list(UNITS)[:5]
STEP = 1e-3  # of a parameter, relative
LAMBDAS = np.array([-1.0, 0.0, 1.0])
N_SAMPLES = 60  # more than parameters, so that no direction is left out


def posterior_of(potential, theta, shifts):
    """A posterior Dataset with the potential as its mean."""
    names = [f"beta_{i + 1}" for i in range(potential.theta.size)]
    return xr.Dataset(
        {
            "theta_mean": ("parameter", potential.theta),
            "theta": (("sample", "parameter"), theta),
            "energy_shift_mean": ((), potential.energy_shift),
            "energy_shift": ("sample", potential.energy_shift + shifts),
        },
        coords={"parameter": names, "sample": np.arange(len(theta))},
    )


def bulk_for(potential, posterior):
    return bulk_of_variants(potential, posterior, LAMBDAS, "bcc", 2)


@pytest.fixture(scope="module")
def reference(tungsten):
    edge = relax(bulk_cell("W", 3.17), tungsten).atoms.cell.lengths()[0]
    return relax(vacancy_cell("W", edge, 2), tungsten, tolerance=1e-9)


@pytest.fixture(scope="module")
def derivative(reference):
    return implicit_derivative(reference)


@pytest.fixture(scope="module")
def one_by_one(tungsten):
    """The crystals of samples l that change beta_l alone, by STEP, and beta_0 by 0.01 eV."""
    theta = tungsten.theta * (1 + STEP * np.eye(tungsten.theta.size))
    return bulk_for(tungsten, posterior_of(tungsten, theta, np.full(len(theta), 0.01)))


@pytest.fixture(scope="module")
def study(tungsten, derivative):
    """Samples near the mean, beta_0 among what varies, and the truth: newton and a little more."""
    random = np.random.default_rng(5)
    theta = tungsten.theta * (1 + 1e-3 * random.normal(size=(N_SAMPLES, tungsten.theta.size)))
    posterior = posterior_of(tungsten, theta, 0.1 * random.normal(size=N_SAMPLES))
    bulk = bulk_for(tungsten, posterior)
    predictions = predict_variants(posterior, bulk, derivative)
    truth = predictions[["formation_energy", "formation_volume"]].sel(level="newton", drop=True)
    truth["formation_energy"] = truth["formation_energy"] + 0.01
    truth["status"] = xr.full_like(truth["formation_energy"], "converged", dtype="<U22")
    return {
        "posterior": posterior,
        "bulk": bulk,
        "derivative": derivative,
        "predictions": predictions,
        "truth": truth,
    }


@pytest.fixture(scope="module")
def joint(study):
    return joint_posterior(**study)


def test_crystal_derivatives_match_relaxed_crystals(one_by_one, derivative, tungsten):
    """Every parameter alone; the minima of the varied crystals are followed, not predicted."""
    found = quantity_derivatives(one_by_one, derivative)[:5, 1:]
    b, tetragonal, c44 = (
        one_by_one[name]
        for name in ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
    )
    energy = one_by_one["energy"] - 0.01 * one_by_one["lambda"]
    quantities = {
        "lattice_parameter": one_by_one["lattice_parameter"],
        "cohesive_energy": -energy,
        "c11": b + 4 / 3 * tetragonal,
        "c12": b - 2 / 3 * tetragonal,
        "c44": c44,
    }
    assert list(quantities) == CRYSTAL
    for row, varied in zip(found, quantities.values(), strict=True):
        ahead, behind = varied.sel({"lambda": 1.0}).values, varied.sel({"lambda": -1.0}).values
        expected = (ahead - behind) / 2
        assert np.abs(expected).max() > 0
        # Per relative change, in which parameters of all sizes count alike.
        assert row * STEP * tungsten.theta == pytest.approx(
            expected, rel=1e-4, abs=1e-4 * np.abs(expected).max()
        )


def test_beta_0_moves_nothing_but_the_cohesive_energy(one_by_one, derivative):
    by_shift = quantity_derivatives(one_by_one, derivative)[:, 0]
    assert dict(zip(UNITS, by_shift, strict=True)) == dict.fromkeys(UNITS, 0) | {
        "cohesive_energy": -1
    }
    # The same sign in the values: mean of the shifted samples minus the mean's.
    energy = one_by_one["energy"].sel({"lambda": 0.0})[0]
    assert values_at_mean(one_by_one, derivative)[1] == pytest.approx(-float(energy), abs=1e-12)
    assert values_at_mean(one_by_one, derivative)[1] > 8  # eV: tungsten is bound


def test_defect_derivatives_match_relaxed_cells(one_by_one, derivative, reference, tungsten):
    found = quantity_derivatives(one_by_one, derivative)[5:, 1:]
    for seed in range(2):
        way = 3e-5 * tungsten.theta * np.random.default_rng(seed).normal(size=tungsten.theta.size)
        ahead, behind = (formation_after(reference, tungsten, sign * way) for sign in (1, -1))
        assert found @ way == pytest.approx((ahead - behind) / 2, rel=2e-4)


def formation_after(reference, potential, change):
    """E_f (eV) and V_f (Angstrom^3), cell and crystal relaxed after a change of parameters."""
    varied = potential.with_theta(potential.theta + change, 0.7)
    cell = relax(reference.atoms, varied, tolerance=1e-10)
    crystal = relax(bulk_cell("W", 3.17), varied, tolerance=1e-10)
    ratio = len(cell.atoms) / len(crystal.atoms)
    return np.array(
        [
            cell.energy - ratio * crystal.energy,
            cell.atoms.get_volume() - ratio * crystal.atoms.get_volume(),
        ]
    )


def test_values_at_the_mean_are_the_predictions_at_zero(study, joint):
    at_zero = study["predictions"].sel({"level": "newton", "lambda": 0.0, "sample": 0})
    formation = at_zero[["formation_energy", "formation_volume"]].to_array().values
    assert joint["value_at_mean"].values[5:] == pytest.approx(formation, abs=1e-10)
    edge = float(study["bulk"]["reference_lattice_parameter"])
    assert float(joint["value_at_mean"][0]) == pytest.approx(edge, abs=1e-12)


def test_linear_values_are_those_of_small_deviations(joint):
    """Samples near the mean: spread and correlation of all quantities to first order."""
    assert list(joint["source"].values) == ["linear", "newton", "truth"]
    linear, predicted = joint["correlation"].values[:2]
    assert linear == pytest.approx(predicted, abs=0.02)
    assert np.diag(predicted) == pytest.approx(1)
    spread = joint["value"].std("sample").values
    assert spread[0] == pytest.approx(spread[1], rel=0.02)


def test_truth_has_its_own_values(joint):
    apart = (joint["value"].sel(source="truth") - joint["value"].sel(source="newton")).values
    expected = np.zeros((7, N_SAMPLES))
    expected[5] = 0.01
    assert apart == pytest.approx(expected, abs=1e-12)


def test_shares_and_sensitivities_make_up_the_variance(joint):
    """g^T C g, with C written out, is the variance of the linear values and the sum of shares."""
    gradients = joint["derivative"].values
    posterior_covariance = np.einsum(
        "kp,k,kr->pr",
        joint["direction_vector"].values,
        joint["direction_variance"].values,
        joint["direction_vector"].values,
    )
    variance = np.einsum("qp,pr,qr->q", gradients, posterior_covariance, gradients)
    linear = joint["value"].sel(source="linear")
    assert variance == pytest.approx(linear.var("sample", ddof=1).values, rel=1e-9)
    shares = joint["variance_share"].values
    assert shares.sum(axis=1) == pytest.approx(1)
    strongest = joint["direction_vector"].values[0]
    carried = joint["direction_variance"].values[0] * (gradients @ strongest) ** 2
    assert shares[:, 0] == pytest.approx(carried / variance, rel=1e-9)
    spreads = np.sqrt(np.diag(posterior_covariance))
    assert joint["sensitivity"].values == pytest.approx(gradients * spreads)


def test_principal_directions_are_those_of_the_covariance():
    random = np.random.default_rng(1)
    delta = 3 + random.normal(size=(200, 4)) @ random.normal(size=(4, 4))
    variances, directions = principal_directions(delta)
    covariance = np.cov(delta, rowvar=False)
    assert directions @ covariance @ directions.T == pytest.approx(np.diag(variances), abs=1e-9)
    assert (np.diff(variances) < 0).all()


def test_table_names_the_directions_that_count(joint):
    table = joint_table(joint).set_index("quantity")
    assert list(table.index) == list(UNITS)
    row = table.loc["formation_energy"]
    shares = joint["variance_share"].sel(quantity="formation_energy")
    assert row["share_1"] == float(shares.max())
    assert row["direction_1"] == int(shares.idxmax("direction"))
    assert row["share_1"] >= row["share_2"] >= row["share_3"]
    assert row["true_mean"] - row["mean"] == pytest.approx(0.01)
    assert row["standard_deviation_linear"] == pytest.approx(row["standard_deviation"], rel=0.02)


def test_only_samples_with_all_quantities_count(study):
    changed = study | {"truth": study["truth"].copy(deep=True)}
    changed["truth"]["status"][4, 2] = "not_converged"
    assert 4 not in joint_posterior(**changed)["sample"]
    without = joint_posterior(**{name: study[name] for name in study if name != "truth"})
    assert list(without["source"].values) == ["linear", "newton"]
    assert "true_mean" not in joint_table(without)
    changed["truth"]["status"][1:] = "not_converged"
    with pytest.raises(InputError, match="fewer than two samples"):
        joint_posterior(**changed)


def test_a_joint_file_can_be_written(joint, tmp_path):
    write_dataset(joint, tmp_path / "joint.nc", {})
    read = xr.load_dataset(tmp_path / "joint.nc")
    assert read["sensitivity"].dims == ("quantity", "parameter")
    assert list(read["unit"].values) == list(UNITS.values())


def test_heat_map_is_in_standard_deviations_of_the_quantity(joint):
    axis, bar = joint_figures.sensitivities(joint).axes
    (mesh,) = axis.collections
    shown = np.asarray(mesh.get_array()).reshape(7, -1)
    spread = joint["value"].sel(source="newton").std("sample", ddof=1).values
    assert shown == pytest.approx(joint["sensitivity"].values / spread[:, None])
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert np.abs(shown).max() <= mesh.norm.vmax
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == list(joint_figures.SYMBOLS.values())
    assert bar.get_ylabel()


def test_corner_plot_shows_every_pair_twice_and_the_correlations(joint):
    figure = joint_figures.joint_posterior(joint)
    axes = np.array(figure.axes).reshape(7, 7)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["predicted (newton)", "truth"]
    for row, column in np.ndindex(7, 7):
        dots = [drawn.get_offsets() for drawn in axes[row, column].collections]
        written = [text.get_text() for text in axes[row, column].texts]
        assert len(dots) == (2 if row > column else 0)
        assert len(written) == (1 if row < column else 0)
    true = joint["value"].sel(source="truth").values
    np.testing.assert_allclose(axes[6, 5].collections[1].get_offsets(), true[5:].T)
    expected = joint["correlation"].values[1:, 5, 6]
    assert axes[5, 6].texts[0].get_text() == f"{expected[0]:+.2f}\n({expected[1]:+.2f})"
    assert sum(bar.get_height() for bar in bars_of(axes[5, 5])) == N_SAMPLES


def bars_of(axis):
    return [patch for patch in axis.patches if hasattr(patch, "get_height")]


@pytest.mark.filterwarnings("error")
def test_two_samples_and_no_truth_draw(study, tmp_path):
    few = {name: study[name].isel(sample=[0, 1]) for name in ("posterior", "bulk", "predictions")}
    joint = joint_posterior(**few, derivative=study["derivative"])
    for draw in (joint_figures.sensitivities, joint_figures.joint_posterior):
        save_figure(draw(joint), tmp_path / f"{draw.__name__}.png", dpi=50)
