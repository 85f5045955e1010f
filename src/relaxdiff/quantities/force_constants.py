"""Force constants of a periodic supercell: from a file of phonopy's, and of any potential.

The force constants are the second derivatives of the supercell's energy by Cartesian displacements,

    Phi_ij,ab = d2U / du_ia du_jb,

of atoms i and j, in eV/Angstrom^2. Atoms that a translation of the crystal's lattice maps on each
other have the same, with the other atoms exchanged as the translation does. So the rows of one atom
of each kind give the whole matrix: of diamond's two whatever the supercell.
"""

import lzma
import zlib
from copy import copy

import numpy as np
from ase.io.formats import open_with_compression
from scipy.sparse import csr_array, eye_array

from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.potentials import weights_of
from relaxdiff.quantities.crystal_at import Quantity
from relaxdiff.structures import Coordinates, Freedom, find_symmetry, read_structure

UNIT = "eV/Angstrom^2"
SYMMETRY_TOLERANCE = 1e-5  # Angstrom; of a file, whose positions may have few digits
REPEATED = 1e-6  # Angstrom; an atom's rows are taken for another's only where this well repeated
# Of the largest force constant: more than this between atoms that a translation maps on each other
# is no noise.
LARGEST_DIFFERENCE = 0.1
PER_PAIR = 11  # numbers in the file: the two atoms, and nine force constants


def read_force_constants(path, structure):
    """Phi of each pair of atoms, (N, N, 3, 3), eV/Angstrom^2, from a file FORCE_CONSTANTS.

    path: of the file, as phonopy writes it (https://phonopy.github.io/phonopy/input-files.html),
    with the rows of all atoms or only of those of a primitive cell, and perhaps compressed (.xz,
    .gz, .bz2); structure: path of the supercell, such as SPOSCAR. Raises InputError, which names
    the file, for one that cannot be read or is not for this supercell.
    """
    atoms = read_structure(structure)
    rows, blocks = _read(path, len(atoms), structure)
    lattice = _translations(atoms)
    first = lattice.representatives
    if len(rows) < len(atoms):
        if not np.array_equal(np.sort(lattice.permutations.min(axis=0)[rows]), first):
            raise InputError(
                f"{path}: has the rows of {len(rows)} of {len(atoms)} atoms, from which the "
                f"lattice translations of {structure} do not make the others"
            )
        return _of_all_atoms(blocks, rows, lattice.permutations)
    apart = np.abs(_of_all_atoms(blocks[first], first, lattice.permutations) - blocks).max()
    if apart > LARGEST_DIFFERENCE * np.abs(blocks).max():
        raise InputError(
            f"{path}: its force constants do not have the lattice translations of {structure}: the "
            "order of the atoms is another"
        )
    return blocks


