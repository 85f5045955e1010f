"""Elastic and vibrational stability of the perfect crystal, for every variant at once.

Curvatures of the energy are linear in Theta like the energy itself: LAMMPS gives them for each
column at a few lattice parameters, and a variant's stability is the sign of a weighted sum.
"""

import itertools

import numpy as np

from relaxdiff.interpolation import Panels, interpolate
from relaxdiff.lattice_green import cells_in_range, responses_to
from relaxdiff.structures import bulk_cell

SHEAR_DEGREE = 16  # of the interpolants on each panel: moduli are good to 1e-5
PHONON_DEGREE = 8  # the same, of costly supercells: only the signs of the eigenvalues decide
STRAIN_STEP = 1e-4
DISPLACEMENT_STEP = 1e-3  # Angstrom
Q_POINTS_AT_ONCE = 16  # of all variants: 30 MB of matrices for 25,000 of them
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

    Phi is that of the infinite crystal, from a cell that holds its range, or that of the supercell
    where this is smaller: there the Phi of periodic images, equal in phase, have been added up.
    """
    element = calculator.hyperparameters.element
    q_points = commensurate_q_points(lattice, repeats)

    def matrices(lattice_parameter):
        cells = min(repeats, cells_in_range(calculator, lattice_parameter))
        crystal = bulk_cell(element, lattice_parameter, cells, lattice)
        apart, constants = responses_to(calculator, crystal, 0, DISPLACEMENT_STEP)
        phases = np.cos(2 * np.pi / lattice_parameter * q_points @ apart.T)
        return np.tensordot(phases, constants, axes=1)

    return interpolate(matrices, edges, PHONON_DEGREE), q_points


def lowest_curvatures(matrices, lattice_parameters, weights):
    """Lowest eigenvalue of each variant's dynamical matrices, shape (V, q), eV/Angstrom^2.

    matrices: Panels of `dynamical_matrices`; lattice_parameters: Angstrom, shape (V,); weights:
    shape (V, P + 1). A few q-points at a time, as the matrices of all are gigabytes.
    """
    lowest = []
    for first in range(0, matrices.coefficients.shape[2], Q_POINTS_AT_ONCE):
        few = matrices.coefficients[:, :, first : first + Q_POINTS_AT_ONCE]
        few = Panels(matrices.edges, few).weighted(lattice_parameters, weights)
        lowest.append(np.linalg.eigvalsh(few)[..., 0])
    return np.concatenate(lowest, axis=-1)


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
        images = np.array(step) - repeats * reciprocal  # integers: q-points are good to every digit
        lengths = (images**2).sum(axis=1)
        shortest = np.abs(images[lengths == lengths.min()])
        stars.add(min(tuple(sorted(image, reverse=True)) for image in shortest.tolist()))
    return np.array(sorted(stars - {(0, 0, 0)})) / repeats


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
