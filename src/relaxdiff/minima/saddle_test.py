"""Whether a symmetric minimum is a minimum in the full space, or a saddle point.

Relaxation in symmetric coordinates cannot leave a structure that has become unstable against a
displacement, or a strain of a cell that may strain so, of lower symmetry. Negative curvatures of
each block of these are looked for at the variant's own minimum, on exact gradients. Force constants
of the reference, which are linear in Theta, or the perfect crystal's Green's function, which asks
for no more memory than the structure itself, only make the search short. A direction of negative
curvature proves a saddle point.
"""

from dataclasses import replace

import numpy as np

from relaxdiff.minima.lattice_green import LatticeGreen
from relaxdiff.minima.symmetry_blocks import blocks_from_dataset, saddle_point, symmetry_blocks
from relaxdiff.potentials.snap import evaluator_for

RESIDUAL = 0.1  # of a Ritz value that counts as converged, relative to itself
# Lanczos steps before one may: the force constants of a block know where it is soft, the crystal's
# Green's function does not.
FEWEST_STEPS, FEWEST_STEPS_OF_CRYSTAL = 3, 5


class StabilityTest:
    """Whether variants' minima are minima in the full space. A context manager.

    minimum: the reference Minimum, in whose coordinates the variants' q are; constants: Dataset of
    `force_constants`, or the crystal's LatticeGreen for a large cell. Raises RelaxationError when
    the reference itself is a saddle point, which is looked at with the LatticeGreen only: with
    force constants it is known to be none.
    """

    def __init__(self, minimum, constants):
        large = isinstance(constants, LatticeGreen)
        if large:
            blocks = symmetry_blocks(minimum.coordinates)
            self.blocks = [replace(block, green=constants) for block in blocks]
        else:
            self.blocks = blocks_from_dataset(constants, minimum.coordinates)
        self.evaluators = [
            evaluator_for(block.coordinates, minimum.potential) for block in self.blocks
        ]
        self.softness = self._reference_curvatures(minimum) if large else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for evaluator in self.evaluators:
            evaluator.close()

    @property
    def n_evaluations(self):
        """Evaluations so far, in all blocks together."""
        return sum(evaluator.n_evaluations for evaluator in self.evaluators)

    def negative_block(self, weights, q):
        """Index of a block with negative curvature at q, which proves a saddle point, or None.

        Blocks are looked at in the order of their force constants' lowest curvatures, or of their
        lowest curvatures at the reference, relative to the crystal's.
        """
        guesses = self.softness or [block.lowest(weights)[0] for block in self.blocks]
        softest_first = map(int, np.argsort(guesses))
        return next((n for n in softest_first if not self.is_stable(n, weights, q)), None)

    def is_stable(self, index, weights, q):
        """Whether all curvatures of one block are positive at q."""
        return self._lowest(index, weights, q) > 0

    def _lowest(self, index, weights, q):
        """Lowest Ritz value of M^-1 H in one block at q.

        The Hessian H and M^-1 H have as many negative eigenvalues each, for any positive definite M
        (Sylvester). With an M like H most eigenvalues of the second are near 1, and few Lanczos
        steps find those that are not.
        """
        block, evaluator = self.blocks[index], self.evaluators[index]

        def product(direction):
            step = block.step(direction)
            columns = evaluator.gradient(block.at(q, step * direction))
            return block.gradient(columns) @ weights / step

        modes, inverse = block.own_modes, block.inverse(weights)
        # Random forces on the atoms: the answer does not depend on how the modes were chosen.
        chance = np.random.default_rng(0)
        start = modes.T @ chance.normal(size=modes.shape[0])
        start = np.append(start, chance.normal(size=block.n_strains))
        if block.tensor is None:
            return _lowest_ritz_value(product, inverse, start, FEWEST_STEPS_OF_CRYSTAL)
        return _lowest_ritz_value(product, inverse, inverse(start), FEWEST_STEPS)

    def _reference_curvatures(self, minimum):
        """The lowest Ritz value of each block at the reference."""
        at_reference = np.zeros(minimum.coordinates.size)
        potential = minimum.potential
        curvatures = [
            self._lowest(index, potential.weights, at_reference)
            for index in range(len(self.blocks))
        ]
        lowest = min(curvatures, default=np.inf)
        if lowest <= 0:
            raise saddle_point(potential, f"lowest curvature {lowest:.2e} times the crystal's")
        return curvatures


def _lowest_ritz_value(product, inverse, start, fewest_steps):
    """Lowest Ritz value of M^-1 H, good enough to tell whether H has a negative eigenvalue.

    product: H applied to a vector (size,); inverse: M^-1 applied to one, for a positive definite M;
    start: M times the first vector; fewest_steps: before a Ritz value may count as converged.

    Lanczos steps in the inner product <x, y>_M = x . M y, in which M^-1 H is symmetric (Saad,
    Numerical Methods for Large Eigenvalue Problems, 2011, 9.2.6), with all vectors kept orthogonal
    (Golub & Van Loan, Matrix Computations, 10.3). They have the Ritz values of M^-1/2 H M^-1/2, but
    no root is needed, nor M itself: M times each vector comes along with it. scipy's eigensolvers
    would go on when the answer is known: a negative Ritz value is a proof, and a lowest one that is
    positive and has converged is enough.
    """
    vector = inverse(start)
    length = np.sqrt(start @ vector)
    basis, images, products = [vector / length], [start / length], []
    for step in range(len(start)):
        image = product(basis[-1])
        products.append(image)
        ritz, vectors = np.linalg.eigh(np.array(products) @ np.transpose(basis))
        if ritz[0] <= 0:
            break
        for _ in range(2):
            image = image - np.array(images).T @ (np.array(basis) @ image)
        vector = inverse(image)
        residual = np.sqrt(max(image @ vector, 0.0))
        converged = residual * abs(vectors[-1, 0]) < RESIDUAL * ritz[0]
        if residual < 1e-6 or (converged and step + 1 >= fewest_steps):
            break
        basis.append(vector / residual)
        images.append(image / residual)
    return ritz[0]
