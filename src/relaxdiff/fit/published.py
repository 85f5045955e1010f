"""The published way: steepest descent on the implicit loss, with positions updated linearly.

Algorithm 1 of arXiv:2407.02414 with its adaptive step (eq 43). At each step

    d = -(dX/dtheta)^T (X - X_target),    dX = dX/dtheta d,    h = -dX . (X - X_target) / |dX|^2,

theta and X change by h d and h dX. Nothing is relaxed on the way. So X is a minimum at the start
only, and nothing says that the end is one: that is what the verdict is for.
"""

from relaxdiff.fit.problem import response
from relaxdiff.fit.progress import line


def published(problem, settings, report):
    """The Steps of a FitProblem, the start first; settings: with `steps`; report: takes lines."""
    q, theta = problem.start, problem.potential.theta
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        steps = [problem.step_at(evaluator, q, theta)]
        report(line(0, steps[0]))
        for number in range(1, settings["steps"] + 1):
            hessian = problem.hessian(q, problem.potential.with_theta(theta))
            jacobian = response(hessian, evaluator.mixed(q, theta))
            slope = problem.loss_gradient(q)
            direction = -jacobian.T @ slope
            moved = jacobian @ direction
            length = -(moved @ slope) / (moved @ problem.loss_gradient(moved))
            q, theta = q + length * moved, theta + length * direction
            steps.append(problem.step_at(evaluator, q, theta))
            report(line(number, steps[-1]))
    return steps
