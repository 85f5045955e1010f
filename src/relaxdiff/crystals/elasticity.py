"""Elastic constants of a perfect crystal, its atoms relaxed in the strained cell.

If the primitive cell has two atoms or more, they move against each other when it is strained
(Born & Huang, Dynamical Theory of Crystal Lattices, 1954). Second derivatives K of the energy in
strains e and such displacements u give

    C = (K_ee - K_eu K_uu^-1 K_ue) / V = v^T K v / V,    v = (-K_uu^-1 K_ue, 1),

and the crystal is elastically stable if K is positive definite. K is linear in Theta. Since v makes
v^T K v stationary, a change of v can be neglected in first derivatives of v^T K v by Theta.

Inversion exchanges the two atoms of diamond and hcp, whatever the strain, so only one of them is
evaluated. In a compound all atoms move, each in three directions.
"""

import numpy as np
from scipy.sparse import csr_array

from relaxdiff.structures import Coordinates, displacement_modes, no_symmetry

# Strains of unit norm. Every other strain or displacement is equivalent by symmetry to one of those
# used here, or to a sum of them.
IN_PLANE, ALONG = np.diag([1.0, 1.0, 0.0]) / np.sqrt(2), np.diag([0.0, 0.0, 1.0])
TETRAGONAL = np.diag([1.0, -1.0, 0.0]) / np.sqrt(2)
SHEAR_XY = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]) / np.sqrt(2)
SHEAR_YZ = np.roll(SHEAR_XY, 1, axis=(0, 1))
CUBIC_STRAINS = np.array([TETRAGONAL, SHEAR_XY])
HEXAGONAL_STRAINS = np.array([IN_PLANE, ALONG, TETRAGONAL, SHEAR_YZ])
DIAGONALS = np.array([np.diag(row) for row in np.eye(3)])
SHEAR_XZ = np.roll(SHEAR_XY, -1, axis=(0, 1))
ALL_STRAINS = np.concatenate([DIAGONALS, [SHEAR_YZ, SHEAR_XZ, SHEAR_XY]])
# Displacements of one atom against the other. In diamond z couples to the shear; in hcp y, the
# direction from one atom to the other, couples to the tetragonal strain.
DISPLACEMENTS = {"diamond": np.eye(3)[[2]], "hcp": np.eye(3)[[1, 2]]}
# What to sum of the relaxed curvatures in the strains above, for each elastic constant.
CUBIC_MODULI = {
    "tetragonal_shear_modulus": np.diag([0.5, 0.0]),
    "shear_modulus_c44": np.diag([0.0, 0.5]),
}
HEXAGONAL_MODULI = {
    "c11": np.diag([0.5, 0.0, 0.5, 0.0]),
    "c12": np.diag([0.5, 0.0, -0.5, 0.0]),
    "c13": np.pad([[0.0, 1.0], [1.0, 0.0]], (0, 2)) / np.sqrt(8),
    "c33": np.diag([0.0, 1.0, 0.0, 0.0]),
    "c44": np.diag([0.0, 0.0, 0.0, 0.5]),
}
SYMBOLS = {
    "bulk_modulus": "bulk modulus",
    "tetragonal_shear_modulus": "C' = (C11 - C12)/2",
    "shear_modulus_c44": "C44",
    **{name: name.upper() for name in HEXAGONAL_MODULI},
}


def distortions(crystal):
    """Coordinates of the primitive cell: displacements of atoms against each other, and strains.

    crystal: PerfectCrystal. The strains are CUBIC_STRAINS or HEXAGONAL_STRAINS.
    """
    cell = crystal.primitive()
    if crystal.basis:
        modes = displacement_modes(no_symmetry(len(cell)))
        strains = CUBIC_STRAINS if crystal.is_simple else ALL_STRAINS
        return Coordinates(cell, modes, np.arange(len(cell)), strains)
    directions = DISPLACEMENTS.get(crystal.lattice, np.empty((0, 3)))
    opposite = np.array([1.0, -1.0])[: len(cell)] / np.sqrt(2)
    modes = np.einsum("n,dx->nxd", opposite, directions).reshape(3 * len(cell), -1)
    strains = CUBIC_STRAINS if crystal.c is None else HEXAGONAL_STRAINS
    return Coordinates(cell, csr_array(modes), np.zeros(len(cell), dtype=int), strains)


def relaxing(curvatures, n_strains):
    """v of the module's docstring, (..., n, strain), for weighted K, (..., n, n)."""
    size = curvatures.shape[-1] - n_strains
    follow = -np.linalg.solve(curvatures[..., :size, :size], curvatures[..., :size, size:])
    unit = np.broadcast_to(np.eye(n_strains), (*curvatures.shape[:-2], n_strains, n_strains))
    return np.concatenate([follow, unit], axis=-2)


def relaxed(curvatures, n_strains):
    """v^T K v, (..., strain, strain), for weighted K, (..., n, n)."""
    along = relaxing(curvatures, n_strains)
    return along.swapaxes(-1, -2) @ curvatures @ along
