"""A fixed pair style alone: its gradient is the derivative of its energy."""

import numpy as np
import pytest

from relaxdiff.lammps.baseline_evaluator import BaselineEvaluator


@pytest.mark.parametrize("name", ["six", "fault"])
def test_the_gradient_is_the_derivative_of_the_energy(request, tungsten, name):
    coordinates = request.getfixturevalue(name)
    evaluator = BaselineEvaluator(coordinates, ("W",), tungsten.baseline)
    q = 0.02 * np.random.default_rng(4).normal(size=coordinates.size) / coordinates.scale
    steps = 1e-4 / coordinates.scale

    def energy(at):
        evaluator.gradient(at)
        return evaluator.energy

    slopes = [(energy(q + step) - energy(q - step)) / (2 * step.max()) for step in np.diag(steps)]
    found = evaluator.gradient(q)
    evaluator.close()
    assert np.abs(found).max() > 0.1
    assert found == pytest.approx(slopes, abs=1e-5 * np.abs(found).max())
