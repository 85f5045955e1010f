"""Whether a symmetric minimum is a minimum in the full space, or a saddle point.

Relaxation in symmetric coordinates cannot leave a structure that has become unstable against a
displacement of lower symmetry. Symmetry divides those displacements into blocks, one for each
irreducible representation, between which the Hessian is zero; negative curvatures of each block are
looked for at the variant's own minimum, on exact gradients. Force constants of the reference, which
are linear in Theta, or the perfect crystal's Green's function, which asks for no more memory than
the structure itself, only make the search short. A direction of negative curvature proves a saddle
point.

No block moves atoms symmetrically, so at a symmetric structure each block's gradient is zero, for
every column, and one displaced structure gives a second derivative.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
import xarray as xr
from scipy.sparse import hstack

from relaxdiff.coordinates import Coordinates
from relaxdiff.datasets import variable
from relaxdiff.evaluation import evaluator_for
from relaxdiff.exceptions import RelaxationError
from relaxdiff.lattice_green import LatticeGreen
from relaxdiff.solvers.dense import hessian_tensor
from relaxdiff.symmetry import find_symmetry, representation_modes, representations

DISPLACEMENT_STEP = 1e-5  # Angstrom, of the atom that moves most
SOFTEST = 2.0  # eV/Angstrom^2; smaller curvatures of the force constants count as so much
RESIDUAL = 0.1  # of a Ritz value that counts as converged, relative to itself
# Lanczos steps before one may: the force constants of a block know where it is soft, the crystal's
# Green's function does not.
FEWEST_STEPS, FEWEST_STEPS_OF_CRYSTAL = 3, 5


@dataclass(frozen=True)
class Block:
    """Displacements of one way to break the symmetry.

    coordinates: the symmetric modes first, then `size` modes of the block, then the strain;
    dimension: how many such sets of modes there are, related by symmetry, with the same curvatures;
    tensor: second derivatives of the columns along the block's modes at the reference, shape (size,
    size, P + 1), or None where they are not known; green: the crystal's LatticeGreen instead.
    """

    coordinates: Coordinates
    size: int
    dimension: int
    tensor: np.ndarray | None = None
    green: LatticeGreen | None = None

    @property
    def own(self):
        """Where the block's modes are among the coordinates."""
        first = self.coordinates.modes.shape[1] - self.size
        return slice(first, first + self.size)

    def at(self, q, amplitudes):
        """Coordinates of a symmetric structure, q, displaced along the block's modes."""
        return np.concatenate([q[: self.own.start], amplitudes, q[self.own.start :]])

    def step(self, direction):
        """Factor by which a direction moves the atom that moves most by DISPLACEMENT_STEP."""
        moved = self.coordinates.modes[:, self.own] @ direction
        return DISPLACEMENT_STEP / np.abs(moved).max()

    def inverse(self, weights):
        """M^-1 of a positive definite M like the block's Hessian, as a function of (size,)."""
        if self.tensor is None:
            modes, apply = self.coordinates.modes[:, self.own], self.green.apply
            return lambda vector: modes.T @ apply((modes @ vector).reshape(-1, 3)).ravel()
        values, vectors = scipy.linalg.eigh(self.tensor @ weights)
        compliances = 1 / np.maximum(values, SOFTEST)
        return lambda vector: vectors @ (compliances * (vectors.T @ vector))


def symmetry_blocks(coordinates):
    """The Blocks of symmetric coordinates; none if there is no symmetry to break."""
    symmetry = find_symmetry(coordinates.reference)
    # What leaves a random one of the symmetric displacements unchanged does so with all of them.
    chance = np.random.default_rng(0).normal(size=coordinates.modes.shape[1])
    symmetry = symmetry.subgroup(symmetry.keeps(coordinates.modes @ chance))
    blocks = []
    for characters, subgroup in representations(symmetry):
        own = representation_modes(symmetry, characters, subgroup)
        if own.shape[1]:
            modes = hstack([coordinates.modes, own], format="csr")
            orbits = symmetry.subgroup(subgroup).permutations.min(axis=0)
            wider = replace(coordinates, modes=modes, orbits=orbits)
            blocks.append(Block(wider, own.shape[1], round(characters.max())))
    return blocks


