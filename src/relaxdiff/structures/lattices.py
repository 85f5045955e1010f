"""Perfect crystals of one element in the cubic and hexagonal lattices that ASE builds."""

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, reference_states

from relaxdiff.exceptions import InputError

# Atoms in the conventional cell: cubic, or the hexagonal one of hcp.
ATOMS_PER_CELL = {"sc": 1, "bcc": 2, "fcc": 4, "diamond": 8, "hcp": 2}
LATTICES = tuple(ATOMS_PER_CELL)
# Those with one atom in the primitive cell: nothing in them relaxes but the cell.
BRAVAIS = ("sc", "bcc", "fcc")
IDEAL = float(np.sqrt(8 / 3))  # c/a of close-packed spheres


@dataclass(frozen=True)
class PerfectCrystal:
    """A crystal of one element: lattice, one of LATTICES; a, and for hcp c, in Angstrom."""

    element: str
    lattice: str
    a: float
    c: float | None = None

    def __post_init__(self):
        if self.lattice not in LATTICES:
            raise InputError(
                f"crystal.lattice: {self.lattice} is not known, use one of {', '.join(LATTICES)}"
            )
        if (self.c is None) == (self.lattice == "hcp"):
            raise ValueError("hcp has two lattice parameters, every other lattice has one")

    @property
    def lengths(self):
        """The lattice parameters, a and for hcp c, Angstrom, shape (1,) or (2,)."""
        return np.array([self.a] if self.c is None else [self.a, self.c])

    @property
    def volume_per_atom(self):
        """Angstrom^3."""
        return float(volumes_per_atom(self.lattice, self.lengths))

    def conventional(self, repeats=1) -> Atoms:
        """`repeats`^3 conventional cells: cubic, or hexagonal with c along z."""
        if self.lattice == "hcp":
            cell = bulk(self.element, "hcp", a=self.a, c=self.c)
        else:
            cell = bulk(self.element, self.lattice, a=self.a, cubic=True)
        return cell.repeat(repeats)

    def primitive(self) -> Atoms:
        """The primitive cell, in the axes of the conventional one."""
        if self.lattice == "hcp":
            return self.conventional()
        return bulk(self.element, self.lattice, a=self.a)

    def at(self, a):
        """The crystal of the same shape with another lattice parameter a, Angstrom."""
        return replace(self, a=a, c=None if self.c is None else self.c / self.a * a)


def starting_crystal(element, lattice, lattice_parameter=None):
    """An unrelaxed crystal to start from, a PerfectCrystal.

    lattice_parameter: a in Angstrom, or None for that of the volume per atom in ASE's table, which
    is the experimental one where the table has this very lattice. c/a is the table's for hcp, else
    ideal. Raises InputError when the table has no cubic or hexagonal crystal of the element and no
    lattice parameter is given, or the lattice is unknown.
    """
    unit = PerfectCrystal(element, lattice, 1.0, IDEAL if lattice == "hcp" else None)
    state = reference_states[atomic_numbers.get(element, 0)] or {}
    tabulated = state.get("symmetry")
    if tabulated == lattice == "hcp":
        unit = replace(unit, c=state["c/a"])
    if lattice_parameter is not None:
        return unit.at(float(lattice_parameter))
    if tabulated == lattice:
        return unit.at(state["a"])
    if tabulated not in LATTICES:
        raise InputError(
            f"crystal.element: ASE knows no cubic or hexagonal lattice parameter for {element}: "
            "give crystal.lattice_parameter, in Angstrom"
        )
    volume = starting_crystal(element, tabulated).volume_per_atom
    return unit.at(float((volume / unit.volume_per_atom) ** (1 / 3)))


def volumes_per_atom(lattice, lengths):
    """Volumes per atom in Angstrom^3, (...,), of lattice parameters, (..., 1 or 2), in Angstrom."""
    lengths = np.asarray(lengths)
    if lattice == "hcp":
        return np.sqrt(3) / 4 * lengths[..., 0] ** 2 * lengths[..., 1]
    return lengths[..., 0] ** 3 / ATOMS_PER_CELL[lattice]


def crystal_from(attributes):
    """The PerfectCrystal in the attributes of a Dataset of `crystal_of_variants`."""
    c = attributes.get("lattice_parameter_c")
    return PerfectCrystal(
        attributes["element"],
        attributes["lattice"],
        float(attributes["lattice_parameter"]),
        None if c is None else float(c),
    )
