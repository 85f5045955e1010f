"""Newton's level against numpy on force constants, its limit, and the estimates of errors."""

import numpy as np
import pytest
from small_study import LAMBDAS

from relaxdiff import implicit_derivative, relax
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import deviations, variant_weights
from relaxdiff.predictions.newton import (
    LEAST_COUNTED,
    LEAST_CURVATURE,
    AtReference,
    NewtonModel,
    newton_of_defect,
)
from relaxdiff.structures.kinds import bulk_cell


def newton_step(values, gradient, hessian):
    """Energy and coordinates at the bottom of a parabola."""
    q = -np.linalg.solve(hessian, gradient)
    return values + gradient @ q / 2, q


def test_energies_and_volumes_are_those_of_force_constants(posterior, study, predictions, tungsten):
    reference, minimum, _ = study
    tensor = force_constants(minimum)["hessian_tensor"].values
    with tungsten.evaluator(minimum.coordinates) as evaluator:
        at = np.zeros(len(tensor))
        columns, values = evaluator.columns(at), evaluator.descriptors(at)
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        edge, step = reference.attrs["lattice_parameter"], 2e-3
        points = [
            calculator.evaluate(bulk_cell("W", edge * (1 + place * step))).values / 2
            for place in (-2, -1, 0, 1, 2)
        ]
    # Five-point formulas (Fornberg, Math. Comp. 51, 699 (1988), table 1).
    here, slope = points[2], np.array([1, -8, 0, 8, -1]) @ points / (12 * step)
    curvature = np.array([-1, 16, -30, 16, -1]) @ points / (12 * step**2)
    weights = variant_weights(posterior, LAMBDAS)
    for sample, place in ((0, 2), (1, 7), (2, 5)):
        variant = weights[sample, place]
        hessian = tensor @ variant
        relative = np.linalg.eigvals(np.linalg.solve(tensor @ tungsten.weights, hessian))
        assert relative.real.min() > LEAST_CURVATURE
        energy, q = newton_step(values @ variant, columns @ variant, hessian)
        parabola = np.array([[curvature @ variant]])
        crystal, strain = newton_step(here @ variant, np.array([slope @ variant]), parabola)
        found = predictions.sel(level="newton").isel({"sample": sample, "lambda": place})
        assert float(found["formation_energy"]) == pytest.approx(energy - 15 * crystal, abs=1e-6)
        volume = minimum.atoms.get_volume() * (1 + q[-1]) ** 3
        volume -= 15 * (edge * (1 + strain[0])) ** 3 / 2
        assert float(found["formation_volume"]) == pytest.approx(volume, abs=1e-5)


def test_soft_modes_count_as_half_as_stiff():
    """One of two modes softens: 1 - 0.2 lambda of the reference's curvature."""
    hessian = np.diag([2.0, 6.0])
    model = NewtonModel(hessian, np.diag([-0.4, 0.0])[..., None], np.array([[0.1], [0.3]]))
    lambdas = np.array([1.0, 2.0, 2.4, 9.0])
    q, beyond, cancelled, withheld, limited = model.steps(np.ones(1), lambdas)
    softness = np.array([0.8, 0.6, 0.52, 0.5])
    np.testing.assert_allclose(q, np.column_stack([0.1 * lambdas / softness, 0.3 * lambdas]))
    np.testing.assert_allclose(beyond, 0.5 * 2 * (0.1 * lambdas) ** 2 * (1 - 1 / softness))
    assert not cancelled.any()
    assert limited.tolist() == [False, False, False, True]
    soft, gradient = model.hessian_of(np.array([9.0])), np.array([1.0, 1.0])
    step, held = model.response(soft, gradient)
    np.testing.assert_allclose(step, [-1.0, -1 / 6])
    # At lambda = 9 the curvature is negative; at 2.4 its limit does not act. Without the limit
    # energies would be lower: by eta with the least that is counted, less eta as it is.
    assert held == pytest.approx(0.5 / 2 * (1 / LEAST_COUNTED - 2))
    assert withheld.tolist() == pytest.approx([0, 0, 0, 0.5 * 2 * 0.9**2 * (1 / LEAST_COUNTED - 2)])


def test_modes_that_soften_and_modes_that_stiffen_cancel():
    model = NewtonModel(np.eye(2), np.diag([-0.2, 0.25])[..., None], np.array([[0.1], [0.1]]))
    _, beyond, cancelled, _, _ = model.steps(np.ones(1), np.array([1.0]))
    each = 0.5 * 0.01 * np.array([1 - 1 / 0.8, 1 - 1 / 1.25])
    assert beyond[0] == pytest.approx(each.sum())
    assert cancelled[0] == pytest.approx(np.abs(each).sum() - abs(each.sum()))


