"""Second derivatives by differences, on an energy whose derivatives are known."""

from types import SimpleNamespace

import numpy as np
import pytest
from quartic_model import QuarticModel
from scipy.sparse import csc_array

from relaxdiff.potentials.differences import (
    FOUR_POINT_STEP,
    four_point_steps,
    hessian_tensor,
    second_derivatives,
)


class Quartic:
    """The analytic model at displacements from q = (0.1, -0.2), as an evaluator."""

    def __init__(self):
        self.model, self.origin = QuarticModel(), np.array([0.1, -0.2])
        self.coordinates = SimpleNamespace(
            size=2, n_modes=1, scale=np.array([1.0, 3.0]), modes=csc_array([[0.6], [0.8]])
        )

    def columns(self, q):
        return self.model.gradient(self.origin + q)

    def hessian(self, at=0.0):
        """d2 D / dq2, (2, 2, 4)."""
        each = [self.model.hessian(self.origin + at, unit) for unit in np.eye(4)]
        return np.moveaxis(each, 0, -1)


def test_the_tensor_is_that_of_the_model():
    evaluator = Quartic()
    assert hessian_tensor(evaluator) == pytest.approx(evaluator.hessian(), abs=1e-9)


def test_second_derivatives_anywhere_are_those_of_the_model():
    evaluator, at = Quartic(), np.array([0.05, 0.02])
    assert second_derivatives(evaluator, at) == pytest.approx(evaluator.hessian(at), abs=1e-8)


def test_the_atom_that_moves_most_moves_by_the_step():
    steps = four_point_steps(Quartic().coordinates)
    assert steps == pytest.approx(FOUR_POINT_STEP / np.array([0.8, 3.0]))
