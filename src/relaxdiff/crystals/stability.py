"""Vibrational stability of the perfect crystal, for every variant at once.

Dynamical matrices are linear in Theta like the energy itself: LAMMPS gives them for each column at
a few lattice parameters, and a variant's stability is the sign of the eigenvalues of a weighted
sum.
"""

import itertools
from dataclasses import replace

import numpy as np

from relaxdiff.minima import cells_in_range, responses_to
from relaxdiff.structures import find_symmetry

# Angstrom, of central differences. Not tuned: of what comes of it only the signs decide.
DISPLACEMENT_STEP = 1e-3
MATRICES_AT_ONCE = 144  # entries of one variant's: 30 MB for 25,000 variants


def dynamical_matrices(calculator, crystal, repeats, q_points):
    """Dynamical matrices (without masses) of a PerfectCrystal, shape (q, 3n, 3n, column).

    repeats: the supercell, in conventional cells; q_points: some that it can hold, shape (q, 3), in
    units of the conventional cell's reciprocal vectors; n: atoms in the primitive cell. Real and
    symmetric, eV/Angstrom^2 for the reference column.

    D_ij(q) = sum_R Phi(R) exp(i q . R) over the atoms j at R from an atom i. Phi is that of the
    infinite crystal, from a cell that holds its range, or that of the supercell where this is
    smaller: there the Phi of periodic images, equal in phase, have been added up.

    With two atoms inversion exchanges them, so that D = (A B; B* A*), which keeps vectors (x; x*)
    among themselves: it acts on their real and imaginary parts as a real matrix of the same
    eigenvalues.
    """
    cells = min(repeats, cells_in_range(calculator, crystal))
    unit = crystal.conventional()
    supercell = unit.repeat(cells)
    apart, constants = responses_to(calculator, supercell, 0, DISPLACEMENT_STEP)
    angles = 2 * np.pi * q_points @ np.linalg.solve(unit.cell.array.T, apart.T)
    own = np.tile(_own_sublattice(crystal), cells**3)
    if own.all():
        return np.tensordot(np.cos(angles), constants, axes=1)
    a, b = (
        np.tensordot(np.exp(1j * angles[:, chosen]), constants[chosen], axes=1)
        for chosen in (own, ~own)
    )
    above = np.concatenate([a.real + b.real, b.imag - a.imag], axis=2)
    below = np.concatenate([a.imag + b.imag, a.real - b.real], axis=2)
    return np.concatenate([above, below], axis=1)


def lowest_curvatures(matrices, lengths, weights):
    """Lowest eigenvalue of each variant's dynamical matrices, shape (V, q), eV/Angstrom^2.

    matrices: Panels or Patch of `dynamical_matrices`; lengths: lattice parameters, Angstrom, shape
    (V,) or (V, 2); weights: shape (V, P + 1). A few q-points at a time, as the matrices of all are
    gigabytes.
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
    vectors, 2 pi / a of cubic ones. A star holds the images under the crystal's point group and
    time reversal. A shortest member of each is given, of a cubic lattice the one with
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
        images = np.array(step) - repeats * shifts  # integers: q-points are good to every digit
        lengths = np.einsum("ni,ij,nj->n", images, metric, images).round(6)
        shortest = images[lengths == lengths.min()]
        stars.add(min(max(map(tuple, (turns @ image).tolist())) for image in shortest))
    return np.array(sorted(stars - {(0, 0, 0)})) / repeats


def _own_sublattice(crystal):
    """Which atoms of the conventional cell are translations of its first one, a mask."""
    unit = crystal.conventional()
    apart = unit.positions - unit.positions[0]
    steps = np.linalg.solve(crystal.primitive().cell.array.T, apart.T)
    return np.isclose(steps, steps.round(), atol=1e-6).all(axis=0)


def _reciprocal_turns(crystal):
    """The point group and inversion, as integer matrices on q in units of reciprocal vectors."""
    unit = crystal.conventional()
    cell = unit.cell.array
    turns = np.unique(find_symmetry(unit).rotations.round(9) + 0.0, axis=0)
    turns = (cell @ turns @ np.linalg.inv(cell)).round().astype(int)
    return np.concatenate([turns, -turns])
