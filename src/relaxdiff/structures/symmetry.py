"""Space-group operations of a structure, and the ways to break them."""

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.linalg
import spglib
import spglib.error
from ase.geometry import find_mic
from scipy.spatial import cKDTree

from relaxdiff.exceptions import InputError
from relaxdiff.structures.neighbours import images_around

spglib.error.OLD_ERROR_HANDLING = False  # failures raise, as in the coming spglib 3

# Angstrom; atoms further from their image than this break the symmetry. spglib's own default.
SYMMETRY_TOLERANCE = 1e-5
PAIRS_OF_ATOMS = 50000  # at a time, to limit memory


@dataclass(frozen=True)
class Symmetry:
    """Operations that map a structure on itself.

    rotations: Cartesian, shape (operation, 3, 3); permutations: shape (operation, N), atom i goes
    to atom permutations[operation, i]; directions: orthonormal directions in which atoms may move,
    shape (1 to 3, 3); all operations keep their span.
    """

    rotations: np.ndarray
    permutations: np.ndarray
    directions: np.ndarray = field(default_factory=lambda: np.eye(3))

    @property
    def representatives(self):
        """The first atom of each orbit, ascending."""
        return np.unique(self.permutations.min(axis=0))

    def subgroup(self, operations):
        """The Symmetry of some of the operations, given by their indices or a mask."""
        operations = np.asarray(operations)
        if operations.dtype == bool and operations.all():
            return self  # permutations are large and not copied
        return replace(
            self,
            rotations=self.rotations[operations],
            permutations=self.permutations[operations],
        )

    def without_translations(self):
        """The Symmetry itself or, if it contains translations within the cell, a point group.

        It is the point group of the site that most operations keep. A perfect supercell of n cells
        has n times the operations of its point group, and too many subgroups to list.
        """
        moves = (self.permutations != np.arange(self.permutations.shape[1])).any(axis=1)
        if not (moves & np.isclose(self.rotations, np.eye(3)).all(axis=(1, 2))).any():
            return self
        kept = self.permutations == np.arange(self.permutations.shape[1])
        return self.subgroup(kept[:, np.argmax(kept.sum(axis=0))])

    def confined(self, directions):
        """The Symmetry if atoms move only in some directions, orthonormal, shape (d, 3)."""
        kept = self.keeps_matrices((directions.T @ directions)[None])
        return replace(self.subgroup(kept), directions=directions)

    def keeps_span(self, matrices):
        """Which operations keep the span of symmetric matrices, (k, 3, 3); a mask."""
        basis = span_of(matrices)
        turned = self._turned(matrices).reshape(len(self.rotations), len(matrices), 9)
        return np.abs(turned - turned @ basis @ basis.T).max(axis=(1, 2), initial=0) < 1e-6

    def keeps_matrices(self, matrices):
        """Which operations leave each of some symmetric matrices, (k, 3, 3), unchanged; a mask."""
        return np.abs(self._turned(matrices) - matrices).max(axis=(1, 2, 3), initial=0) < 1e-6

    def _turned(self, matrices):
        """R M R^T of each matrix, (k, 3, 3), for each operation, shape (operation, k, 3, 3)."""
        return np.einsum("gia,gjb,mab->gmij", self.rotations, self.rotations, matrices)

    def keeps(self, fields):
        """Which operations leave displacement fields unchanged; fields (3N, m), returns a mask."""
        fields = fields.reshape(self.permutations.shape[1], 3, -1)
        return np.array(
            [
                np.allclose(fields[permutation], np.einsum("ij,njm->nim", rotation, fields))
                for rotation, permutation in zip(self.rotations, self.permutations, strict=True)
            ]
        )


def find_symmetry(atoms, tolerance=SYMMETRY_TOLERANCE, fixed=None):
    """Space-group operations of a periodic structure, found by spglib.

    fixed: mask (N,) of atoms that are mapped only on each other, or None.

    spglib's time grows at least with the square of the number of atoms, so it is given only the
    atoms with the rarest surroundings, which every operation maps on each other (the neighbours of
    a vacancy, all atoms of a crystal). Of the operations found, only those that map all atoms are
    kept. Raises InputError when spglib finds none (atoms on top of each other).
    """
    scaled = _in_cell(atoms.get_scaled_positions(wrap=False))
    kinds = atoms.numbers if fixed is None else atoms.numbers + 1000 * np.asarray(fixed)
    rarest = _rarest(atoms, kinds)
    structure = (atoms.cell.array, scaled[rarest], kinds[rarest])
    try:
        found = spglib.get_symmetry(structure, symprec=tolerance)
    except spglib.error.SpglibError as error:
        raise InputError(
            f"{atoms.get_chemical_formula()}: spglib finds no symmetry: {error}"
        ) from None
    cell = atoms.cell.array.T
    images = _Images(scaled, kinds, cell, 2 * tolerance)
    rotations, permutations = [], []
    for rotation, translation in zip(found["rotations"], found["translations"], strict=True):
        permutation = images.of(rotation, translation)
        if permutation is not None:
            rotations.append(cell @ rotation @ np.linalg.inv(cell))
            permutations.append(permutation)
    return Symmetry(np.array(rotations), np.array(permutations))


