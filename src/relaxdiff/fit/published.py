"""The published way: steepest descent on the implicit loss, with positions updated linearly.

Algorithm 1 of arXiv:2407.02414 with its adaptive step (eq 43). At each step

    d = -(dX/dtheta)^T (X - X_target),    dX = dX/dtheta d,    h = -dX . (X - X_target) / |dX|^2,

theta and X change by h d and h dX. Nothing is relaxed on the way. So X is a minimum at the start
only, and nothing says that the end is one: that is what the verdict is for.
"""

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

from relaxdiff.exceptions import RelaxationError
from relaxdiff.fit.progress import line
from relaxdiff.minima import factorised

ACCURACY = 1e-2  # of the residual of a solution with the Hessian, relative
MOST_PRODUCTS, CYCLES = 20, 5
STEP = 1e-4  # Angstrom, one point: an error of 1e-4 of the Hessian


def published(problem, settings, report):
    """The Steps of a FitProblem, the start first; settings: with `steps`; report: takes lines."""
    q, theta = problem.start, problem.potential.theta
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        steps = [problem.step_at(evaluator, q, theta)]
        report(line(0, steps[0]))
        for number in range(1, settings["steps"] + 1):
            if not steps[-1].loss:
                break
            now = problem.potential.with_theta(theta)
            nearly = factorised(problem.hessian(q, now))
            mixed, slope = evaluator.mixed(q, theta), problem.loss_gradient(q)
            inverse = _inverse(evaluator, q, theta, nearly)
            direction = mixed.T @ inverse(slope)
            moved = -inverse(mixed @ direction)
            length = -(moved @ slope) / (moved @ problem.loss_gradient(moved))
            q, theta = q + length * moved, theta + length * direction
            steps.append(problem.step_at(evaluator, q, theta))
            report(line(number, steps[-1]))
    return steps


def _inverse(evaluator, q, theta, nearly):
    """H^-1 at q as a function of vectors (n,), from exact products with H.

    nearly: solves with a matrix that is nearly H. H need not be positive definite here, so that it
    is generalised minimal residuals (Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986)).
    """
    here = evaluator.gradient(q, theta)

    def product(vector):
        step = STEP / np.abs(vector).max()
        return (evaluator.gradient(q + step * vector, theta) - here) / step

    size = len(q)
    hessian = LinearOperator((size, size), matvec=product, dtype=float)
    guess = LinearOperator((size, size), matvec=nearly, dtype=float)

    def inverse(right):
        options = {"rtol": ACCURACY, "restart": MOST_PRODUCTS, "maxiter": CYCLES, "M": guess}
        solution, failed = gmres(hessian, right, **options)
        if failed:
            raise RelaxationError("fit: the response of the structure was not found to 1e-2")
        return solution

    return inverse
