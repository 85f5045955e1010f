"""The condition that a structure is stable, as linear conditions on the free parameters.

With the crystal's force constants C on the same atoms, all curvatures of H(theta) = H + sum_l d_l
H_l (d: the change of the free parameters) are at least a margin times the crystal's if

    v^T H(theta) v >= margin v^T C v    for all v,

a linear matrix inequality in d. Each v alone is a linear condition. So the conditions are met by
cutting planes (Kelley, J. SIAM 8, 703 (1960)): solve with those that are known, add those of the
lowest eigenvectors of what comes out, until none is violated. The margin is relative to the
crystal because a large structure has long waves that are soft in any case.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.linalg
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, eigsh

from relaxdiff.minima import factorised

LOWEST = 6  # eigenvectors looked at
SLACK = 1e-3  # in crystal's curvatures, by which a curvature may be below the margin
SMALL = 400  # coordinates up to which all eigenvalues are computed
ACCURACY = 1e-5  # of eigenvalues in larger structures, relative
MOST_ROUNDS = 60  # of cutting planes


@dataclass
class Stability:
    """Curvatures of one structure as functions of the change of the free parameters.

    hessian: sparse (n, n), at the parameters without change; crystal: C, sparse (n, n); places:
    sparse, (m, n), coordinates to the components of `tensor`, second derivatives by the free
    parameters, (m, m, P).
    """

    hessian: csr_array = field(repr=False)
    crystal: csr_array = field(repr=False)
    places: csr_array = field(repr=False)
    tensor: np.ndarray = field(repr=False)

    def at(self, change):
        """H at a change of the free parameters (P,), sparse (n, n)."""
        return csr_array(self.hessian + self.places.T @ (self.tensor @ change) @ self.places)

    def lowest(self, change):
        """The lowest curvatures relative to the crystal's, ascending, and vectors (n, k)."""
        matrix = self.at(change)
        if matrix.shape[0] <= SMALL:
            values, vectors = scipy.linalg.eigh(matrix.toarray(), self.crystal.toarray())
            return values[:LOWEST], vectors[:, :LOWEST]
        start = np.random.default_rng(0).normal(size=matrix.shape[0])
        values, vectors = eigsh(
            matrix,
            LOWEST,
            self.crystal,
            Minv=self._inverse_crystal,
            which="SA",
            v0=start,
            tol=ACCURACY,
        )
        order = np.argsort(values)
        return values[order], vectors[:, order]

    @cached_property
    def _inverse_crystal(self):
        solve = factorised(self.crystal)
        return LinearOperator(self.crystal.shape, matvec=solve, dtype=float)

    def conditions(self, vectors, margin):
        """Conditions (k, P) and bounds (k,) that the curvatures along vectors (n, k) be enough."""
        local = self.places @ vectors
        conditions = np.einsum("ik,ijp,jk->kp", local, self.tensor, local, optimize=True)
        wanted = np.sum(vectors * (self.crystal @ vectors), axis=0)
        present = np.sum(vectors * (self.hessian @ vectors), axis=0)
        return conditions, margin * wanted - present


def stable_change(solve, stability, margin):
    """The best change of parameters for which all curvatures are at least the margin.

    solve: function of conditions (k, P) and bounds (k,) that returns the best change under them,
    or None; stability: Stability; margin: relative to the crystal's curvatures. Returns the change,
    or None if there is none or MOST_ROUNDS do not find it, the lowest curvature it has, and the
    number of rounds.
    """
    size = stability.tensor.shape[2]
    conditions, bounds = np.zeros((0, size)), np.zeros(0)
    for rounds in range(1, MOST_ROUNDS + 1):
        change = solve(conditions, bounds)
        if change is None:
            break
        curvatures, vectors = stability.lowest(change)
        if curvatures[0] >= margin - SLACK:
            return change, float(curvatures[0]), rounds
        violated = vectors[:, curvatures < margin]
        further = stability.conditions(violated, margin)
        conditions = np.vstack([conditions, further[0]])
        bounds = np.append(bounds, further[1])
    return None, np.nan, rounds