def symmetrised(atoms, tolerance):
    """A periodic structure, averaged over all operations that map it on itself within noise.

    tolerance: how far noise may move atoms and cell vectors, Angstrom. The cell becomes the
    nearest that the operations keep, measured by the inner product M = <R^T R>, the mean over them;
    its volume changes only in second order. Raises InputError as `find_symmetry` does.
    """
    operations = find_symmetry(atoms, tolerance)
    turns, moves = operations.rotations, operations.permutations
    stretch = scipy.linalg.sqrtm(np.einsum("gki,gkj->ij", turns, turns) / len(turns)).real
    turns = stretch @ turns @ np.linalg.inv(stretch)  # now orthogonal: in a noisy cell they are not
    found = atoms.copy()
    found.set_cell(atoms.cell.array @ stretch, scale_atoms=True)
    total = np.zeros_like(found.positions)
    for turn, images in zip(turns, moves, strict=True):
        apart = found.positions[images] - found.positions @ turn.T
        apart, _ = find_mic(apart - apart[0], found.cell)
        total += (apart - apart.mean(axis=0)) @ turn
    found.positions += total / len(turns)
    return found


def no_symmetry(n_atoms):
    """Only the identity, for a structure treated without symmetry."""
    return Symmetry(np.eye(3)[None], np.arange(n_atoms)[None])


def representations(symmetry):
    """The ways to break a symmetry: real irreducible representations, the trivial one left out.

    Returns pairs (characters, subgroup): characters, one per operation; subgroup, a mask of the
    operations in the largest subgroup that leaves some displacement of the representation unchanged
    (an isotropy subgroup; Stokes & Hatch, Isotropy Subgroups of the 230 Crystallographic Space
    Groups, 1988).
    """
    products = _products(symmetry)
    order = len(products)
    # A generic symmetric matrix that commutes with the regular representation g: e_h -> e_gh. Its
    # eigenspaces are irreducible, and every representation is among them.
    commuting = np.zeros((order, order))
    for operation, chance in enumerate(np.random.default_rng(0).normal(size=order)):
        commuting[products[:, operation], np.arange(order)] += chance
    values, vectors = np.linalg.eigh(commuting + commuting.T)
    ends = np.flatnonzero(np.diff(values) > 1e-6 * np.ptp(values)) + 1
    inverses = np.argsort(products, axis=1)
    found = {}
    for space in np.split(vectors, ends, axis=1):
        characters = np.array([np.sum(space[images] * space) for images in inverses])
        characters = characters.round(6) + 0.0  # no negative zeros
        found[characters.tobytes()] = characters
    subgroups = _subgroups(products)
    return [
        # The mean of the characters over a subgroup counts the vectors that it keeps.
        (each, subgroups[np.argmax(subgroups @ each > 0.5 * subgroups.sum(axis=1))])
        for each in found.values()
        if not np.allclose(each, 1)
    ]


