"""Conversions of units, and the orders of the six components of a symmetric matrix."""

import numpy as np
from ase.units import bar

GPA = 160.2176634  # GPa in 1 eV/Angstrom^3

JOULE_PER_SQUARE_METRE = 16.02176634  # of 1 eV/Angstrom^2, exact in the SI

BAR_PER_EV_PER_CUBIC_ANGSTROM = 1 / bar

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))  # LAMMPS's order xx yy zz yz xz xy
# Where a symmetric matrix's components are in compute stress/atom: xx yy zz xy xz yz.
VOIGT_MATRIX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])  # of xx yy zz yz xz xy
PER_ATOM_VOIGT = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])
# LAMMPS's own nktv2p of metal units. It differs from today's CODATA value in the eighth digit,
# which is enough to make a strain gradient inconsistent with the energy: pressures that LAMMPS has
# turned into bar must be turned back with the same number.
LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM = 1.6021765e6
