"""Make the training data of the example tungsten_beryllium_core: small cells of W, some with Be.

    python resources/make_tungsten_beryllium.py resources/tungsten_beryllium.extxyz

Energies, forces and stresses are those of a potential that comes with LAMMPS, so that no DFT is
needed, with random errors. In all cells Be replaces an atom, and there is no dislocation: what a
fit to them says of Be in the core of one is extrapolated, and wrong. (With interstitial Be among
the cells, or without errors, Be is in the middle of the hard core from the start.)
"""

import sys

import ase.io
import numpy as np
from ase.calculators.singlepoint import SinglePointCalculator

from relaxdiff.lammps.calculator import LammpsCalculator
from relaxdiff.posterior.trial import shipped_file
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import PerfectCrystal

POTENTIAL = "WBe_Wood_PRB2019"
LATTICE_PARAMETER = 3.18  # Angstrom
SOLUTE = "Be"
# Conventional cells along each edge, of crystals and vacancies, and of solutes.
SUPERCELLS = {"crystal": 2, "vacancy": 3, "substitutional": 2}
COUNT = 20  # cells of each group
RATTLE = 0.1  # Angstrom; the largest standard deviation of a coordinate
STRAIN = 0.02  # the largest standard deviation of a strain
# Standard deviations of the errors: eV for each atom, eV/Angstrom, eV/Angstrom^3.
ERRORS = {"energy": 0.0014, "forces": 0.07, "stress": 0.0007}
DIGITS = 6


def main(path):
    """Write the cells to a path, extended XYZ with the group in `config_type`."""
    files = [shipped_file(f"{POTENTIAL}.{kind}") for kind in ("snapcoeff", "snapparam")]
    potential = read_snap(*files, baseline=ZblBaseline(4.0, 4.8))
    calculator, rng = LammpsCalculator(potential), np.random.default_rng(2019)
    frames = [
        labelled(cell, group, calculator, rng)
        for group, supercell in SUPERCELLS.items()
        for cell in cells(group, supercell, rng)
    ]
    calculator.close()
    ase.io.write(path, frames, format="extxyz")


def cells(group, supercell, rng):
    """COUNT cells of a group, from nearly perfect to shaken and strained by the largest amount."""
    crystal = PerfectCrystal("W", "bcc", LATTICE_PARAMETER)
    entry = {"name": group, "kind": group, "supercell": supercell, "element": SOLUTE}
    perfect = crystal.conventional(supercell)
    for share in np.linspace(0, 1, COUNT):
        atoms = perfect.copy() if group == "crystal" else build_structure(entry, crystal)
        strain = rng.normal(scale=share * STRAIN, size=(3, 3))
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True)
        atoms.positions += rng.normal(scale=share * RATTLE, size=atoms.positions.shape)
        atoms.positions = atoms.positions.round(DIGITS)
        yield atoms


def labelled(atoms, group, calculator, rng):
    """The cell with its group and, with errors, energy, forces and stress (eV, Angstrom)."""
    calculator.calculate(atoms)
    found = {}
    for name, error in ERRORS.items():
        exact = calculator.results[name]
        size = error * len(atoms) if name == "energy" else error
        found[name] = np.round(exact + rng.normal(scale=size, size=np.shape(exact)), DIGITS)
    atoms.calc = SinglePointCalculator(atoms, **found)
    atoms.info["config_type"] = group
    return atoms


if __name__ == "__main__":
    main(*sys.argv[1:])
