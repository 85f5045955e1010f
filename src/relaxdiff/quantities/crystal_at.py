"""The perfect crystal's quantities at any parameters, each with its gradient by them.

The crystal is relaxed at the parameters, or its lattice parameters are held. Gradients are total
derivatives of the relaxed quantities; at held lattice parameters they are partial ones.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.crystals import ElasticCrystal
from relaxdiff.exceptions import RelaxationError
from relaxdiff.quantities.crystal import MODULI, from_moduli
from relaxdiff.units import GPA

LENGTHS = ("lattice_parameter", "lattice_parameter_c")


@dataclass(frozen=True)
class Quantity:
    """Values (k,), their derivatives by the P parameters (k, P), and their unit."""

    values: np.ndarray
    gradient: np.ndarray
    unit: str


class CrystalQuantities:
    """The quantities of a perfect crystal that `is_simple`.

    potential: Potential; start: PerfectCrystal; held: whether it keeps its lattice parameters.
    """

    def __init__(self, potential, start, held=False):
        self.held = held
        self.crystal = ElasticCrystal(potential, start)

    def at(self, potential):
        """The quantities with another potential of the same form, and its PerfectCrystal.

        A dict of Quantity: of a cubic crystal lattice_parameter, cohesive_energy (per atom, minus
        the energy), c11, c12, c44 and bulk_modulus; of hcp lattice_parameter_c, c13 and c33 too,
        and no bulk_modulus; of a held crystal pressure in place of lattice parameters. Raises
        RelaxationError where there is no crystal, or it is elastically unstable.
        """
        of, theta = self.crystal, potential.theta
        crystal = of.start if self.held else of.relaxed(theta)
        columns, weights = of.columns(theta, crystal), potential.weights
        here, cell = columns.weighted(weights), crystal.primitive()
        moduli, lowest = of.moduli(crystal, here)
        if not lowest > 0:
            raise RelaxationError(f"{potential.name}: the crystal is elastically unstable")
        lengths = None if self.held else of.lengths_derivative(columns, weights)
        changes = of.modulus_derivatives(theta, crystal, columns, lengths)
        energy = (here.energy + potential.shift_of(cell)) / len(cell)
        found = {"cohesive_energy": (-energy, -columns.energy[:-1] / len(cell), "eV")}
        if self.held:
            found["pressure"] = _pressure(of, columns, weights, cell.get_volume())
        else:
            for name, length, change in zip(LENGTHS, crystal.lengths, lengths, strict=False):
                found[name] = length, length * change, "Angstrom"
        found |= {name: (value, changes[name], "GPa") for name, value in moduli.items()}
        if crystal.c is None:
            found |= _cubic_constants(moduli, changes)
        return {
            name: Quantity(np.atleast_1d(value), np.atleast_2d(gradient), unit)
            for name, (value, gradient, unit) in found.items()
        }, crystal


def _pressure(of, columns, weights, volume):
    """Pressure, its gradient, and the unit: -tr(dU/de) / 3 V."""
    strains = of.coordinates.strains
    slopes = columns.gradient[of.coordinates.n_modes :]
    # Of the strains only those that are symmetric have a trace; they are orthonormal.
    along = -GPA * np.einsum("kii->k", strains) @ slopes / (3 * volume)
    return along @ weights, along[:-1], "GPa"


def _cubic_constants(moduli, changes):
    """C11, C12 and C44 from the bulk and shear moduli, with their gradients."""

    def constants(of):
        nothing = np.zeros_like(of[MODULI[0]])
        return from_moduli(nothing, nothing, *(of[name] for name in MODULI))[2:]

    pairs = zip(("c11", "c12", "c44"), constants(moduli), constants(changes), strict=True)
    return {name: (value, gradient, "GPa") for name, value, gradient in pairs}
