"""Vibrational stability of the perfect crystal, for every variant at once.

Dynamical matrices are linear in Theta like the energy itself: LAMMPS gives them for each column at
a few lattice parameters, and a variant is stable if the weighted sum has only positive eigenvalues.
"""

import itertools
from dataclasses import replace

import numpy as np

from relaxdiff.minima import cells_in_range
from relaxdiff.potentials import PHONON_STEP, responses_to
from relaxdiff.structures import find_symmetry

MATRICES_AT_ONCE = 144  # matrix entries for each variant at a time: 30 MB for 25,000 variants


def dynamical_matrices(calculator, crystal, repeats, q_points):
    """Dynamical matrices (without masses) of a PerfectCrystal, shape (q, 3n, 3n, column).

    repeats: the supercell, in conventional cells; q_points: some that it can hold, shape (q, 3), in
    units of the conventional cell's reciprocal vectors; n: atoms in the primitive cell. Real and
    symmetric, eV/Angstrom^2 for the baseline's column.

    D_ij(q) = sum_R Phi(R) exp(i q . R) over the atoms j at R from an atom i. Phi comes from the
    smaller of two cells: one that holds its full range, and the supercell. In the supercell the Phi
    of periodic images, which have equal phases, are already added up.

    In diamond and hcp inversion exchanges the two atoms, so that D = (A B; B* A*). It maps vectors
    (x; x*) to such vectors, and acts on their real and imaginary parts as a real matrix with
    the same eigenvalues. For compounds the matrices are twice as large, see `_of_compound`.
    """
    cells = min(repeats, cells_in_range(calculator, crystal))
    if crystal.basis:
        return _of_compound(calculator, crystal, cells, q_points)
    unit = crystal.conventional()
    supercell = unit.repeat(cells)
    apart, constants = responses_to(calculator, supercell, 0, PHONON_STEP)
    angles = 2 * np.pi * q_points @ np.linalg.solve(unit.cell.array.T, apart.T)
    own = np.tile(_sublattices(crystal) == 0, cells**3)
    if own.all():
        return np.tensordot(np.cos(angles), constants, axes=1)
    a, b = (
        np.tensordot(np.exp(1j * angles[:, chosen]), constants[chosen], axes=1)
        for chosen in (own, ~own)
    )
    above = np.concatenate([a.real + b.real, b.imag - a.imag], axis=2)
    below = np.concatenate([a.imag + b.imag, a.real - b.real], axis=2)
    return np.concatenate([above, below], axis=1)


def _of_compound(calculator, crystal, cells, q_points):
    """The same for any number of sublattices, (q, 6n, 6n, column).

    cells: the supercell that Phi is taken from. A Hermitian D = A + iB acts on the real and
    imaginary parts of a vector as the real matrix (A -B; B A), which has every eigenvalue of D
    twice. Only one of several equivalent atoms is moved; Phi of the others follows by symmetry.
    """
    unit, sublattices = crystal.conventional(), _sublattices(crystal)
    supercell, symmetry = unit.repeat(cells), find_symmetry(unit)
    to_scaled = np.linalg.inv(unit.cell.array)
    rows = [None] * (sublattices.max() + 1)
    for atom in symmetry.representatives:
        apart, constants = responses_to(calculator, supercell, int(atom), PHONON_STEP)
        for turn, images in zip(symmetry.rotations, symmetry.permutations, strict=True):
            row = sublattices[images[atom]]
            if rows[row] is None:
                phases = np.exp(2j * np.pi * q_points @ (apart @ turn.T @ to_scaled).T)
                turned = np.einsum("ai,bj,nijp->nabp", turn, turn, constants, optimize=True)
                kinds = np.tile(sublattices[images], cells**3)
                rows[row] = np.concatenate(
                    [
                        np.tensordot(phases[:, kinds == kind], turned[kinds == kind], axes=1)
                        for kind in range(len(rows))
                    ],
                    axis=2,
                )
    blocks = np.concatenate(rows, axis=1)
    a, b = blocks.real, blocks.imag
    above, below = np.concatenate([a, -b], axis=2), np.concatenate([b, a], axis=2)
    return np.concatenate([above, below], axis=1)


def lowest_curvatures(matrices, lengths, weights):
    """Lowest eigenvalue of each variant's dynamical matrices, shape (V, q), eV/Angstrom^2.

    matrices: Panels or Patch of `dynamical_matrices`; lengths: lattice parameters, Angstrom, shape
    (V,) or (V, 2); weights: shape (V, P + 1). Works on a few q-points at a time, as the matrices of
    all q-points would take gigabytes.
    """
    lowest = []
    size = matrices.coefficients.shape[3]
    at_once = max(1, MATRICES_AT_ONCE // size**2)
    for first in range(0, matrices.coefficients.shape[2], at_once):
        few = matrices.coefficients[:, :, first : first + at_once]
        few = replace(matrices, coefficients=few).weighted(lengths, weights)
        lowest.append(np.linalg.eigvalsh((few + few.swapaxes(-1, -2)) / 2)[..., 0])
    return np.concatenate(lowest, axis=-1)


def commensurate_q_points(crystal, repeats):
    """q-points that `repeats`^3 conventional cells can hold, one per star, without Gamma.

    crystal: PerfectCrystal. Returns shape (q, 3) in units of the conventional cell's reciprocal
    vectors, 2 pi / a for cubic ones. A star holds the images under the crystal's point group and
    time reversal. A shortest member of each is given, for a cubic lattice the one with
    q_x >= q_y >= q_z >= 0.
    """
    unit = crystal.at(1.0).conventional().cell.array
    turns = _reciprocal_turns(crystal)
    metric = (np.linalg.inv(unit).T @ np.linalg.inv(unit)).round(9)
    # Reciprocal lattice vectors: integers for which all primitive cells are in phase.
    shifts = np.array(list(itertools.product(range(-2, 3), repeat=3)))
    primitive = np.linalg.solve(unit.T, crystal.at(1.0).primitive().cell.array.T)
    shifts = shifts[np.isclose(np.cos(2 * np.pi * shifts @ primitive), 1).all(axis=1)]
    stars = set()
    for step in itertools.product(range(2 * repeats), repeat=3):
        images = np.array(step) - repeats * shifts  # integers: q-points have no rounding errors
        lengths = np.einsum("ni,ij,nj->n", images, metric, images).round(6)
        shortest = images[lengths == lengths.min()]
        stars.add(min(max(map(tuple, (turns @ image).tolist())) for image in shortest))
    return np.array(sorted(stars - {(0, 0, 0)})) / repeats


def _sublattices(crystal):
    """Which atoms of the conventional cell are translations of each other: 0, 1 ... for each."""
    unit = crystal.conventional()
    steps = np.linalg.inv(crystal.primitive().cell.array)
    found = np.full(len(unit), -1)
    for atom in range(len(unit)):
        if found[atom] < 0:
            apart = (unit.positions - unit.positions[atom]) @ steps
            same = np.isclose(apart, apart.round(), atol=1e-6).all(axis=1)
            found[same & (found < 0)] = found.max() + 1
    return found


def _reciprocal_turns(crystal):
    """The point group and inversion, as integer matrices on q in units of reciprocal vectors."""
    unit = crystal.conventional()
    cell = unit.cell.array
    turns = np.unique(find_symmetry(unit).rotations.round(9) + 0.0, axis=0)
    turns = (cell @ turns @ np.linalg.inv(cell)).round().astype(int)
    return np.concatenate([turns, -turns])
