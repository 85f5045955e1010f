"""Blocks of the full Hessian: displacements and strains by how they break the symmetry.

The displacements and strains that lower the symmetry divide into blocks, one for each irreducible
representation, between which the Hessian is zero. No block moves atoms or cell symmetrically, so at
a symmetric structure each block's gradient is zero, for every column, and one displaced structure
gives a second derivative.

Where translations within the cell are symmetries too, the representations are those of a point
group without these; what this group keeps but the whole symmetry breaks is one more block.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
import xarray as xr
from scipy.sparse import csr_array, hstack

from relaxdiff.exceptions import RelaxationError
from relaxdiff.files import variable
from relaxdiff.minima.hessian_models import (
    CrystalHessian,
    TensorHessian,
    column_curvature,
    hessian_variable,
)
from relaxdiff.minima.lattice_green import LatticeGreen
from relaxdiff.minima.quadratic_models import inverse_in
from relaxdiff.potentials import ONE_POINT_STEP, symmetrised, weights_of
from relaxdiff.structures import (
    Coordinates,
    displacement_modes,
    find_symmetry,
    remaining_modes,
    remaining_strains,
    representation_modes,
    representations,
    strain_modes,
)

SOFTEST = 2.0  # eV/Angstrom^2; smaller curvatures of the force constants are raised to it


@dataclass(frozen=True)
class Block:
    """Displacements and strains of one way to break the symmetry.

    coordinates: the symmetric modes first, then those of the block, then symmetric strains and the
    block's; n_modes, n_strains: how many of each are the block's own; dimension: number of such
    sets of modes, which are related by symmetry and have the same curvatures; tensor: second
    derivatives of the columns along the block's amplitudes at the reference, shape
    (size, size, P + 1), or None if not known; green: the crystal's LatticeGreen, used without it.

    Amplitudes are lengths (Angstrom): those of strains count the edge of the cell times the strain.
    """

    coordinates: Coordinates
    n_modes: int
    n_strains: int
    dimension: int
    tensor: np.ndarray | None = None
    green: LatticeGreen | None = None

    @property
    def size(self):
        """Number of the block's own amplitudes."""
        return self.n_modes + self.n_strains

    @functools.cached_property
    def own(self):
        """Mask of the block's own among the coordinates, (n,)."""
        mask = np.zeros(self.coordinates.size, dtype=bool)
        mask[self.coordinates.n_modes - self.n_modes : self.coordinates.n_modes] = True
        mask[self.coordinates.size - self.n_strains :] = True
        return mask

    @property
    def own_modes(self):
        """The block's own displacements, sparse, (3N, n_modes)."""
        return self.coordinates.modes[:, self.coordinates.n_modes - self.n_modes :]

    @property
    def own_strains(self):
        """The block's own strains, (n_strains, 3, 3)."""
        return self.coordinates.strains[len(self.coordinates.strains) - self.n_strains :]

    def at(self, q, amplitudes):
        """Coordinates of a symmetric structure q after displacement by the block's amplitudes."""
        wider = np.empty(self.coordinates.size)
        wider[~self.own] = q
        wider[self.own] = amplitudes / self.coordinates.scale[self.own]
        return wider

    def gradient(self, gradient):
        """Gradient by the block's amplitudes, (size, ...), from that by coordinates, (n, ...)."""
        scale = self.coordinates.scale[self.own]
        return gradient[self.own] / scale.reshape(-1, *[1] * (gradient.ndim - 1))

    def step(self, direction):
        """Factor for a direction, such that what moves most moves by ONE_POINT_STEP."""
        moved = np.abs(self.own_modes @ direction[: self.n_modes]).max(initial=0.0)
        strained = np.abs(direction[self.n_modes :]).max(initial=0.0)
        return ONE_POINT_STEP / max(moved, strained)

    def lowest(self, theta):
        """Lowest curvature at the reference (eV/Angstrom^2) and its direction (size,)."""
        values, vectors = scipy.linalg.eigh(self.tensor @ weights_of(theta))
        return values[0], vectors[:, 0]

    def inverse(self, theta):
        """M^-1 as a function of (size,); M: positive definite, similar to the block's Hessian."""
        if self.tensor is None:
            wider = replace(
                self.coordinates, modes=csr_array(self.own_modes), strains=self.own_strains
            )
            scale, apply = wider.scale, inverse_in(wider, self.green)
            return lambda vector: scale * apply(scale * vector)
        values, vectors = scipy.linalg.eigh(self.tensor @ weights_of(theta))
        compliances = 1 / np.maximum(values, SOFTEST)
        return lambda vector: vectors @ (compliances * (vectors.T @ vector))


