"""Perfect crystals: of one element in the lattices that ASE builds, and cubic compounds."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import spglib
from ase import Atoms
from ase.build import bulk
from ase.data import atomic_numbers, reference_states

from relaxdiff.exceptions import InputError
from relaxdiff.structures.coordinates import Freedom, cell_strains, coordinates_of
from relaxdiff.structures.from_files import read_structure

# Atoms in the conventional cell: cubic, or the hexagonal one of hcp.
ATOMS_PER_CELL = {"sc": 1, "bcc": 2, "fcc": 4, "diamond": 8, "hcp": 2}
LATTICES = tuple(ATOMS_PER_CELL)
# Lattices with one atom in the primitive cell: only the cell relaxes.
BRAVAIS = ("sc", "bcc", "fcc")
IDEAL = float(np.sqrt(8 / 3))  # c/a of close-packed spheres
ORIGIN, CENTRE, FACES = (0, 0, 0), (0.5, 0.5, 0.5), ((0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))
# For each compound the sites of its elements, in units of the cubic cell.
COMPOUNDS = {
    "B2": ((ORIGIN,), (CENTRE,)),
    "L1_2": (FACES, (ORIGIN,)),
    "rocksalt": (
        (ORIGIN, *FACES),
        (CENTRE, (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)),
    ),
    "zincblende": (
        (ORIGIN, *FACES),
        ((0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75), (0.75, 0.75, 0.25)),
    ),
}
CRYSTAL_FILE = "file"  # the lattice of a crystal that is read from one
SYMMETRY_TOLERANCE = 1e-3  # Angstrom, for crystals from files with few digits


@dataclass(frozen=True)
class PerfectCrystal:
    """A perfect crystal.

    element: its element; in a compound the element whose chemical potential follows from the
    others'; lattice: one of LATTICES, COMPOUNDS, or CRYSTAL_FILE; a, and for hcp c, in Angstrom;
    basis: of a compound or a crystal from a file, pairs of an element and its place, three numbers
    in units of the cell's vectors; shape: the vectors of its conventional cell in units of a,
    (3, 3) as tuples, () if it is a cube; elastic_constants: C11, C12 and C44 in GPa, () if they are
    not known.
    """

    element: str
    lattice: str
    a: float
    c: float | None = None
    basis: tuple = ()
    shape: tuple = ()
    elastic_constants: tuple = ()

    def __post_init__(self):
        known = (*LATTICES, *COMPOUNDS, CRYSTAL_FILE)
        if self.lattice not in known:
            raise InputError(
                f"crystal.lattice: {self.lattice} is not known, use one of {', '.join(known)}"
            )
        if (self.c is None) == (self.lattice == "hcp"):
            raise ValueError("hcp has two lattice parameters, every other lattice has one")
        if bool(self.basis) == (self.lattice in LATTICES):
            raise ValueError("a compound has a basis, and nothing else has")

    @property
    def lengths(self):
        """The lattice parameters, a and for hcp c, Angstrom, shape (1,) or (2,)."""
        return np.array([self.a] if self.c is None else [self.a, self.c])

    @property
    def atoms_per_cell(self):
        """Number of atoms in the conventional cell."""
        return len(self.basis) or ATOMS_PER_CELL[self.lattice]

    @property
    def fractions(self):
        """The fraction of the atoms that are of each element, a dict; the sum is 1."""
        elements = [element for element, _ in self.basis] or [self.element]
        return {element: n / len(elements) for element, n in Counter(elements).items()}

    @property
    def volume_per_atom(self):
        """Angstrom^3."""
        return float(self.volumes_per_atom(self.lengths))

    def volumes_per_atom(self, lengths):
        """Volumes with other lattice parameters, (..., 1 or 2), Angstrom^3, shape (...,)."""
        lengths = np.asarray(lengths)
        if self.lattice == "hcp":
            return np.sqrt(3) / 4 * lengths[..., 0] ** 2 * lengths[..., 1]
        share = abs(np.linalg.det(self.shape)) if self.shape else 1.0
        return share * lengths[..., 0] ** 3 / self.atoms_per_cell

    def conventional(self, repeats=1) -> Atoms:
        """`repeats`^3 conventional cells: cubic, or hexagonal with c along z."""
        if self.basis:
            elements, places = zip(*self.basis, strict=True)
            vectors = self.a * np.array(self.shape or np.eye(3))
            cell = Atoms(elements, scaled_positions=places, cell=vectors, pbc=True)
        elif self.lattice == "hcp":
            cell = bulk(self.element, "hcp", a=self.a, c=self.c)
        else:
            cell = bulk(self.element, self.lattice, a=self.a, cubic=True)
        return cell.repeat(repeats)

    def primitive(self) -> Atoms:
        """The primitive cell, in the axes of the conventional one."""
        if self.basis:
            return _standardised(self.conventional(), to_primitive=True, no_idealize=True)
        if self.lattice == "hcp":
            return self.conventional()
        return bulk(self.element, self.lattice, a=self.a)

    def at(self, a):
        """The crystal of the same shape with another lattice parameter a, Angstrom."""
        return replace(self, a=a, c=None if self.c is None else self.c / self.a * a)

    @property
    def attributes(self):
        """Attributes of a Dataset from which `crystal_from` makes the crystal again, a dict."""
        kept = {"element": self.element, "lattice": self.lattice, "lattice_parameter": self.a}
        if self.c is not None:
            kept["lattice_parameter_c"] = self.c
        kept |= {name: json.dumps(getattr(self, name)) for name in ("basis", "shape") if self.basis}
        return kept

    @property
    def is_simple(self):
        """Whether it is cubic with every atom held in its place by symmetry, or hcp."""
        return not self.basis or (not self.shape and self.free_coordinates.size == 1)

    @property
    def free_coordinates(self):
        """Coordinates of the conventional cell: the strains and displacements of its symmetry."""
        cell = self.conventional()
        return coordinates_of(cell, Freedom(cell_strains("full", cell, reach=np.inf)))

    def with_cell(self, atoms):
        """The crystal with the same atoms in another conventional cell."""
        lengths = atoms.cell.lengths()
        changed = {"a": float(lengths[0]), "c": None if self.c is None else float(lengths[2])}
        if self.basis and not self.is_simple:
            rows = (atoms.cell.array / lengths[0]).tolist()
            places = map(tuple, atoms.get_scaled_positions().tolist())
            elements = (element for element, _ in self.basis)
            changed |= {"shape": tuple(map(tuple, rows))}
            changed |= {"basis": tuple(zip(elements, places, strict=True))}
        return replace(self, **changed)


def starting_crystal(
    element: str,
    lattice: str,
    lattice_parameter: float | None = None,
    sites: list[str] | None = None,
    path: str | Path | None = None,
) -> PerfectCrystal:
    """An unrelaxed crystal to start from, a PerfectCrystal.

    lattice_parameter: a in Angstrom, or None for the one that gives the volume per atom in ASE's
    table; this is the experimental a if the table has the element in this lattice. c/a is the
    table's if that is hcp, else ideal. A compound needs a, and `sites`, the elements on its sites
    in the order of COMPOUNDS. A crystal from a file needs `path`; a is the file's if not given.
    Raises InputError when the table has no cubic or hexagonal crystal of the element and no lattice
    parameter is given, the lattice is unknown, or the file holds no crystal that can be used.
    """
    if lattice == CRYSTAL_FILE:
        return _from_file(element, path, lattice_parameter)
    if lattice in COMPOUNDS:
        return _compound(element, lattice, lattice_parameter, sites)
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


def crystal_of_settings(settings):
    """The `starting_crystal` of the config's block `crystal`, whose other keys are ignored."""
    keys = ("element", "lattice", "lattice_parameter", "sites", "path")
    return starting_crystal(**{key: settings[key] for key in keys if key in settings})


