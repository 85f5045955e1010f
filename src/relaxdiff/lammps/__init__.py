"""The only package that calls LAMMPS: descriptors, energies, forces and its own minimiser."""

from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.calculator import LammpsCalculator
from relaxdiff.lammps.descriptors import DescriptorCalculator, Descriptors
from relaxdiff.lammps.minimise import LammpsMinimum, force_calls, hold, lammps_minimise
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.lammps.session import LAMMPS_ARGUMENTS, LammpsSession, lammps_errors, load_lammps

__all__ = [
    "AllAtomColumns",
    "DescriptorCalculator",
    "Descriptors",
    "LAMMPS_ARGUMENTS",
    "LammpsCalculator",
    "LammpsMinimum",
    "LammpsSession",
    "OrbitColumns",
    "force_calls",
    "hold",
    "lammps_errors",
    "lammps_minimise",
    "load_lammps",
]