def _rarest(atoms, kinds):
    """Indices of the atoms with the rarest surroundings, judged by near neighbours."""
    reach = 1.8 * (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found, images = images_around(atoms, atoms.positions, reach)
    around = cKDTree(atoms.positions[found] + images @ atoms.cell.array)
    kind = np.unique(kinds, return_inverse=True)[1] + 1.0
    sums = 100 * kind
    for some in np.array_split(np.arange(len(atoms)), len(atoms) // PAIRS_OF_ATOMS + 1):
        some_tree = cKDTree(atoms.positions[some])
        pairs = some_tree.sparse_distance_matrix(around, reach, output_type="ndarray")
        weights = kind[found[pairs["j"]]] * np.exp(-pairs["v"])
        sums[some] += np.bincount(pairs["i"], weights, minlength=len(some))
    order = np.argsort(sums)
    # Sums count as equal if displacements within the tolerance can explain their difference.
    classes = np.split(order, np.flatnonzero(np.diff(sums[order]) > 1e-3) + 1)
    return np.sort(min(classes, key=len))


class _Images:
    """Where operations take each atom.

    scaled: coordinates of the atoms, (N, 3); kinds: (N,), only atoms of equal kind are mapped on
    each other; cell: its vectors, columns; tolerance: Angstrom between an atom's image and the
    next atom, more than spglib's own, which operations may exceed after averaging.

    Searching the atom nearest to each image takes most of the time in cells of many atoms. An
    operation that is the product of two known ones needs no search: of the 48 operations of a cube
    only a few do.
    """

    def __init__(self, scaled, kinds, cell, tolerance):
        self.scaled, self.kinds, self.cell, self.tolerance = scaled, kinds, cell, tolerance
        self.sites = cKDTree(scaled, boxsize=1)
        self.known, self.generators = {}, []

    def of(self, rotation, translation):
        """The permutation (N,) of an operation in scaled coordinates; None if it is no symmetry."""
        moved = self.scaled @ rotation.T + translation
        permutation = self._composed(rotation, translation)
        if permutation is None or not self._same(moved, permutation):
            permutation = self.sites.query(_in_cell(moved))[1].astype(np.int32)
            if not self._same(moved, permutation):
                return None
            self.generators.append((np.linalg.inv(rotation), translation, permutation))
        self.known[_key(rotation, translation)] = permutation
        return permutation

    def _composed(self, rotation, translation):
        for back, shift, last in self.generators:
            first = self.known.get(_key(back @ rotation, back @ (translation - shift)))
            if first is not None:
                return last[first]
        return None

    def _same(self, moved, permutation):
        """Whether the images (N, 3) are at the atoms that the permutation says, of their kinds."""
        apart = moved - self.scaled[permutation]
        apart = (apart - np.round(apart)) @ self.cell.T
        squares = np.einsum("ij,ij->i", apart, apart)
        near = squares.max() < self.tolerance**2
        return near and np.array_equal(self.kinds, self.kinds[permutation])


def _key(rotation, translation):
    """The same for equal operations, except for a rare translation that is rounded differently."""
    turn, shift = np.round(rotation).astype(int), np.round(1000 * translation).astype(int) % 1000
    return turn.tobytes() + shift.tobytes()


def _in_cell(scaled):
    """Scaled coordinates wrapped to 0 <= x < 1."""
    wrapped = scaled % 1
    return np.where(wrapped < 1, wrapped, 0.0)  # -1e-17 % 1 is 1


def _products(symmetry):
    """Multiplication table: products[a, b] is the operation b followed by a."""

    def key(rotation, permutation):
        return np.round(rotation, 3).tobytes() + permutation.tobytes()

    def positive_zeros(rotations):
        return np.round(rotations, 3) + 0.0

    turns, moves = positive_zeros(symmetry.rotations), symmetry.permutations
    index = {key(turn, move): n for n, (turn, move) in enumerate(zip(turns, moves, strict=True))}
    return np.array(
        [
            [
                index[key(positive_zeros(second @ first), after[before])]
                for first, before in zip(symmetry.rotations, moves, strict=True)
            ]
            for second, after in zip(symmetry.rotations, moves, strict=True)
        ]
    )


def _subgroups(products):
    """All subgroups, the largest first; masks, one per row."""
    identity = products[:, 0] == 0
    found, new = {}, {identity.tobytes(): identity}
    while new:
        found |= new
        joined = [
            _closure(products, mask, operation)
            for mask in new.values()
            for operation in np.flatnonzero(~mask)
        ]
        new = {mask.tobytes(): mask for mask in joined if mask.tobytes() not in found}
    masks = np.array([found[name] for name in sorted(found)])
    return masks[np.argsort(-masks.sum(axis=1), kind="stable")]


def _closure(products, mask, operation):
    """The subgroup that a subgroup and one more operation generate."""
    mask = mask.copy()
    mask[operation] = True
    size = 0
    while mask.sum() > size:
        size = mask.sum()
        members = np.flatnonzero(mask)
        mask[products[np.ix_(members, members)]] = True
    return mask


def span_of(matrices):
    """Orthonormal basis of matrices (k, 3, 3) as vectors, columns, shape (9, up to k)."""
    left, sizes, _ = np.linalg.svd(np.reshape(matrices, (-1, 9)).T, full_matrices=False)
    return left[:, sizes > 1e-9]
