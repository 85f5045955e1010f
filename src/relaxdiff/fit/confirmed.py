"""Quantities of a fitted potential by plain LAMMPS: nothing here knows of derivatives.

Crystal and structures are relaxed by LAMMPS's `minimize`, elastic constants are differences of the
energies of strained crystals whose atoms relax.
"""

import numpy as np

from relaxdiff.crystals import SHEAR_XY, TETRAGONAL
from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps import lammps_minimise
from relaxdiff.structures import Freedom
from relaxdiff.units import GPA

STRAIN = 4e-3  # of each strained crystal, and half of it; energies differ by 1e-4 eV
TOLERANCE = 1e-7  # eV/Angstrom
AGREES = 2e-3  # relative to LAMMPS's value: differences of energies are no better


def by_lammps(potential, crystal, structures, held=False):
    """Quantities as LAMMPS finds them, a dict; empty for a potential that LAMMPS does not have.

    crystal: PerfectCrystal to start from, cubic and simple; structures: a dict of name and Minimum;
    held: whether the crystal keeps its lattice parameter.
    """
    if not potential.in_lammps or crystal.c is not None:
        return {}
    cell = crystal.conventional()
    fixed = Freedom(np.zeros((0, 3, 3)))
    end = _minimised(cell, potential, fixed if held else Freedom())
    relaxed, count = end.atoms, len(end.atoms)
    moduli = {
        name: _curvature(relaxed, strain, potential, fixed)
        for name, strain in (("swell", np.eye(3)), ("c'", TETRAGONAL), ("c44", SHEAR_XY))
    }
    bulk, tetragonal, c44 = moduli["swell"] / 9, moduli["c'"] / 2, moduli["c44"] / 2
    per_atom = end.energy / count  # LAMMPS's energies include beta_0
    found = {
        "cohesive_energy": -per_atom,
        "bulk_modulus": bulk,
        "c11": bulk + 4 / 3 * tetragonal,
        "c12": bulk - 2 / 3 * tetragonal,
        "c44": c44,
        "shear_modulus_c44": c44,
        "tetragonal_shear_modulus": tetragonal,
    }
    if not held:
        found["lattice_parameter"] = relaxed.cell.lengths()[0]
    for name, minimum in structures.items():
        there = _minimised(minimum.atoms, potential, minimum.coordinates.freedom)
        n = len(there.atoms)
        found[f"{name} formation_energy"] = there.energy - n * per_atom
        volume = there.atoms.get_volume() - n * relaxed.get_volume() / count
        found[f"{name} formation_volume"] = volume
    return found


def disagreements(table):
    """Sentences on quantities of a `property_table` for which LAMMPS finds another value."""
    apart = (table["lammps"] - table["after"]).abs()
    bad = table[apart > AGREES * table["lammps"].abs()]
    return [
        f"{row.quantity}: {row.after:.6g} {row.unit}, but plain LAMMPS finds {row.lammps:.6g}"
        for row in bad.itertuples()
    ]


def _curvature(atoms, strain, potential, fixed):
    """d2U/de2 / V of strained crystals, GPa, by five points whose error is of fourth order."""

    def energy(size):
        strained = atoms.copy()
        strained.set_cell(atoms.cell.array @ (np.eye(3) + size * strain), scale_atoms=True)
        return _minimised(strained, potential, fixed).energy

    near, far, here = (
        energy(STRAIN / 2) + energy(-STRAIN / 2),
        energy(STRAIN) + energy(-STRAIN),
        energy(0.0),
    )
    second = (16 * near - far - 30 * here) / (12 * (STRAIN / 2) ** 2)
    return second / atoms.get_volume() * GPA


def _minimised(atoms, potential, freedom):
    end = lammps_minimise(atoms, potential, TOLERANCE, freedom)
    if not end.max_gradient < 10 * TOLERANCE:
        raise LammpsError(
            f"{potential.name}: LAMMPS's minimize leaves {end.max_gradient:.1e} eV/Angstrom"
        )
    return end
