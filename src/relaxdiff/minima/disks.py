"""Relaxation of a disk with a dislocation, whose ring is held, at the mean parameters.

A disk of useful size has too many atoms for second derivatives of all descriptors, and its core too
little symmetry to be worth using. It relaxes in all displacements that may move, preconditioned by
the crystal's force constants on its atoms, and a Lanczos search for negative curvatures shows
whether it is a minimum of these.
"""

import math
from dataclasses import replace

from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.minima.factorised_crystal import FactorisedCrystal
from relaxdiff.minima.lattice_green import crystal_force_constants
from relaxdiff.minima.orientation import axes_of
from relaxdiff.minima.relaxation import relax
from relaxdiff.minima.saddle_test import lowest_relative_curvature
from relaxdiff.structures import build_structure, held_components
from relaxdiff.units import GPA

RING = 2.0  # of the potential's reach: the least width at which no free atom feels the surface


def relax_disk(potential, crystal, settings):
    """The minimum of a disk with a dislocation, a Minimum.

    crystal: the PerfectCrystal at rest; settings: an entry of the config's `structures`, of the
    kind dislocation. Raises InputError when the disk cannot be built or its ring is too thin,
    RelaxationError when it does not converge or is a saddle point of what may move, LammpsError.
    """
    what = f"structures.{settings['name']}, {potential.name}"
    settings = {"ring": math.ceil(10 * RING * potential.reach) / 10, **settings}
    if settings["ring"] < RING * potential.reach:
        raise InputError(
            f"structures.{settings['name']}.ring: {settings['ring']} Angstrom is less than twice "
            f"the potential's reach: use {RING * potential.reach:.2f} or more, or leave it out"
        )
    constants = crystal_force_constants(potential, crystal)
    crystal = replace(crystal, elastic_constants=cubic_constants(constants))
    solutes = [element for element in potential.elements if element != crystal.element]
    atoms = build_structure(settings, crystal, solutes, potential.elements)
    atoms.info["axes"] = axes_of(atoms, crystal.conventional())
    held = held_components(atoms)
    atoms.set_constraint()  # from here on it is the coordinates that hold atoms
    inverse = FactorisedCrystal(constants, atoms, held, atoms.info["axes"])
    try:
        minimum = relax(
            atoms, potential, "fixed", symmetry=False, preconditioner=inverse, fixed=held
        )
    except (InputError, LammpsError) as error:
        raise type(error)(f"{what}: {error}") from None
    if not minimum.converged:
        raise RelaxationError(f"{what}: {minimum.status}")
    lowest = lowest_relative_curvature(minimum, inverse)
    if lowest <= 0:
        instead = "another place of the solute or core" if "element" in settings else "another core"
        raise RelaxationError(
            f"{what}: the relaxed core is a saddle point (lowest curvature {lowest:.2e} times the "
            f"crystal's): choose {instead}"
        )
    return minimum


def cubic_constants(force_constants):
    """C11, C12 and C44 in GPa of a cubic Bravais crystal's ForceConstants."""
    constants = GPA * force_constants.elastic_constants()
    return tuple(float(constants[place]) for place in ((0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 0, 1)))