def symmetry_blocks(coordinates):
    """The Blocks of symmetric coordinates; none if there is no symmetry to break."""
    held = coordinates.freedom.fixed
    if coordinates.size == coordinates.freedom.size(len(coordinates.reference)):
        return []
    symmetry = find_symmetry(coordinates.reference, fixed=held)
    symmetry = symmetry.confined(coordinates.freedom.directions)
    # An operation that keeps a random symmetric displacement keeps all symmetric displacements.
    chance = np.random.default_rng(0).normal(size=coordinates.n_modes)
    symmetry = symmetry.subgroup(symmetry.keeps(coordinates.modes @ chance))
    allowed = coordinates.freedom.strains
    symmetry = symmetry.subgroup(symmetry.keeps_span(allowed))
    symmetry = symmetry.subgroup(symmetry.keeps_matrices(coordinates.strains))
    group = symmetry.without_translations()
    parts = []
    if len(group.rotations) < len(symmetry.rotations):
        # What the group keeps but the whole symmetry breaks is a block of its own.
        own = remaining_modes(displacement_modes(group, held), coordinates.modes)
        strains = remaining_strains(strain_modes(group, allowed), coordinates.strains)
        parts.append((own, strains, group, 1))
    for characters, subgroup in representations(group):
        own = representation_modes(group, characters, subgroup, held)
        strains = strain_modes(group, allowed, characters, subgroup)
        parts.append((own, strains, group.subgroup(subgroup), round(characters.max())))
    return [
        _block(coordinates, own, strains, kept, dimension)
        for own, strains, kept, dimension in parts
        if own.shape[1] or len(strains)
    ]


def _block(coordinates, own, strains, kept, dimension):
    """A Block of modes (3N, n) and strains (s, 3, 3); kept: the Symmetry that they leave."""
    wider = replace(
        coordinates,
        modes=hstack([coordinates.modes, own], format="csr"),
        orbits=kept.permutations.min(axis=0).astype(int),
        strains=np.concatenate([coordinates.strains, strains]),
    )
    return Block(wider, own.shape[1], len(strains), dimension)


def force_constants(minimum):
    """Second derivatives of the descriptors in every block of displacements.

    minimum: a converged Minimum. Returns a Dataset with `hessian_tensor` (coordinate, coordinate_2,
    column), in the minimum's own coordinates, symmetric modes and, last, strains; `force_constants`
    (block, mode, mode_2, column) of the other blocks: columns as in Descriptors, per Angstrom^2,
    NaN beyond each block's size; the blocks' modes, strains and orbits; and the `lowest_curvature`
    at the reference, symmetric modes apart. Raises RelaxationError when the structure is a saddle
    point against a displacement that breaks its symmetry, LammpsError.
    """
    potential = minimum.potential
    with potential.evaluator(minimum.coordinates) as evaluator:
        symmetric = evaluator.hessian_columns()
        evaluations = evaluator.n_evaluations
    blocks, in_blocks = blocks_at(minimum)
    curvatures = [block.lowest(potential.theta)[0] for block in blocks]
    lowest = min(curvatures, default=np.inf)
    if lowest <= 0:
        raise saddle_point(potential, f"lowest curvature {lowest:.2e} eV/Angstrom^2")
    constants = _dataset(blocks, minimum, lowest)
    constants["hessian_tensor"] = hessian_variable(symmetric, potential.parameters.unit)
    constants.attrs |= {"potential": potential.name, "evaluations": evaluations + in_blocks}
    return constants


def blocks_at(minimum):
    """The Blocks of a minimum with their tensors, a list, and how many evaluations these took."""
    blocks, evaluations = [], 0
    for block in symmetry_blocks(minimum.coordinates):
        with minimum.potential.evaluator(block.coordinates) as evaluator:
            blocks.append(replace(block, tensor=_tensor(block, evaluator)))
            evaluations += evaluator.n_evaluations
    return blocks, evaluations


