"""Elastic and vibrational stability of the perfect crystal, for every variant at once.

Curvatures of the energy are linear in Theta like the energy itself: LAMMPS gives them for each
column at a few lattice parameters, and a variant's stability is the sign of a weighted sum.
"""

import itertools

import numpy as np

from relaxdiff.interpolation import interpolate
from relaxdiff.structures import bulk_cell

SHEAR_DEGREE = 16  # of the interpolants on each panel: moduli are good to 1e-5
PHONON_DEGREE = 8  # the same, of costly supercells: only the signs of the eigenvalues decide
STRAIN_STEP = 1e-4
DISPLACEMENT_STEP = 1e-3  # Angstrom
# Volume-conserving strains of unit norm whose curvature is 2 V C' and 2 V C44.
TETRAGONAL = np.diag([1.0, -1.0, 0.0]) / np.sqrt(2)
SHEAR = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]) / np.sqrt(2)


def shear_moduli(calculator, lattice, edges):
    """C' = (C11 - C12) / 2 and C44 as Panels, shape (V, 2, column), eV/Angstrom^3.

    Meant for lattice parameters at which the variant's pressure vanishes. Source: expansion of the
    energy of a cubic crystal in strain, Born & Huang (1954).
    """
    element = calculator.hyperparameters.element

    def moduli(lattice_parameter):
        cell = bulk_cell(element, lattice_parameter, lattice=lattice)
        curvatures = [_strain_curvature(calculator, cell, way) for way in (TETRAGONAL, SHEAR)]
        return np.array(curvatures) / (2 * cell.get_volume())

    return interpolate(moduli, edges, SHEAR_DEGREE)


def dynamical_matrices(calculator, lattice, repeats, edges):
    """Dynamical matrices (without masses) at the supercell's q-points.

    Returns Panels of shape (V, q, 3, 3, column), eV/Angstrom^2 for the reference column, and the
    q-points in units of 2 pi / a, shape (q, 3): one of each star, Gamma left out. For crystals with
    one atom in the primitive cell: D(q) = sum_R Phi(R) cos(q . R).
    """
    element = calculator.hyperparameters.element
    q_points = commensurate_q_points(lattice, repeats)

    def matrices(lattice_parameter):
        cell = bulk_cell(element, lattice_parameter, repeats, lattice)
        constants = _force_constants(calculator, cell)
        phases = np.cos(
            2 * np.pi * q_points @ (cell.positions - cell.positions[0]).T / lattice_parameter
        )
        return np.tensordot(phases, constants, axes=1)

    return interpolate(matrices, edges, PHONON_DEGREE), q_points


def commensurate_q_points(lattice, repeats):
    """q-points that `repeats`^3 conventional cubic cells can hold, one per star, without Gamma.

    Returns shape (q, 3) in units of 2 pi / a, the shortest member of each star with q_x >= q_y >=
    q_z >= 0.
    """
    primitive = bulk_cell("W", 1.0, lattice=lattice)
    indices = range(-2, 3)
    # Reciprocal lattice vectors: integers for which every atom of the cubic cell is in phase.
    reciprocal = np.array(
        [
            g
            for g in itertools.product(indices, repeat=3)
            if np.allclose(np.cos(2 * np.pi * primitive.positions @ g), 1)
        ]
    )
    stars = set()
    for step in itertools.product(range(2 * repeats), repeat=3):
        images = np.array(step) / repeats - reciprocal
        lengths = (images**2).sum(axis=1)
        shortest = images[lengths < lengths.min() + 1e-9]
        stars.add(min(tuple(sorted(np.abs(image).round(9), reverse=True)) for image in shortest))
    return np.array(sorted(stars - {(0.0, 0.0, 0.0)}))


def _strain_curvature(calculator, cell, way):
    """Second derivative of D along the strain `way`, shape (column,)."""
    slopes = []
    for step in (STRAIN_STEP, -STRAIN_STEP):
        stretch = np.eye(3) + step * way
        strained = cell.copy()
        strained.set_cell(cell.cell.array @ stretch, scale_atoms=True)
        gradient = calculator.evaluate(strained).strain_gradient
        # d x = step way X, and X = stretch^-1 x: the strain on top of the strained cell.
        slopes.append(np.einsum("ijc,ij->c", gradient, way @ np.linalg.inv(stretch)))
    return (slopes[0] - slopes[1]) / (2 * STRAIN_STEP)


def _force_constants(calculator, cell):
    """Phi: gradient of every atom when atom 0 moves, shape (N, 3, 3, column)."""
    constants = []
    for axis in range(3):
        gradients = []
        for step in (DISPLACEMENT_STEP, -DISPLACEMENT_STEP):
            moved = cell.copy()
            moved.positions[0, axis] += step
            gradients.append(calculator.evaluate(moved).gradient)
        constants.append((gradients[0] - gradients[1]) / (2 * DISPLACEMENT_STEP))
    return np.array(constants).transpose(1, 0, 2, 3)
