"""All conversions of units, and all orders of the components of a symmetric matrix.

Inside the library: eV, Angstrom, eV/Angstrom^3.
"""

import numpy as np
from ase.units import bar

# 1 eV/Angstrom^3 and 1 eV/Angstrom^2 in other units; exact in the SI.
GPA = 160.2176634
JOULE_PER_SQUARE_METRE = 16.02176634
BAR_PER_EV_PER_CUBIC_ANGSTROM = 1 / bar
# LAMMPS's own nktv2p of metal units. It differs from today's CODATA value in the eighth digit,
# which is enough to make a strain gradient inconsistent with the energy: pressures that LAMMPS has
# turned into bar must be turned back with the same number.
LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM = 1.6021765e6

# LAMMPS's order of six components, xx yy zz yz xz xy: indices, and the place of each (i, j) in it.
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
VOIGT_MATRIX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
# The place of each (i, j) in the order of LAMMPS's compute stress/atom, xx yy zz xy xz yz.
PER_ATOM_VOIGT = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])


# In files, the unit of parameters that have several: the coordinate that has the unit of each.
UNIT_OF_EACH = "parameter_unit"


def energy_per(unit, power=1):
    """The unit, as text, of an energy's derivative by parameters in `unit`; power: 1 or 2."""
    if unit == "eV":
        return {1: "1", 2: "1/eV"}[power]
    return f"eV/{unit}" if power == 1 else f"eV/{unit}^{power}"
