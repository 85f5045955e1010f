"""Orders of the expansions: log-log slopes of errors, on an analytic model and on tungsten."""

import numpy as np
import pytest
from quartic_model import QuarticModel, slope
from scipy.optimize import newton

from relaxdiff import relax
from relaxdiff.derivative.expansion import Expansion, expansion_of_defect, predicted_structure
from relaxdiff.derivative.levels import DERIVATIVE_LEVELS, level_derivatives

# Order of the error in the size of the perturbation, for an energy linear in its parameters.
ENERGY_ORDER = {"c": 2, "h": 2, "ih": 2, "h+ih": 3}


def test_orders_on_the_analytic_model():
    model = QuarticModel()
    q0 = model.minimum(model.theta)
    columns = model.gradient(q0)
    derivatives = level_derivatives(model.hessian(q0, model.theta), columns, 1)
    expansion = Expansion(
        energy=model.theta @ model.descriptors(q0),
        volume=1.0,
        descriptors=model.descriptors(q0),
        curvature=np.einsum("np,lnr->lpr", columns, derivatives),
        strain_derivative=derivatives[:, -1:].swapaxes(1, 2),
        strain_basis=np.eye(3)[None],
    )
    direction = np.array([0.3, -0.5, 0.4, 0.6])
    sizes = np.array([0.005, 0.01, 0.02])
    energies, volumes = expansion.predict(direction[None], sizes)
    thetas = model.theta + sizes[:, None] * direction
    minima = np.array([model.minimum(theta) for theta in thetas])
    true = np.array([t @ model.descriptors(q) for t, q in zip(thetas, minima, strict=True)])
    for level, order in ENERGY_ORDER.items():
        found = slope(sizes, energies[DERIVATIVE_LEVELS.index(level), 0] - true)
        assert found == pytest.approx(order, abs=0.15), level
    full = derivatives[DERIVATIVE_LEVELS.index("h+ih")]
    predicted = q0 + sizes[:, None] * (full @ direction)
    assert slope(sizes, (predicted - minima)[:, 0]) == pytest.approx(2, abs=0.15)
    assert slope(sizes, (predicted - minima)[:, 1]) == pytest.approx(2, abs=0.15)
    at_predicted = [t @ model.descriptors(q) for t, q in zip(thetas, predicted, strict=True)]
    assert slope(sizes, at_predicted - true) == pytest.approx(4, abs=0.2)
    assert volumes[0, 0] == pytest.approx(1)  # level c keeps the cell
    strained = 1 + sizes * (full[-1] @ direction)
    assert volumes[-1, 0] == pytest.approx(strained**3)


def test_orders_on_a_tungsten_cell(tungsten, small_study):
    minimum, derivative = small_study.minimum, small_study.derivative
    # A direction along which atoms move enough for second order to outweigh third at these sizes.
    delta = 2e-3 * tungsten.theta * np.random.default_rng(9).normal(size=tungsten.theta.size)
    sizes = np.array([0.04, 0.08, 0.16])
    energies, volumes = expansion_of_defect(derivative).predict(delta[None], sizes)
    true, edges, apart = [], [], []
    for size in sizes:
        variant = tungsten.with_theta(tungsten.theta + size * delta, energy_shift=0.0)
        again = relax(minimum.atoms, variant, tolerance=1e-10)
        assert again.converged
        predicted = predicted_structure(minimum.atoms, derivative, size * delta)
        true.append(again.energy)
        edges.append(again.atoms.cell.lengths()[0])
        apart.append(np.abs(predicted.get_scaled_positions() - again.atoms.get_scaled_positions()))
    for level, order in ENERGY_ORDER.items():
        errors = energies[DERIVATIVE_LEVELS.index(level), 0] - np.array(true)
        assert slope(sizes, errors) == pytest.approx(order, abs=0.15), level
    predicted_edges = volumes[DERIVATIVE_LEVELS.index("h+ih"), 0] ** (1 / 3)
    assert slope(sizes, predicted_edges - np.array(edges)) == pytest.approx(2, abs=0.3)
    assert slope(sizes, [change.max() for change in apart]) == pytest.approx(2, abs=0.3)


def test_second_order_term_carries_its_half():
    """For a quadratic energy the expansion is exact, which fixes the factor 1/2."""
    hessian, gradient = 3.0, np.array([[1.2, -0.7]])
    derivatives = level_derivatives(np.array([[hessian]]), gradient, 1)
    expansion = Expansion(
        energy=0.0,
        volume=1.0,
        descriptors=np.zeros(2),
        curvature=gradient.T @ derivatives,
        strain_derivative=derivatives.swapaxes(1, 2),
        strain_basis=np.eye(3)[None],
    )
    delta = np.array([0.4, 0.9])
    relaxed = newton(lambda q: hessian * q + gradient[0] @ delta, 0.0)
    exact = 0.5 * hessian * relaxed**2 + gradient[0] @ delta * relaxed
    energies, _ = expansion.predict(delta[None], np.array([1.0]))
    assert energies[DERIVATIVE_LEVELS.index("h+ih"), 0, 0] == pytest.approx(exact, rel=1e-9)


BASES = {
    "fixed": np.empty((0, 3, 3)),
    "isotropic": np.eye(3)[None],
    "in a plane": np.diag([0.0, 0.0, 1.0])[None],
    "two": np.stack([np.diag([1.0, 1.0, 0.0]), np.diag([0.0, 0.0, 1.0])]),
}


@pytest.mark.parametrize("basis", BASES.values(), ids=BASES)
def test_volumes_are_determinants_and_change_by_traces(basis):
    random = np.random.default_rng(4)
    slopes = random.normal(size=(2, 3, len(basis)))
    zeros = np.zeros((2, 3, 3))
    expansion = Expansion(0.0, 7.0, np.zeros(3), zeros, slopes, basis)
    strains = random.uniform(-0.1, 0.1, (4, len(basis)))
    expected = [7 * np.linalg.det(np.eye(3) + np.tensordot(e, basis, axes=1)) for e in strains]
    assert expansion.volume_at(strains) == pytest.approx(np.array(expected), rel=1e-12)
    step, delta = 1e-5, random.normal(size=(1, 3))
    _, volumes = expansion.predict(delta, np.array([-step, step]))
    expected = (volumes[-1, 0, 1] - volumes[-1, 0, 0]) / (2 * step)
    assert expansion.volume_derivative() @ delta[0] == pytest.approx(expected, abs=1e-7)
