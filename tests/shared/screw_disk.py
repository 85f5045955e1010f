"""A small disk of bcc around a screw dislocation, from elastic theory, without any potential."""

from functools import cache

import numpy as np
from matscipy.dislocation import BCCScrew111Dislocation

LATTICE = 3.184
CONSTANTS = (530.0, 200.0, 160.0)  # GPa, about those of tungsten
BURGERS = LATTICE * np.sqrt(3) / 2
SPACING = LATTICE * np.sqrt(2 / 3)  # of the columns along the line


@cache
def _dislocation():
    return BCCScrew111Dislocation(LATTICE, *CONSTANTS, symbol="W")


@cache
def disk_atoms(radius=16.0):
    """The perfect disk and the one with the easy core, with 6 Angstrom of vacuum around them."""
    perfect, easy = _dislocation().build_cylinder(radius, fix_width=4, method="adsl", verbose=False)
    return perfect, easy


def disk():
    """Positions of the perfect crystal, (atom, xyz), and the place of the easy core, (2,)."""
    perfect, easy = disk_atoms()
    return perfect.positions, np.array(easy.info["core_positions"][0][:2], dtype=float)


def displaced(crystal, place):
    """Displacements along the line, (atom,), of the dislocation with its core at a place."""
    centre = np.array([*place, 0.0])
    moved = _dislocation().displacements(
        crystal[0], centre[None], method="adsl", self_consistent=False, verbose=False
    )
    return moved[:, 2]
