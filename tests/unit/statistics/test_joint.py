"""Joint uncertainty: derivatives of all quantities against relaxations, and what follows."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff import InputError, implicit_derivative, relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.figures import joint as joint_figures
from relaxdiff.figures.joint import _parameter_labels
from relaxdiff.figures.style import save_figure
from relaxdiff.files.datasets import write_dataset
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.quantities.crystal import CUBIC_UNITS
from relaxdiff.quantities.formation import FORMATION_UNITS, quantity_derivatives, values_at_mean
from relaxdiff.statistics.joint import joint_posterior, joint_table, principal_directions
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal

# Held and surface_110 have cells that do not relax, and no formation volume.
SETTINGS = {
    "vacancy": {"kind": "vacancy", "supercell": 2, "cell": "isotropic"},
    "held": {"kind": "vacancy", "supercell": 2, "cell": "fixed"},
    "surface_110": {
        "kind": "surface",
        "plane": [1, 1, 0],
        "layers": 6,
        "vacuum": 10.0,
        "cell": "in_plane_fixed",
    },
    "fault": {
        "kind": "gamma_surface",
        "plane": [1, 1, 0],
        "layers": 6,
        "displacement": [0.25, 0.25],
        "cell": "in_plane_fixed",
    },
}
QUANTITIES = [
    *CUBIC_UNITS,
    "vacancy_formation_energy",
    "vacancy_formation_volume",
    "held_formation_energy",
    "surface_110_formation_energy",
    "fault_formation_energy",
    "fault_formation_volume",
]
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
        attrs={"element": " ".join(potential.hyperparameters.elements)},
    )


def bulk_for(potential, posterior):
    return bulk_of_variants(potential, posterior, LAMBDAS, starting_crystal("W", "bcc"), 2)


def relaxed_tungsten(potential):
    cell = PerfectCrystal("W", "bcc", 3.17).conventional()
    edge = relax(cell, potential, tolerance=1e-10).atoms.cell.lengths()[0]
    return PerfectCrystal("W", "bcc", edge)


@pytest.fixture(scope="module")
def references(tungsten):
    """The relaxed structures of SETTINGS, a dict of Minimum."""
    crystal, found = relaxed_tungsten(tungsten), {}
    for name, settings in SETTINGS.items():
        atoms = build_structure(settings | {"name": name}, crystal)
        found[name] = relax(
            atoms,
            tungsten,
            settings["cell"],
            tolerance=1e-9,
            normal_only=settings["kind"] == "gamma_surface",
        )
    return found


@pytest.fixture(scope="module")
def derivatives(references):
    return {name: implicit_derivative(reference) for name, reference in references.items()}


def structures_of(potential, posterior, bulk, derivatives):
    """What `joint_posterior` asks for but the predictions, for each structure."""
    return {
        name: {
            "crystal": crystal_of_variants(
                potential, posterior, bulk, strain_basis_of(SETTINGS[name], "bcc")
            ),
            "derivative": derivative,
        }
        for name, derivative in derivatives.items()
    }


@pytest.fixture(scope="module")
def one_by_one(tungsten, derivatives):
    """Posterior, bulk and structures; each sample changes one beta by STEP, beta_0 by 0.01 eV."""
    theta = tungsten.theta * (1 + STEP * np.eye(tungsten.theta.size))
    posterior = posterior_of(tungsten, theta, np.full(len(theta), 0.01))
    bulk = bulk_for(tungsten, posterior)
    return posterior, bulk, structures_of(tungsten, posterior, bulk, derivatives)


@pytest.fixture(scope="module")
def study(tungsten, derivatives):
    """Samples near the mean, beta_0 among what varies, and the truth: newton and a little more."""
    random = np.random.default_rng(5)
    theta = tungsten.theta * (1 + 1e-3 * random.normal(size=(N_SAMPLES, tungsten.theta.size)))
    posterior = posterior_of(tungsten, theta, 0.1 * random.normal(size=N_SAMPLES))
    bulk = bulk_for(tungsten, posterior)
    structures = structures_of(tungsten, posterior, bulk, derivatives)
    for given in structures.values():
        predictions = predict_variants(posterior, given["crystal"], given["derivative"])
        truth = predictions[list(FORMATION_UNITS)].sel(level="newton", drop=True)
        truth["formation_energy"] = truth["formation_energy"] + 0.01
        truth["status"] = xr.full_like(truth["formation_energy"], "converged", dtype="<U22")
        given |= {"predictions": predictions, "truth": truth}
    return {"posterior": posterior, "bulk": bulk, "structures": structures}


def changed(study, name, **datasets):
    """The study with some Datasets of one structure exchanged, left out where None."""
    given = study["structures"][name] | datasets
    given = {kind: each for kind, each in given.items() if each is not None}
    return study | {"structures": study["structures"] | {name: given}}


def without_truth(study):
    for name in study["structures"]:
        study = changed(study, name, truth=None)
    return study


@pytest.fixture(scope="module")
def joint(study):
    return joint_posterior(**study)


def test_crystal_derivatives_match_relaxed_crystals(one_by_one, tungsten):
    """Every parameter alone; the minima of the varied crystals are followed, not predicted."""
    _, bulk, _ = one_by_one
    found = quantity_derivatives(*one_by_one)[:5, 1:]
    b, tetragonal, c44 = (
        bulk[name] for name in ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
    )
    energy = bulk["energy"] - 0.01 * bulk["lambda"]
    quantities = {
        "lattice_parameter": bulk["lattice_parameter"],
        "cohesive_energy": -energy,
        "c11": b + 4 / 3 * tetragonal,
        "c12": b - 2 / 3 * tetragonal,
        "c44": c44,
    }
    assert list(quantities) == list(CUBIC_UNITS)
    for row, varied in zip(found, quantities.values(), strict=True):
        ahead, behind = varied.sel({"lambda": 1.0}).values, varied.sel({"lambda": -1.0}).values
        expected = (ahead - behind) / 2
        assert np.abs(expected).max() > 0
        # Per relative change, in which parameters of all sizes count alike.
        assert row * STEP * tungsten.theta == pytest.approx(
            expected, rel=1e-4, abs=1e-4 * np.abs(expected).max()
        )


def test_beta_0_moves_nothing_but_the_cohesive_energy(one_by_one):
    _, bulk, _ = one_by_one
    by_shift = quantity_derivatives(*one_by_one)[:, 0]
    expected = dict.fromkeys(QUANTITIES, 0) | {"cohesive_energy": -1}
    assert dict(zip(QUANTITIES, by_shift, strict=True)) == expected
    # The same sign in the values: mean of the shifted samples minus the mean's.
    energy = bulk["energy"].sel({"lambda": 0.0})[0]
    assert values_at_mean(*one_by_one)[1] == pytest.approx(-float(energy), abs=1e-12)
    assert values_at_mean(*one_by_one)[1] > 8  # eV: tungsten is bound


@pytest.mark.parametrize("name", SETTINGS)
def test_derivatives_of_structures_match_relaxed_cells(one_by_one, references, name, tungsten):
    posterior, bulk, structures = one_by_one
    found = quantity_derivatives(posterior, bulk, {name: structures[name]})[5:, 1:]
    assert len(found) == (2 if name in ("vacancy", "fault") else 1)
    for seed in range(2):
        way = 3e-5 * tungsten.theta * np.random.default_rng(seed).normal(size=tungsten.theta.size)
        ahead, behind = (
            formation_after(references[name], name, tungsten, sign * way) for sign in (1, -1)
        )
        expected = (ahead - behind) / 2
        assert np.abs(expected[0]) > 1e-6  # far more than relaxations leave
        assert found @ way == pytest.approx(expected[: len(found)], rel=2e-4)


def formation_after(reference, name, potential, change):
    """E_f (eV) and V_f (Angstrom^3), cell and crystal relaxed after a change of parameters.

    From the mean's relaxed structure and crystal, as far as the structure's cell relaxes.
    """
    settings, varied = SETTINGS[name], potential.with_theta(potential.theta + change, 0.7)
    flat = settings["kind"] == "gamma_surface"
    cell = relax(reference.atoms, varied, settings["cell"], tolerance=1e-10, normal_only=flat)
    mean = relaxed_tungsten(potential)
    perfect = mean.conventional()
    if settings["cell"] == "in_plane_fixed":
        unfaulted = {
            "kind": "gamma_surface",
            "layers": 2,
            "displacement": [0, 0],
            "name": "perfect",
        }
        perfect = build_structure(settings | unfaulted, mean)
    crystal = relax(perfect, varied, settings["cell"], tolerance=1e-10)
    assert cell.converged
    assert crystal.converged
    ratio = len(cell.atoms) / len(crystal.atoms)
    return np.array(
        [
            cell.energy - ratio * crystal.energy,
            cell.atoms.get_volume() - ratio * crystal.atoms.get_volume(),
        ]
    )


def test_values_at_the_mean_are_the_predictions_at_zero(study, joint):
    formation = []
    for name, given in study["structures"].items():
        here = given["predictions"].sel({"level": "newton", "lambda": 0.0, "sample": 0})
        formation += [
            float(here[each]) for each in FORMATION_UNITS if f"{name}_{each}" in QUANTITIES
        ]
    assert joint["value_at_mean"].values[5:] == pytest.approx(np.array(formation), abs=1e-10)
    edge = float(study["bulk"]["reference_lattice_parameter"])
    assert float(joint["value_at_mean"][0]) == pytest.approx(edge, abs=1e-12)


def test_linear_values_are_those_of_small_deviations(joint):
    """Samples near the mean: spread and correlation of all quantities to first order."""
    assert list(joint["source"].values) == ["linear", "predicted", "truth"]
    assert joint.attrs["best_level"] == "newton"
    linear, predicted = joint["correlation"].values[:2]
    assert linear == pytest.approx(predicted, abs=0.02)
    assert np.diag(predicted) == pytest.approx(1)
    spread = joint["value"].std("sample").values
    assert spread[0] == pytest.approx(spread[1], rel=0.02)


def test_truth_has_its_own_values(joint):
    apart = (joint["value"].sel(source="truth") - joint["value"].sel(source="predicted")).values
    expected = np.zeros((len(QUANTITIES), N_SAMPLES))
    expected[[name.endswith("formation_energy") for name in QUANTITIES]] = 0.01
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
    assert list(table.index) == QUANTITIES
    assert (table["samples"] == N_SAMPLES).all()
    assert (table["left_out"] == 0).all()
    row = table.loc["held_formation_energy"]
    shares = joint["variance_share"].sel(quantity="held_formation_energy")
    assert row["share_1"] == float(shares.max())
    assert row["direction_1"] == int(shares.idxmax("direction"))
    assert row["share_1"] >= row["share_2"] >= row["share_3"]
    assert row["true_mean"] - row["mean"] == pytest.approx(0.01)
    assert row["standard_deviation_linear"] == pytest.approx(row["standard_deviation"], rel=0.02)


def test_only_samples_with_all_quantities_count(study):
    truth = study["structures"]["held"]["truth"].copy(deep=True)
    truth["status"][4, 2] = "not_converged"
    some = joint_posterior(**changed(study, "held", truth=truth))
    assert list(some["sample"].values) == [*range(4), *range(5, N_SAMPLES)]
    table = joint_table(some).set_index("quantity")
    assert (table["samples"] == N_SAMPLES - 1).all()
    assert table["left_out"].to_dict() == dict.fromkeys(QUANTITIES, 0) | {
        "held_formation_energy": 1
    }
    truth["status"][1:] = "not_converged"
    with pytest.raises(InputError, match="fewer than two samples .* lost by held, 59 of 60"):
        joint_posterior(**changed(study, "held", truth=truth))


def test_truth_is_that_of_all_structures_or_none(study):
    for less in (without_truth(study), changed(study, "fault", truth=None)):
        found = joint_posterior(**less)
        assert list(found["source"].values) == ["linear", "predicted"]
        assert "true_mean" not in joint_table(found)


def test_evaluations_are_what_is_predicted(study, joint):
    given = study["structures"]["vacancy"]["predictions"]
    evaluations = given.sel(level=["newton"]).assign_coords(level=["newton@x"])
    evaluations["formation_energy"] = evaluations["formation_energy"] + 0.5
    found = joint_posterior(**changed(study, "vacancy", evaluations=evaluations))
    assert found.attrs["best_level"] == "newton@x, newton"
    more = (found["value"] - joint["value"]).sel(source="predicted")
    assert more.sel(quantity="vacancy_formation_energy").values == pytest.approx(0.5)
    others = more.drop_sel(quantity="vacancy_formation_energy")
    assert np.abs(others).max() == 0


def test_a_joint_file_can_be_written(joint, tmp_path):
    write_dataset(joint, tmp_path / "joint.nc", {})
    read = xr.load_dataset(tmp_path / "joint.nc")
    assert read["sensitivity"].dims == ("quantity", "parameter")
    assert list(read["quantity"].values) == QUANTITIES
    assert list(read["structure"].values[:6]) == [""] * 5 + ["vacancy"]
    assert read["unit"].sel(quantity="fault_formation_volume") == "Angstrom^3"


def test_heat_map_is_in_standard_deviations_of_the_quantity(joint):
    axis, bar = joint_figures.sensitivities(joint).axes
    (mesh,) = axis.collections
    shown = np.asarray(mesh.get_array()).reshape(len(QUANTITIES), -1)
    spread = joint["value"].sel(source="predicted").std("sample", ddof=1).values
    assert shown == pytest.approx(joint["sensitivity"].values / spread[:, None])
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert np.abs(shown).max() <= mesh.norm.vmax
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[:5] == [joint_figures.SYMBOLS[name] for name in CUBIC_UNITS]
    assert labels[-2:] == [r"fault $E_\mathrm{f}$", r"fault $V_\mathrm{f}$"]
    assert bar.get_ylabel()


def test_corner_plot_shows_every_pair_twice_and_the_correlations(joint):
    figure = joint_figures.joint_posterior(joint)
    size = len(QUANTITIES)
    axes = np.array(figure.axes).reshape(size, size)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["predicted (newton)", "truth"]
    for row, column in np.ndindex(size, size):
        dots = [drawn.get_offsets() for drawn in axes[row, column].collections]
        written = [text.get_text() for text in axes[row, column].texts]
        assert len(dots) == (2 if row > column else 0)
        assert len(written) == (1 if row < column else 0)
    true = joint["value"].sel(source="truth").values
    np.testing.assert_allclose(axes[6, 5].collections[1].get_offsets(), true[5:7].T)
    assert axes[6, 0].get_ylabel() == "vacancy\n$V_\\mathrm{f}$ ($\\mathrm{\\AA}^3$)"
    expected = joint["correlation"].values[1:, 5, 6]
    assert axes[5, 6].texts[0].get_text() == f"{expected[0]:+.2f}\n({expected[1]:+.2f})"
    assert sum(bar.get_height() for bar in bars_of(axes[5, 5])) == N_SAMPLES


def test_corner_plot_of_many_quantities_shows_formation_energies(joint, monkeypatch):
    monkeypatch.setattr(joint_figures, "MOST", 10)
    figure = joint_figures.joint_posterior(joint)
    assert len(figure.axes) == 4 * 4
    title = figure.legends[0].get_title().get_text()
    assert title == "formation energies alone, of 11 quantities in the table"
    names = [axis.get_xlabel().split("\n")[0] for axis in figure.axes[-4:]]
    assert names == list(SETTINGS)


def test_a_single_structure_needs_no_name(study):
    one = study | {"structures": {"vacancy": study["structures"]["vacancy"]}}
    axis, _ = joint_figures.sensitivities(joint_posterior(**one)).axes
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == [joint_figures.SYMBOLS[name] for name in (*CUBIC_UNITS, *FORMATION_UNITS)]


def bars_of(axis):
    return [patch for patch in axis.patches if hasattr(patch, "get_height")]


@pytest.mark.filterwarnings("error")
def test_two_samples_and_no_truth_draw(study, tmp_path):
    few = {name: study[name].isel(sample=[0, 1]) for name in ("posterior", "bulk")}
    structures = {
        name: given | {"predictions": given["predictions"].isel(sample=[0, 1])}
        for name, given in without_truth(study)["structures"].items()
    }
    joint = joint_posterior(**few, structures=structures)
    for draw in (joint_figures.sensitivities, joint_figures.joint_posterior):
        save_figure(draw(joint), tmp_path / f"{draw.__name__}.png", dpi=50)


def test_some_parameters_are_named_below_the_heat_map():
    one = _parameter_labels([f"beta_{i}" for i in range(56)])
    assert list(one) == list(range(0, 56, 5))
    assert one[5] == r"$\beta_{5}$"
    names = [f"{element}_beta_{i}" for element in ("W", "Be") for i in range(1, 56)]
    two = _parameter_labels(["W_beta_0", "Be_beta_0", *names])
    assert {place: label for place, label in two.items() if label.endswith("10}$\nBe")} == {
        66: "$\\beta_{10}$\nBe"
    }
    assert 0 not in two
    assert len(two) <= 14
