"""A solver's problem and its solution.

The derivative of a minimum needs the inverse of the displacement block of the Hessian, H_uu,
applied to a few right-hand sides; everything about strains follows from these (see `implicit`).
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from relaxdiff.minima import Minimum
from relaxdiff.potentials import Evaluator


@dataclass(frozen=True)
class Problem:
    """A minimum, and an Evaluator in its coordinates."""

    minimum: Minimum
    evaluator: Evaluator

    @property
    def coordinates(self):
        """Coordinates of the minimum."""
        return self.minimum.coordinates

    @property
    def theta(self):
        """Parameters of the minimum's potential, (P,)."""
        return self.minimum.potential.theta

    @property
    def n_displacements(self):
        """Number of displacement modes m; the strains are the coordinates after them."""
        return self.coordinates.n_modes

    def hessian_product(self, vector):
        """H_uu v, eV/Angstrom^2 times the unit of v; v: amplitudes of displacement modes, (m,)."""
        size = self.coordinates.size
        wider = np.append(vector, np.zeros(size - len(vector)))
        product = self.evaluator.hessian_product(np.zeros(size), self.theta, wider)
        return product[: len(vector)]


@dataclass(frozen=True)
class Solved:
    """Solutions of H_uu x = right.

    x: (m, k); status: for each column 'converged', or what went wrong and what to try; iterations:
    of each column, from a solver that iterates; force_calls: of LAMMPS's own minimiser; tensor: the
    Hessian tensor (see `dense`), from a solver that makes it.
    """

    x: np.ndarray
    status: tuple
    iterations: tuple = ()
    force_calls: int = 0
    tensor: np.ndarray | None = None


@runtime_checkable
class Solver(Protocol):
    """Inverts the displacement block of a minimum's Hessian for many right-hand sides."""

    def solve(self, problem: Problem, right: np.ndarray) -> Solved:
        """Solve H_uu x = right, (m, k); a Solved whose status says which columns failed."""
