"""The quasi-Newton iteration, on a parabola and where it must stop."""

from types import SimpleNamespace

import numpy as np
import pytest

from relaxdiff.minima.quadratic_models import DenseModel
from relaxdiff.minima.quasi_newton import LARGEST_STEP, Stop, quasi_newton

HESSIAN = np.array([[4.0, 1.0], [1.0, 2.0]])


class Parabola:
    """q . H q / 2 - b . q as an Evaluator; it remembers where it was asked."""

    def __init__(self, minimum):
        self.minimum, self.asked = np.array(minimum), []
        self.coordinates = SimpleNamespace(scale=np.ones(2), n_modes=2, modes=np.eye(2))

    def gradient(self, q, theta):
        self.asked.append(q.copy())
        return HESSIAN @ (q - self.minimum)


def end(minimum, hessian=HESSIAN, tolerance=1e-10, max_steps=50, **settings):
    """Where the iteration from q = 0 ended, and its evaluator."""
    evaluator, model = Parabola(minimum), DenseModel(np.array(hessian), np.ones(2))
    stop = Stop(tolerance, max_steps, **settings)
    return quasi_newton(evaluator, np.ones(1), np.zeros(2), model, stop), evaluator


def test_a_known_hessian_needs_one_step():
    found, evaluator = end([0.03, -0.02])
    assert found.converged
    assert found.q == pytest.approx([0.03, -0.02], abs=1e-12)
    assert found.n_evaluations == len(evaluator.asked) == 2


def test_a_wrong_hessian_is_learnt_in_bounded_steps():
    found, evaluator = end([0.5, -0.3], hessian=np.eye(2))
    assert found.converged
    assert found.q == pytest.approx([0.5, -0.3], abs=1e-9)
    assert np.abs(np.diff(evaluator.asked, axis=0)).max() <= LARGEST_STEP * (1 + 1e-12)
    assert found.n_evaluations < 30


def test_it_stops_where_it_is_told():
    few, _ = end([0.5, -0.3], max_steps=1)
    assert not few.converged
    outside, evaluator = end([0.5, -0.3], inside=lambda q: np.abs(q).max() < 0.15)
    assert not outside.converged
    assert np.abs(evaluator.asked[-1]).max() >= 0.15
