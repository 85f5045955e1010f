"""Any potential of this library as an ASE calculator, evaluated by plain LAMMPS."""

import tempfile

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from relaxdiff.lammps.session import LammpsSession
from relaxdiff.units import LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM, VOIGT

PRESSURES = ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")  # in the order of VOIGT, which is ASE's too


class LammpsCalculator(Calculator):
    """ASE calculator of a potential: energy (eV), forces (eV/Angstrom), stress (eV/Angstrom^3).

    potential: has `lammps_lines`, which writes its files, and `elements`. Energies
    contain the energy shifts. The descriptors that the rest of the library works with are not used:
    LAMMPS evaluates the potential's own files. LAMMPS runs as long as the calculator
    lives, or until `close`. Raises LammpsError for a structure that is not periodic or holds
    another element.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, potential):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        commands = [
            *potential.lammps_lines(self.folder.name),
            "neigh_modify every 1 delay 0 check yes",
            "thermo_modify norm no",
        ]
        self.session = LammpsSession(potential.elements, commands)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Evaluate all properties of `atoms`; ASE calls it."""
        super().calculate(atoms, properties, system_changes)
        session = self.session
        session.place(self.atoms)
        session.command("run 0 post no")
        thermo = session.instance.get_thermo
        pressure = np.empty((3, 3))
        for name, (i, j) in zip(PRESSURES, VOIGT, strict=True):
            pressure[i, j] = pressure[j, i] = thermo(name)
        pressure = session.to_atoms_frame(session.to_atoms_frame(pressure).T)
        stress = -pressure / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM
        energy = float(thermo("pe"))
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": session.to_atoms_frame(session.gathered_forces()),
            "stress": np.array([stress[i, j] for i, j in VOIGT]),
        }

    def close(self):
        """End LAMMPS and remove the potential's files; the calculator cannot be used afterwards."""
        self.session.close()
        self.folder.cleanup()
