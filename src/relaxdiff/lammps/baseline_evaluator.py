"""Energy and gradient of only the fixed pair style, in the whole cell."""

import numpy as np

from relaxdiff.lammps.all_atoms import deformation_at
from relaxdiff.lammps.session import LammpsSession
from relaxdiff.running import own_communicator
from relaxdiff.structures import on_coordinates
from relaxdiff.units import LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM, VOIGT_MATRIX


class BaselineEvaluator:
    """Energy and gradient of only the fixed pair style, in the whole cell.

    coordinates: Coordinates; elements: of the potential; baseline: a PairBaseline.
    """

    def __init__(self, coordinates, elements, baseline):
        self.coordinates = coordinates
        self.energy = None
        lines = [
            f"pair_style hybrid {baseline.style_line()}",
            *baseline.coefficient_lines(elements),
            "neighbor 0.3 bin",
            "thermo_modify norm no",
        ]
        self.session = LammpsSession(elements, lines, own_communicator())

    def close(self):
        """Free the LAMMPS instance."""
        self.session.close()

    def gradient(self, q):
        """Derivative by the coordinates at q, (n,), eV; sets `energy`, eV, to that at q."""
        deformation, _ = deformation_at(self.coordinates, q)
        atoms, session = self.coordinates.structure(q), self.session
        session.place(atoms)
        session.command("run 0 post no")
        self.energy = session.instance.get_thermo("pe")
        forces = session.to_atoms_frame(session.gathered_forces())
        names = ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")
        pressure = np.array([session.instance.get_thermo(name) for name in names])
        virial = (pressure / LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM * atoms.get_volume())[
            VOIGT_MATRIX
        ]
        virial = session.to_atoms_frame(session.to_atoms_frame(virial).T).T
        columns = -forces[..., None], -virial[..., None]
        return on_coordinates(self.coordinates, deformation, *columns)[:, 0]
