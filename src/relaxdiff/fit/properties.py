"""What a fit to properties aims at, evaluated at any parameters: residuals and their derivatives.

A residual is (value - target) / tolerance. All quantities are those of the relaxed crystal and
structures at the parameters, unless the crystal's lattice parameters are held.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relaxdiff.quantities import CrystalQuantities, Quantity


@dataclass(frozen=True)
class Target:
    """One quantity that is wanted: values (k,) and the tolerance, in its unit.

    structure: name of the structure that has the quantity, None of the crystal; condition: what it
    is a quantity at, such as a wave vector or '300 K', or empty.
    """

    quantity: str
    values: np.ndarray
    tolerance: float
    structure: str | None = None
    condition: str = ""

    @property
    def name(self):
        """Such as 'c11', 'vacancy formation_energy' or 'phonon_frequencies at 1 0 0'."""
        name = f"{self.quantity} at {self.condition}" if self.condition else self.quantity
        return name if self.structure is None else f"{self.structure} {name}"


class Properties:
    """All quantities of a fit at any values of the E energy shifts and P parameters of a potential.

    Energy shifts (beta_0 of SNAP) come first. They move no atom: of the quantities only the
    cohesive energy changes with them.

    potential: Potential at the start; crystal: PerfectCrystal to start from; structures: a dict of
    name and StructureQuantities; held: whether the crystal keeps its lattice parameters; others: a
    dict of further objects whose `at(theta)` gives a Quantity; vibrations: Vibrations of the
    crystal, None if none are wanted.
    """

    def __init__(
        self, potential, crystal, structures=None, held=False, others=None, vibrations=None
    ):
        self.potential = potential
        self.crystal = CrystalQuantities(potential, crystal, held)
        self.structures, self.others = structures or {}, others or {}
        self.vibrations = vibrations

    @property
    def start(self):
        """Energy shifts and parameters of the potential, (E + P,)."""
        return np.concatenate([self.potential.energy_shifts, self.potential.theta])

    def potential_at(self, values, name=None):
        """The Potential with these energy shifts and parameters, (E + P,)."""
        count = len(self.potential.energy_shifts)
        shifts = values[:count] if count > 1 else float(values[0])
        return self.potential.with_theta(values[count:], shifts, name)

    def at(self, values):
        """A dict from names as Target has them to Quantity, gradients (k, E + P).

        values: (E + P,). Raises RelaxationError where the crystal or a structure is lost,
        EvaluationError where the potential has no value.
        """
        potential = self.potential_at(np.asarray(values, dtype=float))
        found, crystal = self.crystal.at(potential)
        every = dict(found)
        for name, structure in self.structures.items():
            of = structure.at(potential, found, crystal)
            every |= {f"{name} {quantity}": value for quantity, value in of.items()}
        every |= {name: other.at(potential.theta) for name, other in self.others.items()}
        if self.vibrations is not None:
            every |= self.vibrations.at(potential, found, crystal)
        own = np.array([-crystal.fractions.get(each, 0.0) for each in potential.elements])
        return {
            name: _with_shifts(each, own if name == "cohesive_energy" else np.zeros_like(own))
            for name, each in every.items()
        }


def _with_shifts(quantity, by_shift):
    """A Quantity whose gradient begins with derivatives by the energy shifts, (E,)."""
    rows = np.broadcast_to(by_shift, (len(quantity.values), len(by_shift)))
    return Quantity(quantity.values, np.hstack([rows, quantity.gradient]), quantity.unit)


class Remembered:
    """Properties that are evaluated once for each parameter set, also by an earlier, killed run.

    properties: Properties; folder: of the files, None for none; key: bytes that all else depends
    on: files of another key count as missing.
    """

    def __init__(self, properties, folder=None, key=b""):
        self.properties, self.key = properties, key
        self.folder = None if folder is None else Path(folder)
        self._known, self.n_evaluations = {}, 0

    def at(self, values):
        """As `Properties.at`."""
        place = np.asarray(values, dtype=float).tobytes()
        if place not in self._known:
            self._known[place] = self._read(place) or self._evaluated(values, place)
        return self._known[place]

    def _evaluated(self, values, place):
        self.n_evaluations += 1
        found = self.properties.at(values)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            parts = {"names": list(found), "units": [each.unit for each in found.values()]}
            for number, each in enumerate(found.values()):
                parts |= {f"values{number}": each.values, f"gradient{number}": each.gradient}
            unfinished = self._path(place).with_suffix(".part.npz")
            np.savez(unfinished, **parts)
            unfinished.replace(self._path(place))
        return found

    def _read(self, place):
        """What an earlier run has found, a dict; {} if nothing."""
        if self.folder is None or not self._path(place).exists():
            return {}
        with np.load(self._path(place), allow_pickle=False) as file:
            pairs = zip(file["names"], file["units"], strict=True)
            return {
                str(name): Quantity(file[f"values{each}"], file[f"gradient{each}"], str(unit))
                for each, (name, unit) in enumerate(pairs)
            }

    def _path(self, place):
        return self.folder / f"{hashlib.sha256(self.key + place).hexdigest()[:32]}.npz"
