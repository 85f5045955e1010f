"""Displacements and strains of one symmetry.

A change of potential parameters keeps the symmetry of a structure, so the response consists of
totally symmetric displacements and strains only: 12 modes for a bcc vacancy in 4x4x4 cells, 3N
- 3 for a structure without symmetry. What breaks the symmetry divides into representations.

No mode moves held atoms. Rigid translations are removed from the modes only if no atom is held.
"""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, kron

from relaxdiff.structures.symmetry import span_of


def displacement_modes(symmetry, fixed=None):
    """Orthonormal basis of the totally symmetric displacements without rigid translations.

    fixed: mask (N,) of atoms that do not move, or None; translations are removed if none is held.
    Without symmetry it may be a mask (N, 3) of components, x, y and z each held somewhere.

    Returns a sparse array of shape (3N, modes): a mode moves the atoms of one orbit, unless rigid
    translations had to be taken out. A displacement field is `basis @ amplitudes`, reshaped to
    (N, 3). Each atom of an orbit moves by the image of its representative's displacement, which the
    operations that keep the representative in place must leave unchanged.
    """
    if len(symmetry.rotations) == 1:
        return _all_displacements(symmetry, fixed)
    basis = _kept(symmetry, fixed)
    if _holds_any(fixed):
        return basis
    translations = _translations(symmetry)
    return csr_array(_without(basis.toarray(), translations)) if translations.size else basis


def strain_modes(symmetry, allowed, characters=None, subgroup=None):
    """The strains of one representation that a subgroup keeps, shape (s, 3, 3).

    allowed: symmetric matrices, shape (k, 3, 3); the strains are in their span, which all
    operations keep; characters, subgroup: as in `representations`, the totally symmetric strains if
    not given. The largest eigenvalue of each strain is 1 in size; the identity comes first if it is
    in the span.
    """
    order = len(symmetry.rotations)
    characters = np.ones(order) if characters is None else characters
    subgroup = np.ones(order, dtype=bool) if subgroup is None else subgroup
    basis = span_of(allowed)
    turns = np.array([basis.T @ np.kron(turn, turn) @ basis for turn in symmetry.rotations])
    kept = turns[subgroup].mean(axis=0)
    projector = kept @ np.tensordot(characters, turns, axes=1) @ kept.T
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    return _tidy(basis @ vectors[:, values > 0.5 * order / characters.max()])


def representation_modes(symmetry, characters, subgroup, fixed=None):
    """Orthonormal displacements of one representation that a subgroup keeps, without translations.

    symmetry, fixed: as in `displacement_modes`; other arguments as in `representations`. Returns a
    sparse array of shape (3N, modes).
    """
    members, fields = _modes_by_orbit(symmetry, characters, subgroup, fixed)
    if not _holds_any(fixed):
        return _without_translations(members, fields, symmetry.directions)
    parts = [
        _spread(_components(atoms), modes, len(fixed))
        for atoms, modes in zip(members, fields, strict=True)
    ]
    return hstack([csr_array((3 * len(fixed), 0)), *parts], format="csr")


def remaining_modes(modes, others):
    """Orthonormal basis, sparse (3N, k), of the span of modes orthogonal to that of others.

    modes, others: orthonormal columns, sparse (3N, m) and, within the span of modes, (3N, n).
    """
    return csr_array(_without(modes.toarray(), others.toarray()))


def remaining_strains(strains, others):
    """The same for symmetric matrices, (s, 3, 3) and (t, 3, 3), of largest eigenvalue 1 in size."""
    inside, within = span_of(strains), span_of(others)
    rest = inside - within @ (within.T @ inside)
    return _tidy(span_of(rest.T.reshape(-1, 3, 3)))


def _holds_any(fixed):
    """Whether a mask (N,) of held atoms, or None, holds any."""
    return fixed is not None and np.any(fixed)


def _all_displacements(symmetry, held=None):
    """Orthonormal displacements of all free atoms, rigid translations taken out if none is held.

    symmetry: only the identity; its `directions` are used. Sparse, shape (3N, modes), with at most
    d N log2(N) + d N numbers for d directions: no matrix (3N, 3N) and no factorisation is needed.
    """
    n_atoms = symmetry.permutations.shape[1]
    if np.ndim(held) == 2:
        return csr_array(eye_array(3 * n_atoms, format="csc")[:, np.flatnonzero(~held.ravel())])
    if _holds_any(held):
        of_atoms = eye_array(n_atoms, format="csc")[:, np.flatnonzero(~held)]
    else:
        of_atoms = _halves(n_atoms)
    return csr_array(kron(of_atoms, symmetry.directions.T))


def _halves(count):
    """Orthonormal columns, sparse (count, count - 1), each of which adds up to zero.

    One moves the first half of the atoms against the second, the next ones a quarter against a
    quarter, down to two atoms: Haar's wavelets (Math. Ann. 69, 331 (1910)) for any count.
    """
    rows, values = [], []
    ranges = [(0, count)] if count > 1 else []
    for first, last in ranges:  # the list grows in the loop, to count - 1 entries
        middle = (first + last) // 2
        sizes = np.array([middle - first, last - middle])
        amplitudes = np.sqrt(sizes[::-1] / (sizes * sizes.sum())) * [1, -1]
        rows.append(np.arange(first, last))
        values.append(np.repeat(amplitudes, sizes))
        ranges += [part for part in ((first, middle), (middle, last)) if part[1] - part[0] > 1]
    if not ranges:
        return csr_array((count, 0))
    columns = np.repeat(np.arange(len(rows)), list(map(len, rows)))
    places = (np.concatenate(rows), columns)
    return csr_array((np.concatenate(values), places), shape=(count, len(rows)))


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
        rows = _components(images)
        for direction in _invariant_directions(keeping, symmetry.directions):
            moved = (symmetry.rotations[first] @ direction).ravel()
            modes.append((rows, moved / np.linalg.norm(moved)))
    columns = np.repeat(np.arange(len(modes)), [len(rows) for rows, _ in modes])
    rows, values = (
        (np.concatenate(each) for each in zip(*modes, strict=True)) if modes else ([], [])
    )
    size = 3 * symmetry.permutations.shape[1]
    return csr_array((values, (rows, columns)), shape=(size, len(modes)))


