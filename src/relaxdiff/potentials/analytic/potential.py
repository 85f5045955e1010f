"""A potential whose energy JAX differentiates: an AnalyticModel with values of its parameters."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.potentials import Parameters, weights_of
from relaxdiff.potentials.analytic.calculator import (
    AnalyticCalculator,
    AnalyticColumns,
    dynamical_matrices,
)
from relaxdiff.potentials.analytic.checks import check_energy
from relaxdiff.potentials.analytic.evaluator import AnalyticEvaluator
from relaxdiff.potentials.analytic.many import AT_ONCE, ManyStructures
from relaxdiff.potentials.analytic.model import AnalyticModel, analytic_model


@dataclass(frozen=True)
class AnalyticPotential:
    """A Potential of any form, U(q; theta); not linear in theta.

    model: AnalyticModel; theta: values in the order of `model.parameters`, (P,), or None for the
    model's own.
    """

    model: AnalyticModel
    theta: np.ndarray | None = field(default=None, repr=False)
    name: str = ""
    is_linear: ClassVar[bool] = False

    def __post_init__(self):
        own = self.model.parameters
        theta = own.theta if self.theta is None else np.asarray(self.theta, dtype=float)
        if theta.shape != own.theta.shape or not np.isfinite(theta).all():
            raise InputError(f"{self.model.name}: needs {len(own.theta)} finite parameters")
        object.__setattr__(self, "theta", theta)
        object.__setattr__(self, "name", self.name or self.model.name)

    @property
    def elements(self):
        """Symbols of the elements."""
        return self.model.elements

    @property
    def reach(self):
        """Distance in Angstrom beyond which atoms do not feel each other."""
        return self.model.reach(self.theta)

    @property
    def parameters(self):
        """Names, units and values of theta, Parameters."""
        return Parameters(self.model.parameters.names, self.model.parameters.units, self.theta)

    @property
    def in_lammps(self):
        """Whether LAMMPS has a pair style for it."""
        return hasattr(self.model.module, "lammps_lines")

    @property
    def energy_shift(self):
        """beta_0 of each element, eV per atom: 0."""
        return np.zeros(len(self.elements)) if len(self.elements) > 1 else 0.0

    @property
    def energy_shifts(self):
        """The same as an array, (element,)."""
        return np.zeros(len(self.elements))

    @property
    def weights(self):
        """Weights of the P + 1 columns of the expansion to first order about theta."""
        return weights_of(self.theta)

    def descriptor_calculator(self):
        """An AnalyticColumns, which gives the columns of that expansion for any Atoms."""
        return AnalyticColumns(self.model, self.theta)

    def dynamical_matrices(self, cell, waves):
        """Dynamical matrices of a crystal without masses, Hermitian, (k, 3n, 3n), eV/Angstrom^2.

        cell: Atoms of its primitive cell, n of them; waves: wave vectors, (k, 3), 1/Angstrom. Of
        all periodic images: there is no supercell.
        """
        return dynamical_matrices(self.model, self.theta, cell, waves)

    def with_theta(self, theta, energy_shift=None, name=None):
        """The same potential with other parameters; it has no energy shift."""
        return replace(self, theta=theta, name=self.name if name is None else name)

    def evaluator(self, coordinates):
        """The AnalyticEvaluator of a structure in its coordinates."""
        return AnalyticEvaluator(self.model, self.theta, coordinates)

    def many(self, coordinates, radius, at_once=AT_ONCE):
        """ManyStructures in some coordinates; arguments as theirs."""
        return ManyStructures(self.model, coordinates, radius, at_once)

    def longest_reach(self, theta):
        """The longest `reach` of several parameter sets, (V, P), Angstrom."""
        return max(map(self.model.reach, theta))

    def shift_of(self, atoms):
        """The energy shift of a structure: 0 eV."""
        return 0.0

    def attributes(self):
        """What a Dataset keeps of the potential in addition to theta, a dict."""
        return self.model.attributes()

    def write(self, stem):
        """Write the files that LAMMPS reads; returns their paths. InputError if it has no such."""
        return self._lammps("write")(stem, self._values(), self.elements)

    def lammps_lines(self, folder):
        """LAMMPS's lines for this potential, its files written into `folder` (a list)."""
        return self._lammps("lammps_lines")(folder, self._values(), self.elements)

    def calculator(self):
        """An ASE calculator of the potential."""
        return AnalyticCalculator(self.model, self.theta)

    def _values(self):
        return dict(zip(self.model.parameters.names, map(float, self.theta), strict=True))

    def _lammps(self, what):
        if not hasattr(self.model.module, what):
            raise InputError(f"{self.model.name}: LAMMPS has no pair style for it")
        return getattr(self.model.module, what)


def analytic_potential(name, parameters=None, elements=None):
    """The AnalyticPotential called `name`, or in a user's Python file of that name.

    parameters: dict of values that differ from the table's own; elements: symbols in place of the
    module's own. Raises InputError for an unknown parameter, a file that cannot be used, or an
    energy that `check_energy` refuses.
    """
    model = analytic_model(str(name), None if elements is None else tuple(elements))
    names, theta = model.parameters.names, model.parameters.theta.copy()
    for parameter, value in (parameters or {}).items():
        if parameter not in names:
            raise InputError(
                f"{model.name}: has no parameter {parameter}; it has {', '.join(names)}"
            )
        theta[names.index(parameter)] = value
    check_energy(model, theta)
    return AnalyticPotential(model, theta)
