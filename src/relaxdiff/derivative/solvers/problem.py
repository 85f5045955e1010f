"""What a solver is asked, and what it answers.

The derivative of a minimum needs the inverse of the displacement block of the Hessian, H_uu, on a
few right-hand sides; everything about strains follows from these (see `implicit`).
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.minima import Minimum

# Angstrom that the atom which moves most is displaced by for a product with the Hessian: the error
# of the central difference (step^2) and rounding (1 / step) are both near 1e-8 here.
PRODUCT_STEP = 3e-5


@dataclass(frozen=True)
class Problem:
    """A minimum, and an evaluator of descriptors in its coordinates."""

    minimum: Minimum
    evaluator: object

    @property
    def coordinates(self):
        """Coordinates of the minimum."""
        return self.minimum.coordinates

    @property
    def n_displacements(self):
        """Number of displacement modes m; the strains are the coordinates after them."""
        return self.coordinates.n_modes

    def hessian_product(self, vector):
        """H_uu v by central differences of forces (eq 8 of arXiv:2407.02414), two evaluations.

        vector: amplitudes of the displacement modes, (m,); returns eV/Angstrom^2 times its unit.
        """
        largest = np.abs(self.coordinates.modes @ vector).max()
        if not largest:
            return np.zeros_like(vector)
        step = np.zeros(self.coordinates.size)
        step[: len(vector)] = PRODUCT_STEP / largest * vector
        gradients = [self.evaluator.gradient(way) @ self.weights for way in (step, -step)]
        change = (gradients[0] - gradients[1])[: len(vector)]
        return change * (largest / (2 * PRODUCT_STEP))

    @property
    def weights(self):
        """Theta and the 1 of the fixed reference, (P + 1,)."""
        return self.minimum.potential.weights


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
