"""Every method of the evaluator against differences, its columns, its table of neighbours."""

import numpy as np
import pytest
from zoo import ALLOY, alloy_with_a_vacancy, silicon_with_an_interstitial

from relaxdiff import relax
from relaxdiff.exceptions import EvaluationError
from relaxdiff.potentials import LinearEvaluator, weights_of
from relaxdiff.potentials.analytic import AnalyticEvaluator, analytic_potential
from relaxdiff.potentials.analytic.derivatives import derivatives_of
from relaxdiff.structures import Freedom, cell_strains, coordinates_of

POTENTIAL = analytic_potential("lennard_jones", ALLOY)


def coordinates_with_strains(atoms, potential):
    """All displacements and the six strains."""
    return coordinates_of(atoms, Freedom(cell_strains("full", atoms, potential.reach)), False)


COORDINATES = coordinates_with_strains(alloy_with_a_vacancy(), POTENTIAL)
CHANCE = np.random.default_rng(6)
WAY, OTHER = CHANCE.normal(size=(2, COORDINATES.size)) / COORDINATES.scale
# Away from the reference, and with other parameters than those that columns are expanded about.
Q = 0.03 * OTHER
THETA = POTENTIAL.theta * (1 + 0.02 * CHANCE.normal(size=6))
SLOPE = CHANCE.normal(size=6)


@pytest.fixture(scope="module")
def evaluator():
    with POTENTIAL.evaluator(COORDINATES) as evaluator:
        yield evaluator


def four_points(function, step=1e-4):
    """The derivative at 0 by four points (Fornberg, Math. Comp. 51, 699 (1988), table 1)."""
    near, far = (function(n * step) - function(-n * step) for n in (1, 2))
    return (8 * near - far) / (12 * step)


def near(found, expected, bound=1e-8):
    """Whether arrays differ by less than `bound` times the largest number of the second."""
    return np.abs(found - expected).max() < bound * np.abs(expected).max()


def test_it_is_a_linear_evaluator_in_form(evaluator):
    assert isinstance(evaluator, LinearEvaluator)


def test_gradients(evaluator):
    expected = four_points(lambda step: evaluator.energy(Q + step * WAY, THETA))
    assert evaluator.gradient(Q, THETA) @ WAY == pytest.approx(expected, rel=1e-9)
    expected = four_points(lambda step: evaluator.energy(Q, THETA + step * SLOPE))
    assert evaluator.parameter_gradient(Q, THETA) @ SLOPE == pytest.approx(expected, rel=1e-9)


def test_second_derivatives(evaluator):
    product = evaluator.hessian_product(Q, THETA, WAY)
    assert near(product, four_points(lambda step: evaluator.gradient(Q + step * WAY, THETA)))
    hessian = evaluator.hessian(Q, THETA)
    assert np.array_equal(hessian, hessian.T)
    assert near(hessian @ WAY, product, 1e-11)
    mixed = evaluator.mixed(Q, THETA)
    assert mixed.shape == (COORDINATES.size, 6)
    assert near(mixed @ SLOPE, four_points(lambda x: evaluator.gradient(Q, THETA + x * SLOPE)))
    directions = np.column_stack([SLOPE, THETA])
    assert near(evaluator.mixed(Q, THETA, directions), mixed @ directions, 1e-13)
    curvature = evaluator.parameter_hessian(Q, THETA)
    assert np.array_equal(curvature, curvature.T)
    assert near(
        curvature @ SLOPE,
        four_points(lambda x: evaluator.parameter_gradient(Q, THETA + x * SLOPE)),
    )


def test_rows_at_the_reference(evaluator):
    hessian = evaluator.hessian(np.zeros(COORDINATES.size), THETA)
    for index in (0, 50, COORDINATES.size - 1):
        assert near(evaluator.hessian_row(index, THETA), hessian[index], 1e-11)


