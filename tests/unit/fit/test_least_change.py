"""Least changes under linear conditions, against a general optimiser."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from relaxdiff.fit.least_change import damped_least_squares, least_change, least_distance

SEEDS = range(12)


def drawn(seed):
    """Equations (m, p), their right sides, conditions (k, p) and bounds of a random problem."""
    chance = np.random.default_rng(seed)
    size = chance.integers(3, 7)
    equations = chance.normal(size=(chance.integers(0, 3), size))
    conditions = chance.normal(size=(chance.integers(1, 8), size))
    right, bounds = chance.normal(size=len(equations)), chance.normal(size=len(conditions))
    return equations, right, conditions, bounds


def possible(equations, right, conditions, bounds):
    """Whether any z meets the conditions, by linear programming."""
    found = linprog(
        np.zeros(conditions.shape[1]),
        A_ub=-conditions,
        b_ub=-bounds,
        A_eq=equations if len(equations) else None,
        b_eq=right if len(equations) else None,
        bounds=(None, None),
    )
    return found.status == 0


def by_slsqp(objective, start, equations, right, conditions, bounds):
    limits = [{"type": "ineq", "fun": lambda z: conditions @ z - bounds}]
    if len(equations):
        limits.append({"type": "eq", "fun": lambda z: equations @ z - right})
    found = minimize(
        objective,
        start,
        method="SLSQP",
        constraints=limits,
        options={"ftol": 1e-11, "maxiter": 500},
    )
    assert found.success
    return found.x


@pytest.mark.parametrize("seed", SEEDS)
def test_least_change(seed):
    problem = drawn(seed)
    equations, right, conditions, bounds = problem
    found = least_change(*problem)
    if not possible(*problem):
        assert found is None
        return
    assert equations @ found == pytest.approx(right, abs=1e-9)
    assert (conditions @ found >= bounds - 1e-9).all()
    expected = by_slsqp(lambda z: z @ z, np.zeros(len(found)), *problem)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_damped_least_squares(seed):
    _, _, conditions, bounds = drawn(seed)
    chance = np.random.default_rng(100 + seed)
    jacobian, residual = chance.normal(size=(5, conditions.shape[1])), chance.normal(size=5)
    found = damped_least_squares(jacobian, residual, 0.1, conditions, bounds)
    none = np.zeros((0, conditions.shape[1])), np.zeros(0)
    if not possible(*none, conditions, bounds):
        assert found is None
        return

    def objective(z):
        return np.sum((residual + jacobian @ z) ** 2) + 0.1 * z @ z

    expected = by_slsqp(objective, np.zeros(len(found)), *none, conditions, bounds)
    assert (conditions @ found >= bounds - 1e-9).all()
    assert objective(found) <= objective(expected) + 1e-8
    assert found == pytest.approx(expected, abs=1e-4)


def test_both_kinds_are_among_the_random_problems():
    kinds = [possible(*drawn(seed)) for seed in SEEDS]
    assert 2 <= sum(kinds) < len(kinds)


def test_conditions_that_exclude_each_other():
    conditions, bounds = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([1.0, 0.5])
    assert least_distance(conditions, bounds) is None
    assert least_change(np.zeros((0, 2)), np.zeros(0), conditions, bounds) is None
    none = damped_least_squares(np.eye(2), np.ones(2), 1.0, conditions, bounds)
    assert none is None


def test_without_conditions():
    none = np.zeros((0, 3)), np.zeros(0)
    assert (least_distance(*none) == 0).all()
    equations = np.array([[1.0, 2.0, 0.0]])
    assert least_change(equations, np.array([5.0]), *none) == pytest.approx([1, 2, 0])
    found = damped_least_squares(np.eye(3), np.array([1.0, 2.0, 3.0]), 1.0, *none)
    assert found == pytest.approx([-0.5, -1, -1.5])


def test_equations_that_leave_nothing_free():
    """Then the conditions are met or not."""
    equations, right = np.eye(2), np.array([1.0, 2.0])
    conditions = np.array([[1.0, 1.0]])
    assert least_change(equations, right, conditions, np.array([2.9])) == pytest.approx([1, 2])
    assert least_change(equations, right, conditions, np.array([3.1])) is None


def test_conditions_that_depend_on_nothing():
    conditions = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert least_distance(conditions, np.array([-1.0, 2.0])) == pytest.approx([2, 0])
    assert least_distance(conditions, np.array([1.0, 2.0])) is None
    assert least_distance(conditions[:1], np.array([-1.0])) == pytest.approx([0, 0])