def crystal_from(attributes):
    """The PerfectCrystal in the attributes of a Dataset of `crystal_of_variants`."""
    c = attributes.get("lattice_parameter_c")
    return PerfectCrystal(
        attributes["element"],
        attributes["lattice"],
        float(attributes["lattice_parameter"]),
        None if c is None else float(c),
        tuple((element, tuple(at)) for element, at in json.loads(attributes.get("basis", "[]"))),
        tuple(map(tuple, json.loads(attributes.get("shape", "[]")))),
    )


def _compound(element, lattice, lattice_parameter, sites):
    """A PerfectCrystal of one of COMPOUNDS."""
    places = COMPOUNDS[lattice]
    if not sites or len(sites) != len(places) or element not in sites:
        raise InputError(
            f"crystal.sites: {lattice} has {len(places)} kinds of sites, name the elements on "
            f"them, crystal.element ({element}) among them"
        )
    if lattice_parameter is None:
        raise InputError(
            f"crystal.lattice_parameter: of {lattice} there is no table, give it in Angstrom"
        )
    basis = tuple(
        (each, tuple(map(float, at)))
        for each, sublattice in zip(sites, places, strict=True)
        for at in sublattice
    )
    return PerfectCrystal(element, lattice, float(lattice_parameter), basis=basis)


def _from_file(element, path, lattice_parameter):
    """A PerfectCrystal read from a file; InputError, which names the key, if it cannot be used."""
    if path is None:
        raise InputError("crystal.path: with lattice: file, name the file of the crystal")
    try:
        atoms = read_structure(path)
    except InputError as error:
        raise InputError(f"crystal.{error}") from None
    cell = _standardised(atoms, to_primitive=False, no_idealize=False)
    if element not in cell.symbols:
        raise InputError(
            f"crystal.element: {element} is not in {path}, which holds "
            f"{', '.join(dict.fromkeys(cell.symbols))}"
        )
    a = float(cell.cell.lengths()[0])
    places = (tuple(map(float, at)) for at in cell.get_scaled_positions())
    basis = tuple(zip(map(str, cell.symbols), places, strict=True))
    vectors = cell.cell.array / a
    cubic = np.allclose(vectors, np.eye(3), atol=1e-6)
    shape = () if cubic else tuple(map(tuple, vectors.tolist()))
    crystal = PerfectCrystal(element, CRYSTAL_FILE, a, basis=basis, shape=shape)
    return crystal if lattice_parameter is None else crystal.at(float(lattice_parameter))


def _standardised(atoms, **options):
    """The conventional or primitive cell of a crystal, as spglib has it; `options` are spglib's."""
    structure = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    found = spglib.standardize_cell(structure, symprec=SYMMETRY_TOLERANCE, **options)
    cell, places, numbers = found
    return Atoms(numbers, scaled_positions=places, cell=cell, pbc=True)