def test_columns_are_the_expansion_about_its_own_parameters(evaluator):
    own = POTENTIAL.theta
    columns, weights = evaluator.columns(Q), weights_of(own)
    assert columns.shape == (COORDINATES.size, 7)
    assert near(columns[:, :-1], evaluator.mixed(Q, own), 1e-14)
    assert near(columns @ weights, evaluator.gradient(Q, own), 1e-12)
    assert evaluator.descriptors(Q) @ weights == pytest.approx(evaluator.energy(Q, own), rel=1e-13)
    assert near(evaluator.descriptors(Q)[:-1], evaluator.parameter_gradient(Q, own), 1e-14)
    # Another theta: the error is of second order.
    errors = [
        evaluator.descriptors(Q) @ weights_of(own + step * SLOPE)
        - evaluator.energy(Q, own + step * SLOPE)
        for step in (2e-3, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, abs=0.1)


def test_hessian_columns(evaluator):
    own, start = POTENTIAL.theta, np.zeros(COORDINATES.size)
    tensor = evaluator.hessian_columns()
    assert tensor.shape == (COORDINATES.size, COORDINATES.size, 7)
    assert near(tensor @ weights_of(own), evaluator.hessian(start, own), 1e-11)
    expected = four_points(lambda step: evaluator.hessian(start, own + step * SLOPE))
    assert near(tensor[..., :-1] @ SLOPE, expected)


def test_the_last_evaluation_is_remembered_until_it_is_forgotten():
    with POTENTIAL.evaluator(COORDINATES) as evaluator:
        energy = evaluator.energy(Q, THETA)
        evaluator.gradient(Q, THETA)
        evaluator.parameter_gradient(Q, THETA)
        assert evaluator.n_evaluations == 1
        evaluator.energy(1.01 * Q, THETA)
        evaluator.forget()
        assert evaluator.energy(Q, THETA) == energy  # to the last digit
        assert evaluator.n_evaluations == 3


SILICON = analytic_potential("stillinger_weber")
PLACES = {
    "near": (0.05, 0.0, 1.0),
    "atoms far": (0.5, 0.0, 1.0),
    "cell far": (0.0, -0.15, 1.0),
    "both": (0.3, -0.1, 1.0),
    "a larger reach": (0.05, 0.0, 1.4),
}


@pytest.fixture(scope="module")
def of_silicon():
    atoms = silicon_with_an_interstitial()
    return coordinates_with_strains(atoms, SILICON)


def energies(coordinates, name):
    """At a place: that of an evaluator that was at the reference before, and of a fresh one."""
    moved, strain, enlarged = PLACES[name]
    chance = np.random.default_rng(9)
    q = np.append(
        moved * chance.uniform(-1, 1, size=coordinates.n_modes),
        strain * np.array([1, 0, 0, 1, 0, 1]),
    )
    theta = SILICON.theta.copy()
    theta[SILICON.parameters.names.index("a")] *= enlarged
    with SILICON.evaluator(coordinates) as used, SILICON.evaluator(coordinates) as fresh:
        used.energy(np.zeros(coordinates.size), SILICON.theta)
        return used.energy(q, theta), fresh.energy(q, theta)


@pytest.mark.parametrize("name", PLACES)
def test_the_table_of_neighbours_serves_wherever_it_is_used(of_silicon, name):
    used, fresh = energies(of_silicon, name)
    assert used == pytest.approx(fresh, rel=1e-13)


@pytest.mark.parametrize("name", PLACES)
def test_that_test_would_find_a_table_that_is_too_old(of_silicon, name, monkeypatch):
    monkeypatch.setattr(AnalyticEvaluator, "_serves", lambda self, *_: self._table is not None)
    used, fresh = energies(of_silicon, name)
    assert (abs(used - fresh) > 1e-6) == (name != "near")


def test_many_variants_need_one_compilation():
    compiled = derivatives_of(POTENTIAL.model.energy, POTENTIAL.parameters.names)
    start = relax(COORDINATES.reference, POTENTIAL, "isotropic", symmetry=False).atoms
    before = compiled.slopes._cache_size()
    for seed in range(10):
        change = 1 + 0.01 * np.random.default_rng(seed).normal(size=6)
        end = relax(start, POTENTIAL.with_theta(POTENTIAL.theta * change), symmetry=False)
        assert end.converged
    assert compiled.slopes._cache_size() == before


def test_where_there_is_no_energy_it_says_so_and_goes_on(evaluator):
    good = evaluator.energy(Q, THETA)
    collapsed = np.append(np.zeros(COORDINATES.n_modes), [-0.6, 0, 0, -0.6, 0, -0.6])
    for q, theta, said in (
        (Q, 1e60 * THETA, "the energy is not finite"),
        (np.nan * Q, THETA, "too far from the reference"),
        (collapsed, THETA, "too far from the reference"),
    ):
        with pytest.raises(EvaluationError, match=f"lennard_jones: .*{said}"):
            evaluator.gradient(q, theta)
        with pytest.raises(EvaluationError, match="lennard_jones"):
            evaluator.gradient(q, theta)
    assert evaluator.energy(Q, THETA) == pytest.approx(good, rel=1e-14)
