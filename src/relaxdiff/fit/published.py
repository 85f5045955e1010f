"""The published way: steepest descent on the implicit loss, with positions updated linearly.

Algorithm 1 of arXiv:2407.02414 with its adaptive step (eq 43). At each step

    d = -(dX/dtheta)^T (X - X_target),    dX = dX/dtheta d,    h = -dX . (X - X_target) / |dX|^2,

theta and X change by h d and h dX. Nothing is relaxed on the way. So X is a minimum at the start
only, and nothing says that the end is one: that is what the verdict is for.
"""

import numpy as np

from relaxdiff.fit.progress import line
from relaxdiff.minima import factorised

ACCURACY = 1e-3  # of a solution with the Hessian, relative
MOST_REFINEMENTS = 10


def published(problem, settings, report):
    """The Steps of a FitProblem, the start first; settings: with `steps`; report: takes lines."""
    q, theta = problem.start, problem.potential.theta
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        steps = [problem.step_at(evaluator, q, theta)]
        report(line(0, steps[0]))
        for number in range(1, settings["steps"] + 1):
            nearly = factorised(problem.hessian(q, problem.potential.with_theta(theta)))
            mixed, slope = evaluator.mixed(q, theta), problem.loss_gradient(q)
            product = _product(evaluator, q, theta)
            direction = mixed.T @ refined(product, nearly, slope)
            moved = -refined(product, nearly, mixed @ direction)
            length = -(moved @ slope) / (moved @ problem.loss_gradient(moved))
            q, theta = q + length * moved, theta + length * direction
            steps.append(problem.step_at(evaluator, q, theta))
            report(line(number, steps[-1]))
    return steps


def _product(evaluator, q, theta):
    """The exact Hessian at q, applied to a vector (n,); two evaluations each time."""
    return lambda vector: evaluator.hessian_product(q, theta, vector)


def refined(product, nearly, right):
    """H^-1 times a vector (n,) by iterative refinement (Golub & Van Loan, section 3.5).

    product: applies H; nearly: solves with a matrix that is nearly H.
    """
    solution = nearly(right)
    for _ in range(MOST_REFINEMENTS):
        further = nearly(right - product(solution))
        solution = solution + further
        if np.linalg.norm(further) < ACCURACY * np.linalg.norm(solution):
            break
    return solution
