"""Evaluated predictions: their orders, LAMMPS's own energies, and what they say of their errors."""

import numpy as np
import pytest
from quartic_model import QuarticModel, slope

from relaxdiff import implicit_derivative, relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.derivative.levels import level_derivatives
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.posterior.variants import deviations, lambda_grid
from relaxdiff.potentials.snap.potential import write_snap
from relaxdiff.predictions.evaluated import evaluate, evaluate_predictions, join_evaluations
from relaxdiff.predictions.newton import NewtonModel, newton_of_defect
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.structures.kinds import build_structure, bulk_cell
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal

LAMBDAS = lambda_grid(-3, 3, 1)


class QuarticEvaluator:
    """The analytic model, evaluated at displacements from its reference minimum."""

    def __init__(self):
        self.model = QuarticModel()
        self.origin = self.model.minimum(self.model.theta)
        self.coordinates = self
        self.scale = np.ones(2)

    def gradient(self, q, theta):
        return self.model.gradient(self.origin + q) @ theta

    def energy(self, q, theta):
        return float(self.model.descriptors(self.origin + q) @ theta)

    def newton_model(self):
        each = [self.model.hessian(self.origin, unit) for unit in np.eye(4)]
        hessian = self.model.hessian(self.origin, self.model.theta)
        columns = self.model.gradient(self.origin)
        derivatives = level_derivatives(hessian, columns, strains=1)[-1]
        return NewtonModel(hessian, np.moveaxis(each, 0, -1), derivatives)


DIRECTION = np.array([0.3, -0.5, 0.4, 0.6])


def true_minima(evaluator, sizes):
    """Energies (size,) and coordinates (size, 2) of the analytic model's minima."""
    model = evaluator.model
    thetas = model.theta + sizes[:, None] * DIRECTION
    minima = np.array([model.minimum(theta) for theta in thetas])
    values = [theta @ model.descriptors(q) for theta, q in zip(thetas, minima, strict=True)]
    return np.array(values), minima - evaluator.origin


def test_newton_is_of_third_order_in_energy_and_of_second_in_structure():
    evaluator, sizes = QuarticEvaluator(), np.array([0.002, 0.004, 0.008])
    model, theta = evaluator.newton_model(), evaluator.model.theta
    true, places = true_minima(evaluator, sizes)
    q, *_, limited = model.steps(DIRECTION, sizes)
    assert not limited.any()
    start = evaluator.model.descriptors(evaluator.origin)
    gradients = sizes[:, None] * model.gradient(DIRECTION)
    energy = theta @ start + sizes * (DIRECTION @ start) + 0.5 * (gradients * q).sum(axis=1)
    assert slope(sizes, energy - true) == pytest.approx(3, abs=0.15)
    assert slope(sizes, np.linalg.norm(q - places, axis=1)) == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("level", ["h+ih", "newton"])
def test_orders_of_evaluated_levels_on_the_analytic_model(level):
    evaluator, sizes = QuarticEvaluator(), np.array([0.02, 0.04, 0.08])
    model, theta = evaluator.newton_model(), evaluator.model.theta
    true, places = true_minima(evaluator, sizes)
    newton, *_ = model.steps(DIRECTION, sizes)
    steps = newton if level == "newton" else np.outer(sizes, model.derivatives @ DIRECTION)
    found = [
        evaluate(evaluator, model, theta, size * DIRECTION, step)
        for size, step in zip(sizes, steps, strict=True)
    ]
    energy = np.array([each.energy for each in found])
    gain = np.array([each.gain for each in found])
    moved = np.array([each.q for each in found])
    assert slope(sizes, energy - true) == pytest.approx(4, abs=0.2)
    assert slope(sizes, energy - gain - true) == pytest.approx(5, abs=0.3)
    assert slope(sizes, np.linalg.norm(moved - places, axis=1)) == pytest.approx(3, abs=0.3)
    np.testing.assert_allclose(gain, energy - true, rtol=0.1)


@pytest.fixture(scope="module")
def study(small_study):
    """Crystal, reference, derivative and evaluations of a 15-atom cell."""
    known = small_study.crystal, small_study.minimum, small_study.derivative
    return *known, small_study.evaluations


def lammps_energy(atoms, potential, folder):
    write_snap(potential, folder / "variant")
    commands = [f"include {folder}/variant.snap", "thermo_modify norm no"]
    with LammpsSession(["W"], commands) as session:
        session.place(atoms)
        session.command("run 0 post no")
        return session.instance.get_thermo("pe")


