"""Levenberg-Marquardt with a real relaxation at each step."""

import numpy as np
import pytest

from relaxdiff.fit.relaxed import CLOSE, relaxed


def test_the_target_is_reached_and_each_step_is_a_minimum(fits):
    result, _ = fits["relaxed"]
    assert result["largest_deviation"].values[-1] < CLOSE
    assert (np.diff(result["loss"].values) < 0).all()
    assert (result["max_force"].values < 1e-4).all()
    assert (result["lowest_curvature"].values[1:] > 0).all()


def test_steps_that_do_not_lower_the_loss_are_taken_back(fits):
    _, lines = fits["relaxed"]
    assert any("taken back, trust radius" in each for each in lines)


def test_parameters_never_change_by_more_than_allowed(case, settings):
    """The fit ends where no smaller trust radius helps."""
    lines, limit = [], 0.004
    steps = relaxed(case.problem, settings | {"largest_change": limit, "steps": 2}, lines.append)
    assert all(step.relative_change <= limit * (1 + 1e-9) for step in steps)
    assert steps[-1].loss < steps[0].loss


def test_a_fit_that_is_near_the_target_is_done(case, settings):
    """It adds nothing to the steps of another method."""
    problem = case.problem
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        there = problem.step_at(evaluator, np.zeros(problem.coordinates.size), case.theta)
    assert relaxed(problem, settings, pytest.fail, [there]) == [there]
