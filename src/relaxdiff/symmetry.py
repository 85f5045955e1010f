"""Space-group operations of a supercell and the displacement modes that they leave unchanged.

A change of potential parameters keeps the symmetry of a structure, so the response to it lives in
the totally symmetric displacements alone: 12 modes for a bcc vacancy in 4x4x4 cells, 3N - 3 for a
structure without symmetry.
"""

from dataclasses import dataclass

import numpy as np
import spglib
import spglib.error

from relaxdiff.exceptions import InputError

spglib.error.OLD_ERROR_HANDLING = False  # failures raise, as in the coming spglib 3

SYMMETRY_TOLERANCE = 1e-5  # Angstrom; atoms further from their image than this break the symmetry


@dataclass(frozen=True)
class Symmetry:
    """Operations that map a structure on itself.

    rotations: Cartesian, shape (operation, 3, 3); permutations: shape (operation, N), atom i goes
    to atom permutations[operation, i].
    """

    rotations: np.ndarray
    permutations: np.ndarray

    @property
    def representatives(self):
        """The first atom of each orbit, ascending."""
        return np.unique(self.permutations.min(axis=0))


def find_symmetry(atoms, tolerance=SYMMETRY_TOLERANCE):
    """Space-group operations of a periodic structure, found by spglib.

    Raises InputError when spglib finds none (atoms on top of each other).
    """
    structure = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    try:
        found = spglib.get_symmetry(structure, symprec=tolerance)
    except spglib.error.SpglibError as error:
        raise InputError(
            f"{atoms.get_chemical_formula()}: spglib finds no symmetry: {error}"
        ) from None
    cell = atoms.cell.array.T
    rotations = cell @ found["rotations"] @ np.linalg.inv(cell)
    scaled = atoms.get_scaled_positions()
    permutations = np.array(
        [
            _permutation(scaled, rotation, translation)
            for rotation, translation in zip(found["rotations"], found["translations"], strict=True)
        ]
    )
    return Symmetry(rotations, permutations)


def no_symmetry(n_atoms):
    """The identity alone, for a structure treated without symmetry."""
    return Symmetry(np.eye(3)[None], np.arange(n_atoms)[None])


def displacement_modes(symmetry):
    """Orthonormal basis of the totally symmetric displacements without rigid translations.

    Returns an array of shape (3N, modes); a displacement field is `basis @ amplitudes`, reshaped to
    (N, 3). Each atom of an orbit moves by the image of its representative's displacement, which the
    operations that keep the representative in place must leave unchanged.
    """
    n_atoms = symmetry.permutations.shape[1]
    modes = []
    for atom in symmetry.representatives:
        images = symmetry.permutations[:, atom]
        for direction in _invariant_directions(symmetry.rotations[images == atom]):
            mode = np.zeros((n_atoms, 3))
            mode[images] = symmetry.rotations @ direction
            modes.append(mode.ravel() / np.linalg.norm(mode))
    basis = np.array(modes).reshape(len(modes), 3 * n_atoms).T
    return _without(basis, _translations(symmetry))


def _permutation(scaled, rotation, translation):
    moved = scaled @ rotation.T + translation
    distance = moved[:, None, :] - scaled[None, :, :]
    distance -= np.round(distance)
    return np.argmin((distance**2).sum(axis=2), axis=1)


def _invariant_directions(rotations):
    """Orthonormal directions that all rotations keep, shape (0 to 3, 3)."""
    values, vectors = np.linalg.eigh((lambda mean: (mean + mean.T) / 2)(rotations.mean(axis=0)))
    return vectors.T[values > 0.5]  # the mean over a group projects: its eigenvalues are 0 or 1


def _translations(symmetry):
    """Rigid translations that are totally symmetric, orthonormal columns, shape (3N, 0 to 3)."""
    n_atoms = symmetry.permutations.shape[1]
    directions = _invariant_directions(symmetry.rotations)
    return np.tile(directions, (1, n_atoms)).T / np.sqrt(n_atoms)


def _without(basis, removed):
    """Orthonormal basis of the span of `basis` orthogonal to the columns of `removed` within it."""
    if removed.shape[1] == 0:
        return basis
    inside = basis.T @ removed
    rest = np.linalg.qr(inside, mode="complete")[0][:, removed.shape[1] :]
    return basis @ rest
