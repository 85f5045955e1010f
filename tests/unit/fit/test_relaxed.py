"""Levenberg-Marquardt with a real relaxation at each step."""

from dataclasses import replace

import numpy as np
import pytest

from relaxdiff.fit.problem import FitProblem
from relaxdiff.fit.relaxed import CLOSE, relaxed


def test_the_target_is_reached_and_each_step_is_a_minimum(fits):
    result, _ = fits["relaxed"]
    assert result["largest_deviation"].values[-1] < CLOSE
    assert (np.diff(result["loss"].values) < 0).all()
    assert (result["max_force"].values < 1e-4).all()
    assert (result["lowest_curvature"].values[1:] > 0).all()


def test_steps_that_do_not_lower_the_loss_are_taken_back(case, settings, monkeypatch):
    """The first one here, which is made to look worse than it is."""
    lines, problem = [], case.problem
    step_at = FitProblem.step_at

    def worse(self, evaluator, q, theta, lowest=np.nan):
        step = step_at(self, evaluator, q, theta, lowest)
        return replace(step, loss=step.loss + 1) if len(lines) == 1 else step

    monkeypatch.setattr(FitProblem, "step_at", worse)
    steps = relaxed(problem, settings | {"steps": 1}, lines.append)
    assert lines[1].startswith("a step to a loss of 1 A^2")
    assert lines[1].endswith("taken back, trust radius 0.05 A")
    assert steps[-1].loss < steps[0].loss


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