def force_constants(minimum):
    """Second derivatives of the descriptors in every block of displacements.

    minimum: a converged Minimum. Returns a Dataset with `hessian_tensor` (coordinate, coordinate_2,
    column), in the minimum's own coordinates, symmetric modes and, last, strain; `force_constants`
    (block, mode, mode_2, column) of the other blocks: columns as in Descriptors, per Angstrom^2,
    NaN beyond each block's size; the blocks' modes and orbits; and the `lowest_curvature` at the
    reference, symmetric modes apart. Raises RelaxationError when the structure is a saddle point
    against a displacement that breaks its symmetry, LammpsError.
    """
    potential = minimum.potential
    with evaluator_for(minimum.coordinates, potential) as evaluator:
        symmetric = hessian_tensor(evaluator)
        evaluations = evaluator.n_evaluations
    blocks = []
    for block in symmetry_blocks(minimum.coordinates):
        with evaluator_for(block.coordinates, potential) as evaluator:
            blocks.append(replace(block, tensor=_tensor(block, evaluator)))
            evaluations += evaluator.n_evaluations
    curvatures = [np.linalg.eigvalsh(block.tensor @ potential.weights)[0] for block in blocks]
    lowest = min(curvatures, default=np.inf)
    if lowest <= 0:
        raise _saddle_point(potential, f"lowest curvature {lowest:.2e} eV/Angstrom^2")
    constants = _dataset(blocks, minimum, lowest)
    constants["hessian_tensor"] = variable(
        ("coordinate", "coordinate_2", "column"),
        symmetric,
        "1/Angstrom^2",
        "second derivatives of descriptors in the amplitudes of symmetric modes and, last, strain; "
        "the last column is the fixed reference in eV",
    )
    constants.attrs |= {"potential": potential.name, "evaluations": evaluations}
    return constants


def blocks_from_dataset(constants, coordinates):
    """The Blocks in a Dataset of `force_constants`; coordinates: the symmetric ones."""
    blocks = []
    for index in range(constants.sizes["block"]):
        here = constants.isel(block=index)
        size = int(here["block_size"])
        own = here["block_displacements"].values[:size].reshape(size, -1).T
        wider = replace(
            coordinates,
            modes=hstack([coordinates.modes, own], format="csr"),
            orbits=here["block_orbit"].values,
        )
        tensor = here["force_constants"].values[:size, :size]
        blocks.append(Block(wider, size, int(here["block_dimension"]), tensor))
    return blocks


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
        guesses = self.softness or [
            np.linalg.eigvalsh(block.tensor @ weights)[0] for block in self.blocks
        ]
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
            return evaluator.gradient(block.at(q, step * direction))[block.own] @ weights / step

        modes, inverse = block.coordinates.modes[:, block.own], block.inverse(weights)
        # Random forces on the atoms: the answer does not depend on how the modes were chosen.
        start = modes.T @ np.random.default_rng(0).normal(size=modes.shape[0])
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
            raise _saddle_point(potential, f"lowest curvature {lowest:.2e} times the crystal's")
        return curvatures


def _saddle_point(potential, how):
    return RelaxationError(
        f"{potential.name}: the relaxed reference is a saddle point ({how}): its defect breaks the "
        "symmetry it was relaxed in"
    )


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


def _tensor(block, evaluator):
    """Second derivatives of all columns along the block's modes at the reference."""
    symmetric = np.zeros(block.coordinates.size - block.size)
    rows = []
    for direction in np.eye(block.size):
        step = block.step(direction)
        rows.append(evaluator.gradient(block.at(symmetric, step * direction))[block.own] / step)
    tensor = np.array(rows)
    return (tensor + tensor.transpose(1, 0, 2)) / 2


def _dataset(blocks, minimum, lowest):
    count, columns = len(minimum.atoms), len(minimum.potential.weights)
    size = max((block.size for block in blocks), default=0)
    constants = np.full((len(blocks), size, size, columns), np.nan)
    modes = np.full((len(blocks), size, count, 3), np.nan)
    for index, block in enumerate(blocks):
        constants[index, : block.size, : block.size] = block.tensor
        own = block.coordinates.modes[:, block.own].toarray()
        modes[index, : block.size] = own.T.reshape(block.size, count, 3)
    return xr.Dataset(
        {
            "force_constants": variable(
                ("block", "mode", "mode_2", "column"),
                constants,
                "1/Angstrom^2",
                "second derivatives of descriptors along displacements of one symmetry; the last "
                "column is the fixed reference in eV/Angstrom^2",
            ),
            "block_size": variable("block", [b.size for b in blocks], "1", "modes of the block"),
            "block_dimension": variable(
                "block",
                [b.dimension for b in blocks],
                "1",
                "dimension of the block's representation: so many sets of such modes there are",
            ),
            "block_displacements": variable(
                ("block", "mode", "atom", "xyz"), modes, "1", "orthonormal displacement modes"
            ),
            "block_orbit": variable(
                ("block", "atom"),
                np.reshape([block.coordinates.orbits for block in blocks], (len(blocks), count)),
                "1",
                "first atom of each atom's orbit under the symmetry that the block keeps",
            ),
            "lowest_curvature": variable(
                (),
                lowest,
                "eV/Angstrom^2",
                "lowest curvature at the reference, symmetric modes apart",
            ),
        }
    )
