"""Three protocols through which the rest of the library uses an energy, whatever its form.

A Potential makes an Evaluator for the coordinates of one structure. An energy that is linear in its
parameters has a LinearEvaluator. It has columns, one for each parameter and the last for the
baseline, which is not fitted and has the weight 1. Another energy has columns of its expansion to
first order in the parameters: they serve models of Hessians, and nothing that has to be exact.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from ase.calculators.calculator import Calculator

from relaxdiff.structures import Coordinates
from relaxdiff.units import UNIT_OF_EACH


@dataclass(frozen=True)
class Parameters:
    """Named parameters: names (P,), units (P,) and values theta (P,)."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    theta: np.ndarray = field(repr=False)

    @property
    def unit(self):
        """The unit of all of them; 'parameter_unit' if they have several."""
        return self.units[0] if len(set(self.units)) == 1 else UNIT_OF_EACH


@runtime_checkable
class Potential(Protocol):
    """An energy U(q; theta). Immutable; `with_theta` makes another.

    A constant for each atom of an element (beta_0 of SNAP) is not part of U: it causes no forces,
    and summed over a cell its rounding errors would change a formation energy, which is a
    difference of energies of 1,000 eV, by up to 7e-13 eV. `shift_of` gives it.
    """

    name: str
    elements: tuple[str, ...]
    reach: float  # Angstrom beyond which atoms do not feel each other
    is_linear: bool  # whether U is linear in theta
    in_lammps: bool  # whether LAMMPS has a pair style for it

    @property
    def parameters(self) -> Parameters:
        """Names, units and values."""

    @property
    def theta(self) -> np.ndarray:
        """The values of the parameters, (P,)."""

    def with_theta(self, theta, energy_shift=None, name=None) -> "Potential":
        """The same potential with other parameters."""

    def evaluator(self, coordinates: Coordinates) -> "Evaluator":
        """The cheapest Evaluator of a structure in its coordinates."""

    def shift_of(self, atoms) -> float:
        """The sum of the atoms' constants in a structure, eV."""

    def attributes(self) -> dict:
        """What a Dataset keeps of the potential in addition to theta."""

    def calculator(self) -> Calculator:
        """An ASE calculator of the potential."""

    def write(self, stem) -> list[Path]:
        """Write the files that LAMMPS reads; returns their paths."""

    def lammps_lines(self, folder) -> list[str]:
        """LAMMPS's lines for the potential, its files in `folder`; the truth check uses them."""


@runtime_checkable
class Evaluator(Protocol):
    """U in the coordinates q (n,) of one structure at theta (P,). A context manager.

    Counts its evaluations. The last results are remembered and serve the same q and theta again; a
    LinearEvaluator's serve any theta at the same q. Raises EvaluationError where U has no value.
    """

    coordinates: Coordinates
    n_evaluations: int

    def energy(self, q, theta) -> float:
        """U, eV."""

    def gradient(self, q, theta) -> np.ndarray:
        """dU/dq, (n,), eV/Angstrom; of strains eV."""

    def parameter_gradient(self, q, theta) -> np.ndarray:
        """dU/dtheta, (P,), eV per unit of each parameter."""

    def mixed(self, q, theta, directions=None) -> np.ndarray:
        """d2U/dq dtheta, (n, P); or times directions (P, k), (n, k)."""

    def parameter_hessian(self, q, theta) -> np.ndarray:
        """d2U/dtheta2, (P, P); zero if U is linear in theta."""

    def hessian_product(self, q, theta, vector) -> np.ndarray:
        """d2U/dq2 applied to a vector (n,)."""

    def hessian_row(self, index, theta) -> np.ndarray:
        """d2U / dq dq_index at q = 0, (n,): as exact as the evaluator can."""

    def forget(self):
        """Make later results independent, to the last digit, of earlier evaluations."""

    def close(self):
        """Free what the evaluator holds."""


@runtime_checkable
class LinearEvaluator(Evaluator, Protocol):
    """U = theta . D(q) + U_baseline(q): one evaluation serves every theta."""

    def columns(self, q) -> np.ndarray:
        """dD/dq, (n, P + 1), the baseline last."""

    def descriptors(self, q) -> np.ndarray:
        """D, (P + 1,), the baseline's energy (eV) last."""

    def hessian_columns(self, modes=None) -> np.ndarray:
        """d2D/dq2 at q = 0, (n, n, P + 1); or the rows of some modes, (k, n, P + 1)."""


def calculator(potential: Potential) -> Calculator:
    """An ASE calculator of any Potential, in eV, eV/Angstrom and, for stress, eV/Angstrom^3.

    SNAP is evaluated by LAMMPS, with its beta_0 and baseline; a potential written in JAX by JAX.
    `close` of the calculator frees what it holds. Evaluations raise EvaluationError where the
    potential has no energy, and InputError for a structure that it is not for.
    """
    return potential.calculator()
