"""An analytic potential as an ASE calculator."""

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.potentials.analytic.derivatives import derivatives_of
from relaxdiff.potentials.analytic.neighbours import neighbour_table
from relaxdiff.units import VOIGT


class AnalyticCalculator(Calculator):
    """ASE calculator of an AnalyticModel at parameters theta (P,).

    Energy (eV), forces (eV/Angstrom) and stress (eV/Angstrom^3) of periodic Atoms. Raises
    InputError for a structure that is not periodic or holds another element, EvaluationError where
    the energy is not finite.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, model, theta):
        super().__init__()
        self.model, self.theta = model, np.asarray(theta, dtype=float)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Evaluate all properties of `atoms`; ASE calls it."""
        super().calculate(atoms, properties, system_changes)
        elements, atoms = self.model.elements, self.atoms
        unknown = sorted(set(atoms.symbols) - set(elements))
        if unknown or not atoms.pbc.all():
            raise InputError(
                f"{self.model.name}: "
                + (f"is not for {', '.join(unknown)}" if unknown else "needs a periodic structure")
            )
        species = np.array([elements.index(each) for each in atoms.symbols], dtype=np.int32)
        table = neighbour_table(atoms, self.model.reach(self.theta))
        slopes = derivatives_of(self.model.energy, self.model.parameters.names).slopes(
            (atoms.positions, np.eye(3)), self.theta, (atoms.cell.array, species, *table.arrays)
        )
        if not np.isfinite(slopes.energy):
            raise EvaluationError(f"{self.model.name}: the energy is not finite")
        virial = np.array(slopes.by_deformation) / atoms.get_volume()
        self.results = {
            "energy": float(slopes.energy),
            "free_energy": float(slopes.energy),
            "forces": -np.array(slopes.by_positions),
            "stress": np.array([(virial[i, j] + virial[j, i]) / 2 for i, j in VOIGT]),
        }
