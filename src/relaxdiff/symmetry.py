"""Space-group operations of a supercell and the displacement modes that they leave unchanged.

A change of potential parameters keeps the symmetry of a structure, so the response to it lives in
the totally symmetric displacements alone: 12 modes for a bcc vacancy in 4x4x4 cells, 3N - 3 for a
structure without symmetry.
"""

from dataclasses import dataclass

import numpy as np
import spglib
import spglib.error
from scipy.sparse import csr_array, hstack
from scipy.spatial import cKDTree

from relaxdiff.exceptions import InputError
from relaxdiff.structures import images_near

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

    def subgroup(self, operations):
        """The Symmetry of some of the operations, given by their indices or a mask."""
        return Symmetry(self.rotations[operations], self.permutations[operations])

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

    fixed: mask (N,) of atoms that are mapped on each other only, or None.

    spglib's time grows with the square of the number of atoms and more, so it is given only the
    atoms with the rarest surroundings, which every operation maps on each other (the neighbours of
    a vacancy, all atoms of a crystal); of the operations found those stay that map all atoms.
    Raises InputError when spglib finds none (atoms on top of each other).
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
    sites = cKDTree(scaled, boxsize=1)
    rotations, permutations = [], []
    for rotation, translation in zip(found["rotations"], found["translations"], strict=True):
        moved = scaled @ rotation.T + translation
        permutation = sites.query(_in_cell(moved))[1]
        apart = moved - scaled[permutation]
        distances = np.linalg.norm((apart - np.round(apart)) @ cell.T, axis=1)
        # spglib allows an operation some more than its tolerance, after averaging.
        same = distances.max() < 2 * tolerance
        if same and np.array_equal(kinds, kinds[permutation]):
            rotations.append(cell @ rotation @ np.linalg.inv(cell))
            permutations.append(permutation)
    return Symmetry(np.array(rotations), np.array(permutations))


def no_symmetry(n_atoms):
    """The identity alone, for a structure treated without symmetry."""
    return Symmetry(np.eye(3)[None], np.arange(n_atoms)[None])


def displacement_modes(symmetry, fixed=None):
    """Orthonormal basis of the totally symmetric displacements without rigid translations.

    fixed: mask (N,) of atoms that do not move, or None; with any, translations are none to remove.

    Returns a sparse array of shape (3N, modes): a mode moves the atoms of one orbit, unless rigid
    translations had to be taken out. A displacement field is `basis @ amplitudes`, reshaped to
    (N, 3). Each atom of an orbit moves by the image of its representative's displacement, which the
    operations that keep the representative in place must leave unchanged.
    """
    basis = _kept(symmetry, fixed)
    if fixed is not None and np.any(fixed):
        return basis
    translations = _translations(symmetry)
    return csr_array(_without(basis.toarray(), translations)) if translations.size else basis


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


def representation_modes(symmetry, characters, subgroup):
    """Orthonormal displacements of one representation that a subgroup keeps, without translations.

    Arguments as in `representations`. Returns a sparse array of shape (3N, modes).
    """
    return _without_translations(*_modes_by_orbit(symmetry, characters, subgroup))


