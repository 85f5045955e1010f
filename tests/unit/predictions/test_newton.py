"""Newton's level against numpy on force constants, its limit, and the estimates of errors."""

import numpy as np
import pytest
from small_study import LAMBDAS

from relaxdiff import relax
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import deviations, variant_weights
from relaxdiff.predictions.newton import LEAST_COUNTED, LEAST_CURVATURE, NewtonModel
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
