"""The Hessian of a structure without symmetry, sparse: exact where wanted, the crystal's elsewhere.

The energy of a potential with a cutoff r is a sum over atoms, each of which feels its neighbours
within r. An atom that moves changes the forces on atoms within 2 r, and these changes need only the
atoms within 2 r of it. So its columns of the Hessian are differences of forces in a small
structure, cut out around it, whatever the size of the whole. That takes fewer atoms than moving
several far atoms of the whole structure at once (graph colouring): in a disk of a dislocation 54
instead of 2,000 for each of 6 calls, where a colouring needs 618 calls for 1,398 atoms.
"""

import numpy as np
from matscipy.neighbours import neighbour_list
from scipy.sparse import csr_array, diags_array

from relaxdiff.minima.factorised_crystal import crystal_matrix

# Steps (Angstrom) and weights of central differences (Fornberg, Math. Comp. 51, 699 (1988), table
# 1), with errors of 1e-9 and 1e-7 of the largest force constant. The second is for structures whose
# far atoms have the crystal's force constants, which differ by more.
FOUR_POINTS = 3e-4, {1: 8 / 12, -1: -8 / 12, 2: -1 / 12, -2: 1 / 12}
FEW = 12  # exact atoms for which four points cost little in any case
TWO_POINTS = 1e-4, {1: 1 / 2, -1: -1 / 2}


def sparse_hessian(potential, atoms, exact=None, crystal=None, axes=None):
    """d2U/dx2, sparse, (3N, 3N), eV/Angstrom^2.

    potential: has `calculator` and `reach`; atoms: the structure; exact: mask (N,) of the atoms
    whose rows and columns are exact, all if None; crystal: ForceConstants, and axes as in
    `crystal_matrix`, for the others. 12 calls for the forces of a part of the structure for each
    atom, 6 if many but not all are exact.
    """
    exact = np.ones(len(atoms), dtype=bool) if exact is None else exact
    formula = FOUR_POINTS if exact.all() or exact.sum() <= FEW else TWO_POINTS
    rows = _exact_rows(potential, atoms, np.flatnonzero(exact), formula)
    if exact.all():
        return (rows + rows.T) / 2
    inside = diags_array(np.repeat(exact, 3).astype(float))
    outside = diags_array(np.repeat(~exact, 3).astype(float))
    among, across = rows @ inside, rows @ outside
    others = outside @ crystal_matrix(crystal, atoms, axes) @ outside
    return csr_array((among + among.T) / 2 + across + across.T + others)


def _exact_rows(potential, atoms, chosen, formula):
    """Rows of the chosen atoms, (3N, 3N), all other rows zero; formula: one of those above."""
    first, second = neighbour_list("ij", atoms, 2 * potential.reach)
    order = np.argsort(first, kind="stable")
    bounds = np.searchsorted(first[order], np.arange(len(atoms) + 1))
    places, columns, values = [], [], []
    calculator = potential.calculator()
    try:
        for atom in chosen:
            around = second[order[bounds[atom] : bounds[atom + 1]]]
            around = np.unique(np.append(around, atom))
            part = atoms[around]
            part.calc = calculator
            block = _responses(part, int(np.searchsorted(around, atom)), formula)
            places.append(np.repeat(3 * atom + np.arange(3), block.shape[1]))
            columns.append(np.tile((3 * around[:, None] + np.arange(3)).ravel(), 3))
            values.append(block.ravel())
    finally:
        calculator.close()
    shape = (3 * len(atoms),) * 2
    if not places:
        return csr_array(shape)
    where = np.concatenate(places), np.concatenate(columns)
    return csr_array((np.concatenate(values), where), shape=shape)


def _responses(part, atom, formula):
    """Changes of the gradient with one atom's position, (3, 3n), eV/Angstrom^2."""
    step, weights = formula
    rows, start = [], part.positions[atom].copy()
    for direction in np.eye(3):
        row = 0.0
        for points, weight in weights.items():
            part.positions[atom] = start + points * step * direction
            row = row - weight / step * part.get_forces(apply_constraint=False).ravel()
        rows.append(row)
    part.positions[atom] = start
    return np.array(rows)
