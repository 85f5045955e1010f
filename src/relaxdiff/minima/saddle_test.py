"""Whether a symmetric minimum is a minimum in the full space, or a saddle point.

Relaxation in symmetric coordinates cannot leave a structure that has become unstable against a
displacement of lower symmetry, or against such a strain if the cell may strain so. Each block of
these is searched for negative curvatures at the variant's own minimum, with exact gradients. Force
constants of the reference, which are linear in Theta, or the perfect crystal's Green's function,
which needs no more memory than the structure itself, only shorten the search. A direction of
negative curvature proves a saddle point.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.exceptions import EvaluationError
from relaxdiff.minima.quadratic_models import inverse_in
from relaxdiff.minima.symmetry_blocks import saddle_point

RESIDUAL = 0.1  # of a Ritz value that counts as converged, relative to itself
# Lanczos steps before a Ritz value may count as converged: fewer with a block's force constants,
# which show where it is soft, than with the crystal's Green's function.
FEWEST_STEPS, FEWEST_STEPS_OF_CRYSTAL = 3, 5


@dataclass(frozen=True)
class Verdict:
    """Whether a symmetric minimum is one in the full space.

    block: for a saddle point the index of the unstable symmetry block; error: why nothing is known,
    if the potential had no value near the minimum. If both are None it is a minimum.
    """

    block: int | None = None
    error: str = ""

    @property
    def is_minimum(self):
        """Whether it was shown to be one."""
        return self.block is None and not self.error


class StabilityTest:
    """Whether variants' minima are minima in the full space. A context manager.

    minimum: the reference Minimum, in whose coordinates the variants' q are; hessian: the
    TensorHessian or CrystalHessian there, whose blocks are tested. Raises RelaxationError when the
    reference itself is a saddle point; this is tested unless the hessian has already shown that it
    is a minimum.
    """

    def __init__(self, minimum, hessian):
        self.blocks = hessian.blocks
        self.evaluators = [minimum.potential.evaluator(block.coordinates) for block in self.blocks]
        self.softness = None if hessian.shows_minimum else self._reference_curvatures(minimum)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for evaluator in self.evaluators:
            evaluator.close()

    @property
    def n_evaluations(self):
        """Evaluations so far, in all blocks together."""
        return sum(evaluator.n_evaluations for evaluator in self.evaluators)

    def verdict(self, theta, q):
        """The Verdict on a minimum at q of the parameters theta (P,).

        Blocks are looked at in the order of their force constants' lowest curvatures, or of their
        lowest curvatures at the reference, relative to the crystal's. A negative curvature proves a
        saddle point.
        """
        guesses = self.softness or [block.lowest(theta)[0] for block in self.blocks]
        for index in map(int, np.argsort(guesses)):
            verdict = self.verdict_on_block(index, theta, q)
            if not verdict.is_minimum:
                return verdict
        return Verdict()

    def verdict_on_block(self, index, theta, q):
        """The same for one block only."""
        try:
            return Verdict() if self._lowest(index, theta, q) > 0 else Verdict(block=index)
        except EvaluationError as error:
            return Verdict(error=str(error))

    def _lowest(self, index, theta, q):
        """Lowest Ritz value of M^-1 H in one block at q.

        The Hessian H and M^-1 H have as many negative eigenvalues each, for any positive definite M
        (Sylvester). If M is similar to H, most eigenvalues of M^-1 H are near 1, and few Lanczos
        steps find those that are not.
        """
        block, evaluator = self.blocks[index], self.evaluators[index]

        def product(direction):
            step = block.step(direction)
            return block.gradient(evaluator.gradient(block.at(q, step * direction), theta)) / step

        modes, inverse = block.own_modes, block.inverse(theta)
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
            self._lowest(index, potential.theta, at_reference) for index in range(len(self.blocks))
        ]
        lowest = min(curvatures, default=np.inf)
        if lowest <= 0:
            raise saddle_point(potential, f"lowest curvature {lowest:.2e} times the crystal's")
        return curvatures


def lowest_relative_curvature(minimum, preconditioner):
    """Lowest curvature at a Minimum in its own coordinates, relative to the crystal's.

    preconditioner: as for `relax`; without cell relaxation. Positive at a minimum; a negative one
    need not be the lowest, but proves a saddle point.
    """
    coordinates, theta = minimum.coordinates, minimum.potential.theta
    chance = np.random.default_rng(0).normal(size=coordinates.modes.shape[0])
    start, here = coordinates.modes.T @ chance, np.zeros(coordinates.size)
    with minimum.potential.evaluator(coordinates) as evaluator:
        return _lowest_ritz_value(
            lambda vector: evaluator.hessian_product(here, theta, vector),
            inverse_in(coordinates, preconditioner),
            start,
            FEWEST_STEPS_OF_CRYSTAL,
        )


def _lowest_ritz_value(product, inverse, start, fewest_steps):
    """Lowest Ritz value of M^-1 H, accurate enough to show whether H has a negative eigenvalue.

    product: H applied to a vector (size,); inverse: M^-1 applied to one, for a positive definite M;
    start: M times the first vector; fewest_steps: before a Ritz value may count as converged.

    Lanczos steps in the inner product <x, y>_M = x . M y, in which M^-1 H is symmetric (Saad,
    Numerical Methods for Large Eigenvalue Problems, 2011, 9.2.6), with all vectors kept orthogonal
    (Golub & Van Loan, Matrix Computations, 10.3). They have the Ritz values of M^-1/2 H M^-1/2, but
    neither that root nor M itself is needed: M times each vector is computed along with it. scipy's
    eigensolvers would continue after the answer is known: a negative Ritz value is a proof, and a
    lowest one that is positive and has converged is enough.
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