def _rarest(atoms, kinds):
    """Indices of the atoms with the rarest surroundings, as far as near neighbours tell."""
    reach = 1.8 * (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found, images = images_near(atoms, atoms.positions, reach)
    around = cKDTree(atoms.positions[found] + images @ atoms.cell.array)
    pairs = cKDTree(atoms.positions).sparse_distance_matrix(around, reach, output_type="ndarray")
    kind = np.unique(kinds, return_inverse=True)[1] + 1.0
    weights = kind[found[pairs["j"]]] * np.exp(-pairs["v"])
    sums = np.bincount(pairs["i"], weights, minlength=len(atoms)) + 100 * kind
    order = np.argsort(sums)
    # Sums that differ by no more than displacements within the tolerance may make them differ.
    classes = np.split(order, np.flatnonzero(np.diff(sums[order]) > 1e-3) + 1)
    return np.sort(min(classes, key=len))


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


def _kept(symmetry, held=None):
    """Orthonormal displacements that all operations leave unchanged, rigid ones with them.

    held: mask (N,) of atoms that do not move, or None. Sparse, shape (3N, modes).
    """
    representatives = symmetry.representatives
    if held is not None:
        representatives = representatives[~held[representatives]]
    modes = []
    for atom in representatives:
        images, first = np.unique(symmetry.permutations[:, atom], return_index=True)
        keeping = symmetry.rotations[symmetry.permutations[:, atom] == atom]
        rows = (3 * images[:, None] + np.arange(3)).ravel()
        for direction in _invariant_directions(keeping):
            moved = (symmetry.rotations[first] @ direction).ravel()
            modes.append((rows, moved / np.linalg.norm(moved)))
    columns = np.repeat(np.arange(len(modes)), [len(rows) for rows, _ in modes])
    rows, values = (
        (np.concatenate(each) for each in zip(*modes, strict=True)) if modes else ([], [])
    )
    size = 3 * symmetry.permutations.shape[1]
    return csr_array((values, (rows, columns)), shape=(size, len(modes)))


def _modes_by_orbit(symmetry, characters, subgroup):
    """Orthonormal displacements of one representation that a subgroup keeps, rigid ones with them.

    Arguments as in `representations`. An orbit's atoms move by themselves, so that every matrix
    here is small. Returns a list of atoms, shape (k,), and one of modes, shape (3k, modes), of each
    orbit. Source: the projector sum_g character(g) g of Wigner, Group Theory (1959).
    """
    turns = characters[:, None, None] * symmetry.rotations
    orbits = symmetry.permutations.min(axis=0)
    members, fields = [], []
    for first in symmetry.representatives:
        atoms = np.flatnonzero(orbits == first)
        moves = np.searchsorted(atoms, symmetry.permutations[:, atoms])
        basis = _kept(Symmetry(symmetry.rotations, moves).subgroup(subgroup)).toarray()
        came_from = basis.reshape(len(atoms), 3, -1)[np.argsort(moves, axis=1)]
        projected = np.tensordot(turns, came_from, axes=([0, 2], [0, 2])).swapaxes(0, 1)
        overlap = basis.T @ projected.reshape(basis.shape)
        values, vectors = np.linalg.eigh((overlap + overlap.T) / 2)
        members.append(atoms)
        fields.append(basis @ vectors[:, values > 0.5 * len(characters) / characters.max()])
    return members, fields


def _without_translations(members, fields):
    """Orthonormal basis, sparse (3N, modes), of the orbits' modes orthogonal to translations.

    members, fields: of `_modes_by_orbit`. The modes of an orbit are turned so that a few of them
    hold all that is rigid there, these are turned in turn with those of another orbit, the pairs
    with each other, and so on: few modes reach over many orbits. Last come the translations.
    """
    n_atoms = sum(map(len, members))
    directions = np.tile(np.eye(3), (n_atoms, 1)) / np.sqrt(n_atoms)
    rigid, loose = [], []
    for atoms, modes in zip(members, fields, strict=True):
        rows = (3 * atoms[:, None] + np.arange(3)).ravel()
        for parts, columns in zip((rigid, loose), _turned(modes, directions[rows]), strict=True):
            parts.append(_spread(rows, columns, n_atoms))
    while len(rigid) > 1:
        pairs = [hstack(rigid[first : first + 2]) for first in range(0, len(rigid), 2)]
        rigid = []
        for pair in pairs:
            for parts, columns in zip((rigid, loose), _turned(pair, directions), strict=True):
                parts.append(csr_array(columns))
    return hstack(loose, format="csr")


def _turned(modes, directions):
    """The span of modes (3N, k) anew: modes that overlap with translations, and those that do not.

    directions: the translations, (3N, 3), of unit norm in the whole structure.
    """
    turn, overlaps, _ = np.linalg.svd(modes.T @ directions)
    # An overlap is zero, or at least that of one atom.
    rank = (overlaps > 1e-3 * directions.max()).sum()
    return modes @ turn[:, :rank], modes @ turn[:, rank:]


def _spread(rows, columns, n_atoms):
    """Columns of some rows among those of all atoms, sparse, (3N, columns)."""
    index = np.broadcast_to(np.arange(columns.shape[1]), columns.shape)
    places = (np.repeat(rows, columns.shape[1]), index.ravel())
    return csr_array((columns.ravel(), places), shape=(3 * n_atoms, columns.shape[1]))


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
    inside = basis.T @ removed
    rest = np.linalg.qr(inside, mode="complete")[0][:, removed.shape[1] :]
    return basis @ rest