def test_newton_is_better_than_the_straight_line(posterior, study, predictions, tungsten):
    _, minimum, _ = study
    delta, _ = deviations(posterior)
    for sample, stretch in ((0, 2.0), (1, -2.0)):
        theta = tungsten.theta + stretch * delta[sample]
        variant = tungsten.with_theta(theta, energy_shift=0.0)
        relaxed = relax(minimum.atoms, variant, tolerance=1e-9)
        crystal = relax(bulk_cell("W", minimum.atoms.cell.lengths()[0] / 2), variant)
        true = relaxed.energy - 15 * crystal.energy / 2
        here = predictions.sel({"sample": sample, "lambda": stretch})
        error = np.abs(here["formation_energy"] - true)
        assert error.sel(level="newton") < 0.5 * error.sel(level="h+ih")
        assert (error <= 2 * here["error_estimate"]).all()


@pytest.fixture(scope="module")
def lennard_jones():
    """Minimum, Evaluator, NewtonModel, and a direction in parameter space.

    Energy and gradient of each variant are exact, the Hessian to first order.
    """
    pytest.importorskip("jax")  # which `make jax` adds
    from zoo import minimum_of

    minimum = minimum_of("lennard_jones", "isotropic")
    derivative = implicit_derivative(minimum)
    evaluator = minimum.potential.evaluator(minimum.coordinates)
    direction = 0.02 * np.random.default_rng(1).normal(size=6)
    model = newton_of_defect(derivative, AtReference(evaluator, minimum.potential.theta))
    return minimum, evaluator, model, direction


def test_what_is_exact_at_the_reference(lennard_jones):
    minimum, evaluator, model, direction = lennard_jones
    theta, at = minimum.potential.theta, np.zeros(minimum.coordinates.size)
    lambdas = np.array([-1.0, 0.0, 0.5])
    more, gradients = model.exact.of_line(direction, lambdas)
    slope = evaluator.parameter_gradient(at, theta) @ direction
    second = evaluator.parameter_hessian(at, theta) @ direction @ direction
    for place, stretch in enumerate(lambdas):
        there = theta + stretch * direction
        expanded = evaluator.energy(at, theta) + stretch * slope + stretch**2 / 2 * second
        assert more[place] == pytest.approx(evaluator.energy(at, there) - expanded, abs=1e-12)
        np.testing.assert_allclose(gradients[place], evaluator.gradient(at, there), atol=1e-12)
    assert more[1] == 0
    np.testing.assert_array_equal(
        model.gradient(0.5 * direction), evaluator.gradient(at, theta + 0.5 * direction)
    )
    half = AtReference(evaluator, theta, share=0.5).of_line(direction, lambdas)
    np.testing.assert_allclose(half[0], 0.5 * more, atol=1e-14)
    np.testing.assert_allclose(half[1], 0.5 * gradients, atol=1e-14)


def test_steps_are_newtons_and_their_errors_of_third_order(lennard_jones):
    """Of energies; of structures second. Beyond what h+ih has."""
    minimum, evaluator, model, direction = lennard_jones
    theta, at = minimum.potential.theta, np.zeros(minimum.coordinates.size)
    lambdas = np.array([0.02, 0.01, 0.005])
    q, beyond, _, _, limited = model.steps(direction, lambdas)
    assert not limited.any()
    slope = evaluator.parameter_gradient(at, theta) @ direction
    own = evaluator.parameter_hessian(at, theta)
    straight = model.derivatives @ direction
    curvature = direction @ own @ direction - straight @ model.hessian @ straight
    energies, structures = [], []
    for place, stretch in enumerate(lambdas):
        there = theta + stretch * direction
        hessian = model.hessian_of(stretch * direction)
        step = -np.linalg.solve(hessian, evaluator.gradient(at, there))
        np.testing.assert_allclose(q[place], step, rtol=0, atol=1e-11)
        second_order = minimum.energy + stretch * slope + stretch**2 / 2 * curvature
        end = relax(
            minimum.atoms,
            minimum.potential.with_theta(there),
            tolerance=1e-11,
            symmetry=False,
        )
        energies.append(abs(second_order + beyond[place] - end.energy))
        structures.append(np.abs(q[place, -1] - end.strain[0, 0]))
    for errors, order in ((energies, 3), (structures, 2)):
        slopes = np.log2(errors[:-1]) - np.log2(errors[1:])
        assert slopes == pytest.approx(order, abs=0.25)
