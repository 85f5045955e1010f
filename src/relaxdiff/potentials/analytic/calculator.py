"""An analytic potential evaluated for any Atoms: as an ASE calculator, and its columns."""

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.lammps import Descriptors
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

    def close(self):
        """Nothing to free: as calculators of other potentials have it."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Evaluate all properties of `atoms`; ASE calls it."""
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        slopes = _compiled(self.model).slopes(*structure_of(self.model, self.theta, atoms))
        if not np.isfinite(slopes.energy):
            raise EvaluationError(f"{self.model.name}: the energy is not finite")
        virial = np.array(slopes.by_deformation) / atoms.get_volume()
        self.results = {
            "energy": float(slopes.energy),
            "free_energy": float(slopes.energy),
            "forces": -np.array(slopes.by_positions),
            "stress": np.array([(virial[i, j] + virial[j, i]) / 2 for i, j in VOIGT]),
        }


class AnalyticColumns:
    """Descriptors of any periodic Atoms: U expanded to first order about theta. A context manager.

    The columns are those of AnalyticEvaluator. Raises InputError as AnalyticCalculator does.
    """

    def __init__(self, model, theta):
        self.model, self.theta = model, np.asarray(theta, dtype=float)
        self.n_evaluations = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def smoothness_limits(self):
        """The distance in Angstrom beyond which atoms do not feel each other, a list."""
        return [self.model.reach(self.theta)]

    def evaluate(self, atoms):
        """The Descriptors of a structure."""
        given = structure_of(self.model, self.theta, atoms)
        slopes, change = (
            getattr(_compiled(self.model), name)(*given) for name in ("slopes", "by_parameters")
        )
        self.n_evaluations += 1 + len(self.theta)
        # Slopes' derivatives by theta are what each parameter's column is a derivative of.
        return Descriptors(
            values=self._with_rest(np.array(slopes.by_theta), slopes.energy),
            gradient=self._with_rest(np.array(change.by_positions), slopes.by_positions),
            strain_gradient=self._with_rest(np.array(change.by_deformation), slopes.by_deformation),
        )

    def _with_rest(self, columns, whole):
        """Columns with the last one, such that times (theta, 1) they are the whole."""
        return np.concatenate([columns, (whole - columns @ self.theta)[..., None]], axis=-1)


def dynamical_matrices(model, theta, cell, waves):
    """See `AnalyticPotential.dynamical_matrices`; theta: (P,)."""
    (positions, _), theta, structure = structure_of(model, theta, cell)
    return np.array(_compiled(model).dynamical(positions, theta, structure, waves)).swapaxes(1, 2)


def _compiled(model):
    return derivatives_of(model.energy, model.parameters.names)


def structure_of(model, theta, atoms):
    """What the compiled functions take for Atoms: place, theta and structure."""
    unknown = sorted(set(atoms.symbols) - set(model.elements))
    if unknown:
        raise InputError(f"{model.name}: is not for {', '.join(unknown)}")
    if not atoms.pbc.all():
        raise InputError(f"{model.name}: needs a periodic structure")
    species = np.array([model.elements.index(each) for each in atoms.symbols], dtype=np.int32)
    table = neighbour_table(atoms, model.reach(theta))
    place = np.array(atoms.positions), np.eye(3)
    return place, theta, (atoms.cell.array, species, *table.arrays)