def blocks_from_dataset(constants, coordinates):
    """The Blocks in a Dataset of `force_constants`; coordinates: the symmetric ones."""
    blocks, count = [], len(coordinates.reference)
    for index, tensor in enumerate(block_tensors(constants)):
        here = constants.isel(block=index)
        n_modes, n_strains = int(here["block_modes"]), int(here["block_strains"])
        own = here["block_displacements"].values[:n_modes].reshape(n_modes, 3 * count).T
        strains = here["block_strain_basis"].values[:n_strains]
        wider = replace(
            coordinates,
            modes=hstack([coordinates.modes, csr_array(own)], format="csr"),
            orbits=here["block_orbit"].values,
            strains=np.concatenate([coordinates.strains, strains]),
        )
        blocks.append(Block(wider, n_modes, n_strains, int(here["block_dimension"]), tensor))
    return blocks


def block_tensors(constants):
    """Second derivatives (n, n, P + 1) of each block in a Dataset of `force_constants`, a list."""
    sizes = (constants["block_modes"] + constants["block_strains"]).values
    tensors = constants["force_constants"].values
    return [tensor[:n, :n] for tensor, n in zip(tensors, sizes, strict=True)]


def tensor_hessian(constants, coordinates):
    """The TensorHessian in a Dataset of `force_constants`; coordinates: the symmetric ones."""
    blocks = tuple(blocks_from_dataset(constants, coordinates))
    return TensorHessian(coordinates, constants["hessian_tensor"].values, blocks)


def crystal_hessian(green, coordinates):
    """The CrystalHessian of a large cell; green: LatticeGreen; coordinates: the symmetric ones."""
    blocks = tuple(replace(block, green=green) for block in symmetry_blocks(coordinates))
    return CrystalHessian(coordinates, green, blocks)


def saddle_point(potential, how):
    return RelaxationError(
        f"{potential.name}: the relaxed reference is a saddle point ({how}): its defect breaks the "
        "symmetry it was relaxed in"
    )


def _tensor(block, evaluator):
    """Second derivatives of all columns along the block's modes at the reference."""
    symmetric = np.zeros(block.coordinates.size - block.size)
    rows = []
    for direction in np.eye(block.size):
        step = block.step(direction)
        columns = evaluator.columns(block.at(symmetric, step * direction))
        rows.append(block.gradient(columns) / step)
    return symmetrised(np.array(rows))


def _dataset(blocks, minimum, lowest):
    count, columns = len(minimum.atoms), 1 + minimum.potential.theta.size
    size, n_modes, n_strains = (
        max((getattr(block, name) for block in blocks), default=0)
        for name in ("size", "n_modes", "n_strains")
    )
    constants = np.full((len(blocks), size, size, columns), np.nan)
    modes = np.full((len(blocks), n_modes, count, 3), np.nan)
    strains = np.full((len(blocks), n_strains, 3, 3), np.nan)
    for index, block in enumerate(blocks):
        constants[index, : block.size, : block.size] = block.tensor
        own = block.own_modes.toarray()
        modes[index, : block.n_modes] = own.T.reshape(block.n_modes, count, 3)
        strains[index, : block.n_strains] = block.own_strains
    return xr.Dataset(
        {
            "force_constants": variable(
                ("block", "mode", "mode_2", "column"),
                constants,
                column_curvature(minimum.potential.parameters.unit),
                "second derivatives of descriptors along displacements of one symmetry and, last, "
                "its strains times the edge of the cell; the last column is the baseline in "
                "eV/Angstrom^2",
            ),
            "block_modes": variable(
                "block", [b.n_modes for b in blocks], "1", "displacement modes of the block"
            ),
            "block_strains": variable(
                "block", [b.n_strains for b in blocks], "1", "strains of the block"
            ),
            "block_dimension": variable(
                "block",
                [b.dimension for b in blocks],
                "1",
                "dimension of the block's representation: so many sets of such modes there are",
            ),
            "block_displacements": variable(
                ("block", "displacement_mode", "atom", "xyz"),
                modes,
                "1",
                "orthonormal displacement modes",
            ),
            "block_strain_basis": variable(
                ("block", "strain", "xyz", "xyz_2"),
                strains,
                "1",
                "strain of the cell per unit of its coordinate",
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