def test_energies_are_lammps_own_at_the_predicted_structures(
    study, posterior, tungsten, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    perfect, minimum, derivative, evaluations = study
    model, edge = newton_of_defect(derivative), perfect.attrs["lattice_parameter"]
    delta, shift = deviations(posterior)
    for sample, stretch in ((0, 2.0), (1, -2.0)):
        change = stretch * delta[sample]
        steps = {
            "h+ih@x": model.derivatives @ change,
            "newton@x": model.steps(delta[sample], np.array([stretch]))[0][0],
        }
        potential = tungsten.with_theta(
            tungsten.theta + change, tungsten.energy_shift + stretch * shift[sample]
        )
        for level, q in steps.items():
            expected = lammps_energy(minimum.coordinates.structure(q), potential, tmp_path)
            here = evaluations.sel({"level": level, "sample": sample, "lambda": stretch})
            assert float(here["evaluated_energy"]) == pytest.approx(expected, abs=1e-8)
            # And the crystal's at its own predicted strain.
            first, second = (float(x) for x in _crystal(perfect, change))
            strain = first / (second if level == "newton@x" else float(_crystal(perfect, 0)[1]))
            crystal = lammps_energy(bulk_cell("W", edge * (1 - strain)), potential, tmp_path) / 2
            wanted = expected - 15 * crystal
            assert float(here["evaluated_formation_energy"]) == pytest.approx(wanted, abs=1e-7)


def _crystal(crystal, change):
    """First and second derivative of the crystal's energy by strain at the reference."""
    slope_, curvature = (
        crystal["strain_gradient"].values[0],
        crystal["strain_curvatures"].values[0, 0],
    )
    change = np.zeros(len(slope_)) + change
    return slope_ @ change, crystal["strain_curvature"].item() + curvature @ change


def test_estimates_are_the_true_gain(study, posterior, tungsten):
    _, minimum, _, evaluations = study
    delta, _ = deviations(posterior)
    coordinates = minimum.coordinates
    for sample, stretch in ((0, 2.0), (1, -2.0)):
        variant = tungsten.with_theta(tungsten.theta + stretch * delta[sample])
        relaxed = relax(minimum.atoms, variant, tolerance=1e-10)
        for level in ("h+ih@x", "newton@x"):
            here = evaluations.sel({"level": level, "sample": sample, "lambda": stretch})
            gain = float(here["evaluated_energy"] - here["energy"])
            true = _without_shift(here, posterior, sample, stretch) - (
                relaxed.energy - 15 * variant.energy_shift
            )
            assert gain == pytest.approx(true, rel=0.1)
            q = here["coordinates"].values
            left = coordinates.distance(q, coordinates.locate(relaxed.atoms))
            assert left < 0.5 * float(here["displacement_estimate"])


def _without_shift(here, posterior, sample, stretch):
    _, shift = deviations(posterior)
    own = float(posterior["energy_shift_mean"]) + stretch * shift[sample]
    return float(here["evaluated_energy"]) - 15 * own.item()


def test_chunks_join_to_the_whole(study, posterior):
    crystal, minimum, derivative, evaluations = study
    parts = [
        evaluate_predictions(minimum, posterior, crystal, derivative, samples, lambda _: None)
        for samples in ([0, 1], [2])
    ]
    joined = join_evaluations(parts)
    assert joined.sizes == evaluations.sizes
    for name in evaluations:
        np.testing.assert_allclose(joined[name], evaluations[name], rtol=1e-11, atol=1e-13)
        assert {"units", "long_name"} <= set(evaluations[name].attrs)
    stable = (crystal["status"] == "stable").values
    assert np.array_equal(np.isfinite(evaluations["formation_energy"].values[0]), stable)
    assert evaluations["evaluations"].sum() == 2 * stable.sum()


FAULT = {"name": "fault", "kind": "gamma_surface", "plane": [1, 1, 0], "layers": 6}
OTHER_CELLS = {
    "fixed": {"name": "held", "kind": "vacancy", "supercell": 2, "cell": "fixed"},
    "in_plane_fixed": FAULT | {"displacement": [0.25, 0.25], "cell": "in_plane_fixed"},
}


@pytest.mark.parametrize("cell", OTHER_CELLS)
def test_evaluations_in_other_cells_come_near_real_relaxations(cell, tungsten, posterior):
    """Structure and crystal relaxed as far as the cell does, from the mean's."""
    settings = OTHER_CELLS[cell]
    bulk = bulk_of_variants(tungsten, posterior, LAMBDAS, starting_crystal("W", "bcc"), 2)
    edge, flat = float(bulk["reference_lattice_parameter"]), settings["kind"] == "gamma_surface"
    atoms = build_structure(settings, PerfectCrystal("W", "bcc", edge))
    minimum = relax(atoms, tungsten, cell, tolerance=1e-9, normal_only=flat)
    crystal = crystal_of_variants(tungsten, posterior, bulk, strain_basis_of(settings, "bcc"))
    derivative = implicit_derivative(minimum)
    predictions = predict_variants(posterior, crystal, derivative)
    evaluations = evaluate_predictions(minimum, posterior, crystal, derivative, [0], lambda _: None)
    here = {"sample": 0, "lambda": 1.0}
    variant = tungsten.with_theta(posterior["theta"].values[0], energy_shift=0.0)
    relaxed = relax(minimum.atoms, variant, cell, tolerance=1e-9, normal_only=flat)
    perfect = bulk_cell("W", edge)
    if flat:
        unfaulted = FAULT | {"layers": 2, "displacement": [0, 0]}
        perfect = build_structure(unfaulted, PerfectCrystal("W", "bcc", edge))
    perfect = relax(perfect, variant, cell, tolerance=1e-9)
    ratio = len(atoms) / len(perfect.atoms)
    energy = relaxed.energy - ratio * perfect.energy
    volume = relaxed.atoms.get_volume() - ratio * perfect.atoms.get_volume()
    levels = {**dict.fromkeys(("c", "h+ih"), predictions), "newton@x": evaluations}
    errors = [
        abs(float(found["formation_energy"].sel(here | {"level": level})) - energy)
        for level, found in levels.items()
    ]
    assert errors[2] < 0.1 * errors[1] < 0.1 * errors[0]
    found = evaluations["formation_volume"].sel(here | {"level": "newton@x"})
    assert float(found) == pytest.approx(volume, abs=1e-9 if cell == "fixed" else 2e-3)
