"""Hessian-vector products in preconditioned conjugate gradients: for any number of atoms."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from relaxdiff.derivative.solvers.problem import Solved
from relaxdiff.exceptions import InputError


@dataclass(frozen=True)
class Sparse:
    """Conjugate gradients on H_uu (Hestenes & Stiefel 1952), never forming it.

    tolerance: of the residual, relative to the right-hand side; max_iterations: for each of these,
    two evaluations each; preconditioner: an object whose `apply` maps force fields (N, 3) to
    displacement fields like the inverse of a Hessian would, such as LatticeGreen, or None.
    Raises InputError for settings out of range.
    """

    tolerance: float = 1e-8
    max_iterations: int = 200
    preconditioner: object = None

    def __post_init__(self):
        if not 0 < self.tolerance < 1:
            raise InputError(f"Sparse: tolerance = {self.tolerance} must lie between 0 and 1")
        if self.max_iterations < 1:
            raise InputError(f"Sparse: max_iterations = {self.max_iterations} must be 1 or more")

    def solve(self, problem, right):
        """Solve H_uu x = right, (m, k); a Solved whose status says which columns to distrust."""
        shape = (problem.n_displacements,) * 2
        operator = LinearOperator(shape, matvec=problem.hessian_product, dtype=float)
        inverse = self._inverse(problem, shape)
        x = np.zeros_like(right)
        status, iterations = [], []
        for index, column in enumerate(right.T):
            start = _from_others(x[:, :index], right[:, :index], column)
            x[:, index], advice, steps = self._column(operator, inverse, column, start)
            status.append(advice)
            iterations.append(steps)
        return Solved(x, tuple(status), tuple(iterations))

    def _column(self, operator, inverse, right, start):
        steps = []
        x, failed = cg(
            operator,
            right,
            start,
            rtol=self.tolerance,
            maxiter=self.max_iterations,
            M=inverse,
            callback=steps.append,
        )
        advice = (
            f"not converged to {self.tolerance:.0e} after {len(steps)} iterations: allow more, or "
            "use a preconditioner; if that does not help, the structure may be a saddle point"
        )
        return x, advice if failed else "converged", len(steps)

    def _inverse(self, problem, shape):
        if self.preconditioner is None:
            return None
        modes = problem.coordinates.modes

        def apply(vector):
            field = (modes @ np.ravel(vector)).reshape(-1, 3)
            return modes.T @ self.preconditioner.apply(field).ravel()

        return LinearOperator(shape, matvec=apply, dtype=float)


def _from_others(x, right, column):
    """Combination of the solutions at hand that is nearest to another one, in the energy norm.

    x, right: (m, j) with H x = right; column: (m,). The parameters of a potential act alike, so
    that this leaves little to solve for, and it costs no evaluation.
    """
    return x @ np.linalg.lstsq(x.T @ right, x.T @ column)[0]
