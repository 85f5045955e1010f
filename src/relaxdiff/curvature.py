"""Whether a symmetric minimum is a minimum in the full space, or a saddle point.

Relaxation in symmetric coordinates cannot leave a structure that has become unstable against a
displacement of lower symmetry. Symmetry divides those displacements into blocks, one for each
irreducible representation, between which the Hessian is zero; negative curvatures of each block are
looked for at the variant's own minimum, on exact gradients. Force constants of the reference, which
are linear in Theta, only make the search short. A direction of negative curvature proves a saddle
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
from relaxdiff.solvers.dense import hessian_tensor
from relaxdiff.symmetry import find_symmetry, modes_of, representations

DISPLACEMENT_STEP = 1e-5  # Angstrom, of the atom that moves most
SOFTEST = 2.0  # eV/Angstrom^2; smaller curvatures of the force constants count as so much
RESIDUAL, FEWEST_STEPS = 0.1, 3  # when a Ritz value counts as converged, relative to itself


@dataclass(frozen=True)
class Block:
    """Displacements of one way to break the symmetry.

    coordinates: the symmetric modes first, then `size` modes of the block, then the strain;
    dimension: how many such sets of modes there are, related by symmetry, with the same curvatures;
    tensor: second derivatives of the columns along the block's modes at the reference, shape (size,
    size, P + 1), or None before they are known.
    """

    coordinates: Coordinates
    size: int
    dimension: int
    tensor: np.ndarray | None = None

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


def symmetry_blocks(coordinates):
    """The Blocks of symmetric coordinates; none if there is no symmetry to break."""
    symmetry = find_symmetry(coordinates.reference)
    symmetry = symmetry.subgroup(symmetry.keeps(coordinates.modes.toarray()))
    blocks = []
    for characters, subgroup in representations(symmetry):
        own = modes_of(symmetry, characters, subgroup)
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
        raise RelaxationError(
            f"{potential.name}: the relaxed reference is a saddle point (lowest curvature "
            f"{lowest:.2e} eV/Angstrom^2): its defect breaks the symmetry it was relaxed in"
        )
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

    potential: SnapPotential that gives the descriptors; coordinates: those of the variants' q;
    constants: Dataset of `force_constants`.
    """

    def __init__(self, potential, coordinates, constants):
        self.blocks = blocks_from_dataset(constants, coordinates)
        self.evaluators = [evaluator_for(block.coordinates, potential) for block in self.blocks]

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

        Blocks are looked at in the order of their force constants' lowest curvatures.
        """
        guesses = [np.linalg.eigvalsh(block.tensor @ weights)[0] for block in self.blocks]
        softest_first = map(int, np.argsort(guesses))
        return next((n for n in softest_first if not self.is_stable(n, weights, q)), None)

    def is_stable(self, index, weights, q):
        """Whether all curvatures of one block are positive at q.

        The Hessian H and M^-1/2 H M^-1/2 have as many negative eigenvalues each, for any positive
        definite M (Sylvester). With M from the force constants most eigenvalues of the second are
        near 1, and few Lanczos steps find those that are not.
        """
        block, evaluator = self.blocks[index], self.evaluators[index]
        values, vectors = scipy.linalg.eigh(block.tensor @ weights)
        root = vectors * np.maximum(values, SOFTEST) ** -0.5  # M^-1/2 = root @ vectors.T

        def image(vector):
            direction = root @ vector
            step = block.step(direction)
            gradient = evaluator.gradient(block.at(q, step * direction))[block.own] @ weights
            return root.T @ gradient / step

        return _is_positive(image, block.size)


def _is_positive(image, size):
    """Whether a symmetric matrix, known by its images of vectors, has no negative eigenvalue.

    Lanczos steps from a random vector, with all vectors kept orthogonal (Golub & Van Loan, Matrix
    Computations, 10.1 and 10.3). scipy's eigensolvers would go on when the answer is known: a
    negative Ritz value is a proof, and a lowest one that is positive and has converged is enough.
    """
    chance = np.random.default_rng(0).normal(size=size)
    basis = [chance / np.linalg.norm(chance)]
    projected = np.zeros((size, size))
    for step in range(size):
        ahead = image(basis[-1])
        projected[: step + 1, step] = projected[step, : step + 1] = np.array(basis) @ ahead
        ritz, vectors = np.linalg.eigh(projected[: step + 1, : step + 1])
        if ritz[0] <= 0:
            return False
        for _ in range(2):
            ahead = ahead - np.array(basis).T @ (np.array(basis) @ ahead)
        residual = np.linalg.norm(ahead)
        converged = residual * abs(vectors[-1, 0]) < RESIDUAL * ritz[0]
        if residual < 1e-6 or (converged and step + 1 >= FEWEST_STEPS):
            break
        basis.append(ahead / residual)
    return True


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
