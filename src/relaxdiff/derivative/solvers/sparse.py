"""Hessian-vector products in preconditioned conjugate gradients: for any number of atoms."""

from dataclasses import dataclass

import numpy as np

from relaxdiff.derivative.solvers.problem import Solved
from relaxdiff.exceptions import InputError

KEPT = 200  # directions, the latest; each is two vectors


@dataclass(frozen=True)
class Sparse:
    """Conjugate gradients on H_uu (Hestenes & Stiefel 1952), without forming the matrix.

    tolerance: of the residual, relative to the right-hand side; max_iterations: for each right-hand
    side, of two evaluations each; preconditioner: an object whose `apply` maps force fields (N, 3)
    to displacement fields, as the inverse of a Hessian does, such as LatticeGreen, or None.
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
        """Solve H_uu x = right, (m, k); a Solved whose status says which columns failed."""
        inverse = self._inverse(problem)
        known = ConjugateDirections()
        x = np.zeros_like(right)
        status, iterations = [], []
        for index, column in enumerate(right.T):
            x[:, index], advice, steps = self._column(problem, inverse, column, known)
            status.append(advice)
            iterations.append(steps)
        return Solved(x, tuple(status), tuple(iterations))

    def _column(self, problem, inverse, right, known):
        """Solution (m,), status and number of iterations for one column."""
        x, residual = known.solution(right)
        wanted = self.tolerance * np.linalg.norm(right)
        for step in range(self.max_iterations + 1):
            if np.linalg.norm(residual) <= wanted:
                return x, "converged", step
            if step < self.max_iterations:
                direction = known.conjugate(inverse(residual))
                product = problem.hessian_product(direction)
                length = known.keep(direction, product, residual)
                x += length * direction
                residual -= length * product
        advice = (
            f"not converged to {self.tolerance:.0e} after {step} iterations: allow more, or "
            "use a preconditioner; if that does not help, the structure may be a saddle point"
        )
        return x, advice, step

    def _inverse(self, problem):
        if self.preconditioner is None:
            return np.copy
        modes = problem.coordinates.modes

        def apply(vector):
            field = (modes @ vector).reshape(-1, 3)
            return modes.T @ self.preconditioner.apply(field).ravel()

        return apply


class ConjugateDirections:
    """The directions p of all columns so far, with H p, conjugate: p_i . H p_j = 0.

    The right-hand sides of all columns are similar, and the defect is the same. The span of earlier
    directions is therefore not searched again; as the products with H are kept, a column's solution
    in it costs no evaluation (Erhel & Guyomarc'h, SIAM J. Matrix Anal. Appl. 21, 1279 (2000)).
    """

    def __init__(self):
        self.kept = []

    def solution(self, right):
        """The solution x within their span, nearest in the energy norm, and right - H x."""
        x, residual = np.zeros_like(right), right.copy()
        for direction, product, curvature in self.kept:
            length = direction @ residual / curvature
            x += length * direction
            residual -= length * product
        return x, residual

    def conjugate(self, direction):
        """The direction made conjugate to all kept ones."""
        direction = direction.copy()
        for other, product, curvature in self.kept:
            direction -= product @ direction / curvature * other
        return direction

    def keep(self, direction, product, residual):
        """Keep a direction and H times it; returns the step length along it for a residual."""
        curvature = direction @ product
        self.kept = [*self.kept, (direction, product, curvature)][-KEPT:]
        return direction @ residual / curvature
