"""What a solver asks: products with the Hessian by differences of forces."""

import numpy as np
import pytest

from relaxdiff.derivative.solvers.problem import Problem


def test_a_product_is_that_with_the_hessian_of_the_displacements(small_study, tungsten):
    minimum, n_modes = small_study.minimum, small_study.minimum.coordinates.n_modes
    hessian = small_study.derivative["hessian_tensor"].values @ tungsten.weights
    vector = np.random.default_rng(2).normal(size=n_modes)
    with tungsten.evaluator(minimum.coordinates) as evaluator:
        problem = Problem(minimum, evaluator)
        assert problem.n_displacements == n_modes
        found = problem.hessian_product(vector)
        np.testing.assert_allclose(problem.hessian_product(1e3 * vector), 1e3 * found)
        assert not problem.hessian_product(0 * vector).any()
    expected = hessian[:n_modes, :n_modes] @ vector
    assert found == pytest.approx(expected, rel=1e-6)
