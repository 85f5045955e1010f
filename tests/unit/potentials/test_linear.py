"""Columns remembered: what a source is asked, and what is left of a failure."""

import numpy as np
import pytest

from relaxdiff.exceptions import EvaluationError
from relaxdiff.potentials.linear import ColumnEvaluator, weights_of
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.kinds import vacancy_cell


class Source:
    """Columns of U = theta_0 q^2 / 2 + q, and none beyond q = 1."""

    def __init__(self):
        self.coordinates, self.n_evaluations, self.at, self.asked_values = None, 0, None, 0

    def columns(self, q):
        self.n_evaluations += 1
        if q[0] > 1:
            raise EvaluationError("beyond 1")
        self.at = q[0]
        return np.array([[q[0], 1.0]])

    def values(self):
        self.asked_values += 1
        return np.array([self.at**2 / 2, self.at])


def test_weights_are_theta_and_one():
    assert list(weights_of([2.0, 3.0])) == [2.0, 3.0, 1.0]


def test_values_are_those_of_the_place_asked_for():
    evaluator = ColumnEvaluator(Source())
    here, there = np.array([0.5]), np.array([-0.5])
    assert evaluator.gradient(here, [2.0]) == pytest.approx([2.0])
    assert evaluator.gradient(there, [2.0]) == pytest.approx([0.0])
    # The source stands at the last place; the energy here takes another evaluation.
    assert evaluator.energy(here, [2.0]) == pytest.approx(0.75)
    assert evaluator.n_evaluations == 3
    assert evaluator.energy(here, [4.0]) == pytest.approx(1.0)
    assert (evaluator.n_evaluations, evaluator.source.asked_values) == (3, 1)


def test_a_place_changed_by_the_caller_is_another_place():
    evaluator = ColumnEvaluator(Source())
    q = np.array([0.5])
    evaluator.columns(q)
    q[0] = 0.25
    assert evaluator.columns(q)[0, 0] == 0.25


def test_nothing_is_remembered_of_a_failure():
    evaluator = ColumnEvaluator(Source())
    evaluator.columns(np.array([0.5]))
    with pytest.raises(EvaluationError, match="beyond 1"):
        evaluator.energy(np.array([2.0]), [1.0])
    assert evaluator.energy(np.array([0.5]), [1.0]) == pytest.approx(0.625)
    assert evaluator.n_evaluations == 3


def test_second_derivatives_of_columns_are_those_of_products(tungsten):
    coordinates = coordinates_of(vacancy_cell("W", 3.18, 2))
    vector = np.random.default_rng(0).normal(size=coordinates.size) / coordinates.scale
    with tungsten.evaluator(coordinates) as evaluator:
        hessian = evaluator.hessian_columns() @ weights_of(tungsten.theta)
        rows = evaluator.hessian_columns([1]) @ weights_of(tungsten.theta)
        product = evaluator.hessian_product(np.zeros(coordinates.size), tungsten.theta, vector)
    assert hessian == pytest.approx(hessian.T)
    np.testing.assert_allclose(rows, hessian[[1]], atol=1e-7 * np.abs(hessian).max())
    np.testing.assert_allclose(product, hessian @ vector, rtol=1e-6, atol=1e-5)
