"""One structure for each potential that the library knows, without symmetry, to be relaxed."""

import functools
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

from relaxdiff import relax
from relaxdiff.potentials.analytic import analytic_potential

MORSE = str(Path(__file__).with_name("morse_copper.py"))
# Mixed pairs bind more strongly, and the atoms differ in size.
ALLOY = {"epsilon_AB": 1.1, "epsilon_BB": 0.9, "sigma_AB": 1.01, "sigma_BB": 0.97}


def alloy_with_a_vacancy():
    """31 atoms of fcc, half of them argon and half krypton, in random places."""
    atoms = bulk("Ar", "fcc", a=1.54, cubic=True).repeat(2)
    atoms.symbols[np.random.default_rng(1).permutation(32) < 16] = "Kr"
    del atoms[0]
    return atoms


def silicon_with_an_interstitial():
    """17 atoms of diamond, shaken. Some pairs are longer than cutoffC of EDIP.

    A vacancy of stillinger_weber would not do: without stress all bonds and angles around it are
    those of the crystal, whatever the parameters.
    """
    atoms = bulk("Si", "diamond", a=5.6).repeat(2)
    atoms += Atoms("Si", positions=[[2.8, 2.8, 2.8]])
    atoms.rattle(0.02, seed=1)
    return atoms


def copper_with_a_vacancy():
    """31 atoms of fcc."""
    atoms = bulk("Cu", "fcc", a=3.66, cubic=True).repeat(2)
    del atoms[0]
    return atoms


ANALYTIC = {
    "lennard_jones": (alloy_with_a_vacancy, ("lennard_jones", ALLOY)),
    "stillinger_weber": (silicon_with_an_interstitial, ("stillinger_weber",)),
    "edip": (silicon_with_an_interstitial, ("edip",)),
    "morse": (copper_with_a_vacancy, (MORSE,)),
}
CELLS = ("fixed", "isotropic")
RELAXED_TO = 1e-12  # eV/Angstrom


def relaxed(atoms, potential, cell):
    """A Minimum without symmetry, as well relaxed as rounding allows."""
    minimum = relax(atoms, potential, cell, tolerance=RELAXED_TO, symmetry=False)
    assert minimum.converged, minimum.status
    return minimum


@functools.cache
def minimum_of(name, cell):
    """The Minimum of one of ANALYTIC, made once; a fixed cell is 0.2% too small."""
    build, potential = ANALYTIC[name]
    atoms = build()
    if cell == "fixed":
        atoms = minimum_of(name, "isotropic").atoms.copy()
        atoms.set_cell(atoms.cell.array * 0.998, scale_atoms=True)
    return relaxed(atoms, analytic_potential(*potential), cell)