def _modes_by_orbit(symmetry, characters, subgroup, held=None):
    """Orthonormal displacements of one representation that a subgroup keeps, rigid ones with them.

    Arguments as in `representation_modes`. An orbit's atoms move by themselves, so that every
    matrix here is small. Returns a list of atoms, shape (k,), and one of modes, shape (3k, modes),
    of each orbit that is not held. Source: the projector sum_g character(g) g of Wigner, Group
    Theory (1959).
    """
    turns = characters[:, None, None] * symmetry.rotations
    orbits = symmetry.permutations.min(axis=0)
    members, fields = [], []
    representatives = symmetry.representatives
    if held is not None:
        representatives = representatives[~held[representatives]]
    for first in representatives:
        atoms = np.flatnonzero(orbits == first)
        moves = np.searchsorted(atoms, symmetry.permutations[:, atoms])
        basis = _kept(replace(symmetry, permutations=moves).subgroup(subgroup)).toarray()
        came_from = basis.reshape(len(atoms), 3, -1)[np.argsort(moves, axis=1)]
        projected = np.tensordot(turns, came_from, axes=([0, 2], [0, 2])).swapaxes(0, 1)
        overlap = basis.T @ projected.reshape(basis.shape)
        values, vectors = np.linalg.eigh((overlap + overlap.T) / 2)
        members.append(atoms)
        fields.append(basis @ vectors[:, values > 0.5 * len(characters) / characters.max()])
    return members, fields


def _without_translations(members, fields, directions):
    """Orthonormal basis, sparse (3N, modes), of the orbits' modes orthogonal to translations.

    members, fields: of `_modes_by_orbit`; directions: possible ones of translations, (d, 3). The
    modes of an orbit are rotated so that only a few of them overlap with translations. These few
    are rotated with those of another orbit, the pairs with each other, and so on, so that few modes
    reach over many orbits. The translations come last.
    """
    n_atoms = sum(map(len, members))
    directions = np.tile(directions.T, (n_atoms, 1)) / np.sqrt(n_atoms)
    rigid, loose = [], []
    for atoms, modes in zip(members, fields, strict=True):
        rows = _components(atoms)
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
    """A new basis of modes (3N, k): those that overlap with translations, and those that do not.

    directions: the translations, (3N, d), of unit norm in the whole structure.
    """
    turn, overlaps, _ = np.linalg.svd(modes.T @ directions)
    # An overlap is zero, or at least that of one atom.
    rank = (overlaps > 1e-3 * directions.max()).sum()
    return modes @ turn[:, :rank], modes @ turn[:, rank:]


def _components(atoms):
    """Rows of x, y and z of some atoms among those of all, (3k,)."""
    return (3 * atoms[:, None] + np.arange(3)).ravel()


def _spread(rows, columns, n_atoms):
    """Columns of some rows among those of all atoms, sparse, (3N, columns)."""
    index = np.broadcast_to(np.arange(columns.shape[1]), columns.shape)
    places = (np.repeat(rows, columns.shape[1]), index.ravel())
    return csr_array((columns.ravel(), places), shape=(3 * n_atoms, columns.shape[1]))


def _invariant_directions(rotations, directions):
    """Orthonormal directions, within a span, that all rotations keep, shape (0 to 3, 3)."""
    mean = directions @ rotations.mean(axis=0) @ directions.T
    values, vectors = np.linalg.eigh((mean + mean.T) / 2)
    # The mean over a group projects: its eigenvalues are 0 or 1.
    return vectors.T[values > 0.5] @ directions


def _tidy(basis):
    """Simple symmetric matrices (s, 3, 3) with the same span as orthonormal columns (9, s).

    They are orthogonal, and the largest eigenvalue of each is 1 in size: the identity, stretches
    along the axes and shears, as far as they are in the span.
    """
    axes = np.eye(3)
    pairs = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    simple = [axes, *(np.outer(axes[i], axes[j]) for i, j in pairs)]
    found = []
    for matrix in simple:
        rest = basis @ (basis.T @ ((matrix + matrix.T) / 2).ravel())
        for other in found:
            rest = rest - other * (other @ rest) / (other @ other)
        if len(found) < basis.shape[1] and np.linalg.norm(rest) > 1e-6:
            found.append(rest / np.abs(np.linalg.eigvalsh(rest.reshape(3, 3))).max())
    return np.reshape(found, (-1, 3, 3))


def _translations(symmetry):
    """Rigid translations that are totally symmetric, orthonormal columns, shape (3N, 0 to 3)."""
    n_atoms = symmetry.permutations.shape[1]
    directions = _invariant_directions(symmetry.rotations, symmetry.directions)
    return np.tile(directions, (1, n_atoms)).T / np.sqrt(n_atoms)


def _without(basis, removed):
    """Orthonormal basis of the span of `basis` orthogonal to the columns of `removed` within it."""
    inside = basis.T @ removed
    rest = np.linalg.qr(inside, mode="complete")[0][:, removed.shape[1] :]
    return basis @ rest