class SupercellForceConstants:
    """Force constants of a supercell at any parameters of a potential, the structure held.

    potential: Potential; atoms: the periodic supercell. Raises InputError for one that is not
    periodic, or holds an element that the potential is not for.
    """

    def __init__(self, potential, atoms):
        unknown = sorted(set(atoms.symbols) - set(potential.elements))
        if unknown:
            raise InputError(f"{potential.name}: is not for {', '.join(unknown)}")
        if not atoms.pbc.all():
            raise InputError("force constants need a supercell that is periodic in x, y and z")
        self.potential, self.atoms = potential, atoms
        self.coordinates = _all_coordinates(atoms)
        self._lattice = _translations(atoms, REPEATED)
        self._kept = None

    @property
    def rows(self):
        """Atoms from which translations reach all others, one of each kind, (row,)."""
        return self._lattice.representatives

    @property
    def kinds(self):
        """Which of `rows` each atom is a translation of, (N,)."""
        found = np.empty(len(self.atoms), dtype=int)
        found[self._lattice.permutations[:, self.rows]] = np.arange(len(self.rows))
        return found

    def moved_to(self, atoms):
        """The same of atoms elsewhere, which have the same translations."""
        found = copy(self)
        found.atoms, found.coordinates, found._kept = atoms, _all_coordinates(atoms), None
        return found

    def at(self, theta):
        """The Quantity at parameters (P,): its values are Phi, (N, N, 3, 3), in one row, (9 N^2,).

        Raises EvaluationError where they are not finite.
        """
        columns = _of_all_atoms(self.rows_at(theta), self.rows, self._lattice.permutations)
        columns = (columns + columns.transpose(1, 0, 3, 2, 4)) / 2
        columns = columns.reshape(-1, columns.shape[-1])
        return Quantity(columns @ weights_of(theta), columns[:, :-1], UNIT)

    def rows_at(self, theta):
        """Columns of Phi of `rows` with all atoms, (row, N, 3, 3, P + 1).

        Times `weights_of(theta)` they give Phi. Those of a linear potential are kept. Raises
        EvaluationError where they are not finite.
        """
        if self._kept is not None:
            return self._kept
        # Columns of a potential that is not linear are those of its expansion about its own theta.
        components = (3 * self.rows[:, None] + np.arange(3)).ravel()
        with self.potential.with_theta(theta).evaluator(self.coordinates) as evaluator:
            tensor = evaluator.hessian_columns(components)
        if not np.isfinite(tensor).all():
            raise EvaluationError(f"{self.potential.name}: its force constants are not finite")
        found = tensor.reshape(len(self.rows), 3, len(self.atoms), 3, -1).swapaxes(1, 2)
        if self.potential.is_linear:
            self._kept = found
        return found


def _all_coordinates(atoms):
    """Coordinates that are all displacements of all atoms, (3N,)."""
    still, displacements = np.zeros((0, 3, 3)), csr_array(eye_array(3 * len(atoms)))
    return Coordinates(atoms.copy(), displacements, np.arange(len(atoms)), still, Freedom(still))


def _translations(atoms, tolerance=SYMMETRY_TOLERANCE):
    """The Symmetry of the translations that map a periodic structure on itself."""
    symmetry = find_symmetry(atoms, tolerance)
    return symmetry.subgroup(np.isclose(symmetry.rotations, np.eye(3)).all(axis=(1, 2)))


def _of_all_atoms(blocks, rows, shifts):
    """Blocks (N, N, ...) of all pairs of atoms from those of some rows, (row, N, ...).

    rows: their atoms, (row,), from which translations reach all others; shifts: the permutations
    of the translations, (translation, N).
    """
    reached = shifts[:, rows]
    translation, row = np.empty((2, shifts.shape[1]), dtype=int)
    translation[reached], row[reached] = np.indices(reached.shape)
    before = np.argsort(shifts, axis=1)  # the translations back
    return blocks[row[:, None], before[translation]]


def _read(path, count, structure):
    """Atoms whose rows a file has, (row,), and blocks (row, N, 3, 3)."""
    try:
        with open_with_compression(str(path), "rt") as file:
            sizes = [int(word) for word in file.readline().split()]
            numbers = np.array(file.read().split(), dtype=float)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise InputError(f"{path}: is not a file FORCE_CONSTANTS of phonopy's: {error}") from None
    if len(sizes) not in (1, 2) or numbers.size != sizes[0] * sizes[-1] * PER_PAIR:
        raise InputError(
            f"{path}: does not begin with its numbers of atoms, or is not as long as they say"
        )
    if sizes[-1] != count:
        raise InputError(f"{path}: is for {sizes[-1]} atoms, but {structure} has {count}")
    numbers = numbers.reshape(sizes[0], count, PER_PAIR)
    if not np.isfinite(numbers).all():
        raise InputError(f"{path}: holds force constants that are not finite")
    rows = numbers[:, 0, 0].astype(int) - 1
    pairs = np.stack(np.broadcast_arrays(rows[:, None], np.arange(count)), axis=-1) + 1
    known = (0 <= rows).all() and (rows < count).all() and len(set(rows)) == len(rows)
    if not (known and np.array_equal(numbers[..., :2], pairs)):
        raise InputError(f"{path}: the pairs of atoms are not in phonopy's order")
    return rows, numbers[..., 2:].reshape(sizes[0], count, 3, 3)
