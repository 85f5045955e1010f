"""Slabs with surfaces, and crystals with a stacking fault, of cubic crystals, before they relax."""

import math

import numpy as np
from ase.build import surface
from ase.geometry import find_mic

from relaxdiff.exceptions import InputError
from relaxdiff.structures.neighbours import nearest_neighbour_distance


def plane_normal(plane):
    """Unit vector (3,) normal to a plane, in the axes of the cubic cell.

    plane: three Miller indices; InputError when all are 0.
    """
    if not any(plane):
        raise InputError(f"plane: {list(plane)} is no plane, at least one index must not be 0")
    return np.array(plane) / np.linalg.norm(plane)


def surface_slab(settings, crystal):
    """A slab in the middle of its cell; z is normal to the surfaces. crystal: of BRAVAIS lattices.

    vacuum: from the atoms on top of the slab to those below its image, Angstrom; InputError when
    they would be neighbours.
    """
    cubic = crystal.conventional()
    usual = nearest_neighbour_distance(cubic)
    if settings["vacuum"] < usual:
        raise InputError(
            f"vacuum: {settings['vacuum']} Angstrom keeps no surfaces apart where atoms are "
            f"{usual:.3g} from each other: use more than the potential's cutoff"
        )
    slab, _ = _atomic_planes(cubic, settings["plane"], settings["layers"])
    slab.center(vacuum=settings["vacuum"] / 2, axis=2)
    return slab


def faulted_crystal(settings, crystal):
    """A crystal with one fault, halfway up; z is normal to it. crystal: of BRAVAIS lattices.

    Above the fault all atoms are shifted, and the third cell vector with them, so that the crystal
    goes on through the top of the cell. Without the shift that vector is the lattice vector across
    `layers` planes that is nearest to their normal: along it only when the planes stack back onto
    themselves, in bcc and fcc multiples of 2 for {100} and {110}, 3 for {111} and 6 for {112}.
    """
    layers = settings["layers"]
    atoms, spacing = _atomic_planes(crystal.conventional(), settings["plane"], layers + 1)
    heights = atoms.positions[:, 2] / spacing
    outside = heights > layers - 0.5
    # From an atom of the first plane to those of the plane that is its image.
    across = atoms.positions[outside] - atoms.positions[heights.argmin()]
    across, lengths = find_mic(across, atoms.cell, pbc=(True, True, False))
    shift = np.array(settings["displacement"]) @ atoms.cell.array[:2]
    atoms.positions[heights > layers // 2 - 0.5] += shift
    atoms.cell[2] = across[lengths.round(6).argmin()] + shift
    del atoms[outside]
    return atoms


def planes_of_crystal(plane, crystal):
    """The perfect crystal in the axes of a slab or a fault, two planes of it."""
    return faulted_crystal({"plane": plane, "layers": 2, "displacement": [0, 0]}, crystal)


def _atomic_planes(cubic, plane, layers):
    """`layers` atomic planes of a crystal, the first at z = 0, z being their normal.

    cubic: the conventional cell, of a lattice with one atom in its primitive cell, so that
    planes are equally spaced. The cell's first two vectors are those of `ase.build.surface`, which
    need not span the smallest cell. Returns Atoms and the planes' distance in Angstrom.
    """
    plane_normal(plane)  # refuses indices that are all 0
    plane = np.array(plane, dtype=int) // np.gcd.reduce(np.array(plane, dtype=int))
    # Not `periodic`: ASE would wrap rounding errors at height 0 to the top.
    repeat = surface(cubic, plane, 1)
    in_repeat = len(np.unique(repeat.positions[:, 2].round(6)))
    spacing = cubic.get_volume() / np.linalg.norm(np.cross(*repeat.cell[:2])) / in_repeat
    atoms = surface(cubic, plane, math.ceil(layers / in_repeat))
    atoms.pbc = True
    atoms.cell[2] = [0, 0, layers * spacing]
    del atoms[atoms.positions[:, 2] > (layers - 0.5) * spacing]
    return atoms, spacing
