"""The structures of the study before they relax, as ASE Atoms."""

from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from relaxdiff.exceptions import InputError
from relaxdiff.structures.lattices import BRAVAIS, LATTICES, PerfectCrystal
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.slabs import faulted_crystal, surface_slab

# Where a crystal has its interstitials, by kind and lattice, in units of the conventional cell's
# vectors. Of a dumbbell it is how far its two atoms are from the site at the origin: they are about
# as far from each other as from the next atom.
DUMBBELLS = {
    "dumbbell_100": {"fcc": (0.28, 0.0, 0.0)},
    "dumbbell_110": {"bcc": (0.23, 0.23, 0.0)},
    "dumbbell_111": {"bcc": (0.17, 0.17, 0.17)},
}
INTERSTICES = {
    "octahedral": {
        "bcc": (0.5, 0.0, 0.0),
        "fcc": (0.5, 0.5, 0.5),
        "hcp": (2 / 3, 1 / 3, 0.25),
    },
    "tetrahedral": {
        "bcc": (0.5, 0.25, 0.0),
        "fcc": (0.25, 0.25, 0.25),
        "diamond": (0.5, 0.5, 0.5),
        "hcp": (0.0, 0.0, 0.375),
    },
}
DIVACANCIES = {"divacancy_1nn": 0, "divacancy_2nn": 1}  # shell of neighbours that the second is in
# A site of each of those shells; of hcp c/a tells which is the nearer.
SHELLS = {
    "sc": ((1, 0, 0), (1, 1, 0)),
    "bcc": ((0.5, 0.5, 0.5), (1, 0, 0)),
    "fcc": ((0.5, 0.5, 0), (1, 0, 0)),
    "diamond": ((0.25, 0.25, 0.25), (0.5, 0.5, 0)),
    "hcp": ((1 / 3, 2 / 3, 0.5), (1, 0, 0)),
}
# Kinds whose atoms are all on sites of the crystal.
ON_LATTICE = ("vacancy", *DIVACANCIES)
# Lattices in which a kind is known; of those not named here in all.
KNOWN_LATTICES = {
    **{kind: tuple(sites) for kind, sites in (DUMBBELLS | INTERSTICES).items()},
    # Their planes are equally spaced, and nothing in the crystal relaxes but the cell.
    "surface": BRAVAIS,
    "gamma_surface": BRAVAIS,
}
LAMMPS_DATA = (".data", ".lmp")  # endings that ASE does not take for LAMMPS's
SMALLEST_VOLUME = 1e-6  # Angstrom^3; a cell below this one is flat
# What tells a structure file in other units: its lattice parameter off by this factor, a cell
# thinner, or all atoms farther apart, than this in units of the crystal's nearest neighbours.
LARGEST_SCALE, THINNEST_CELL, FARTHEST = 1.3, 0.1, 1.5


def bulk_cell(element, lattice_parameter, repeats=1, lattice="bcc"):
    """A perfect cubic crystal of `repeats`^3 conventional cells; lattice_parameter in Angstrom."""
    return bulk(element, lattice, a=lattice_parameter, cubic=True).repeat(repeats)


def vacancy_cell(element, lattice_parameter, repeats=4, lattice="bcc"):
    """A cubic crystal of `repeats`^3 conventional cells with the atom at the origin taken out.

    lattice_parameter in Angstrom. Returns ASE Atoms (2 repeats^3 - 1 atoms for bcc); InputError
    when the cell would hold little but the vacancy.
    """
    return _vacancy({"supercell": repeats}, PerfectCrystal(element, lattice, lattice_parameter))


def build_structure(settings, crystal, solutes=()):
    """The unrelaxed Atoms of one entry of the config's `structures`, periodic in x, y and z.

    settings: the entry, a dict that `check_config` accepts; crystal: the PerfectCrystal that it is
    made of; solutes: other elements that a structure file may hold. InputError, naming
    structures.<name>.<key>, when a value or a structure file cannot be used, or the kind is not
    known in the lattice.
    """
    kind = settings["kind"]
    try:
        _check_kind(kind, crystal.lattice)
        if kind == "file":
            return _from_file(settings, crystal, solutes)
        return BUILDERS[kind](settings, crystal)
    except InputError as error:
        raise InputError(f"structures.{settings['name']}.{error}") from None


def _check_kind(kind, lattice):
    """InputError, with what there is instead, when a kind is not known in a lattice."""
    known = KNOWN_LATTICES.get(kind, LATTICES)
    if lattice in known:
        return
    others = [each for each in BUILDERS if lattice in KNOWN_LATTICES.get(each, LATTICES)]
    raise InputError(
        f"kind: {kind} is known in {', '.join(known)}, not in {lattice}, which has "
        f"{', '.join(others)}: use one of these, or bring a structure of your own with kind: file"
        + (" and cell: fixed" if known == BRAVAIS else "")
    )


def _vacancy(settings, crystal):
    """The vacancy, at the origin."""
    repeats = settings["supercell"]
    if repeats < 2:
        raise InputError(f"supercell: {repeats} is too small for a vacancy, use 2 or more")
    atoms = crystal.conventional(repeats)
    del atoms[0]
    return atoms


def _divacancy(settings, crystal):
    """Two vacancies, one of them at the origin."""
    atoms = _vacancy(settings, crystal)
    sites = [_place(crystal, site) for site in SHELLS[crystal.lattice]]
    second = sorted(sites, key=np.linalg.norm)[DIVACANCIES[settings["kind"]]]
    del atoms[np.linalg.norm(atoms.positions - second, axis=1).argmin()]
    return atoms


def _substitutional(settings, crystal):
    """A solute in place of the atom at the origin, the first."""
    atoms = crystal.conventional(settings["supercell"])
    atoms.symbols[0] = settings["element"]
    return atoms


def _dumbbell(settings, crystal):
    """Two atoms, the last, that share the site at the origin; one may be a solute, the last."""
    atoms = _vacancy(settings, crystal)
    offset = _place(crystal, DUMBBELLS[settings["kind"]][crystal.lattice])
    pair = [crystal.element, settings.get("element", crystal.element)]
    return atoms + Atoms(pair, positions=[offset, -offset])


def _interstitial(settings, crystal):
    """One atom, the last, in a hole of the perfect crystal."""
    atoms = crystal.conventional(settings["supercell"])
    site = _place(crystal, INTERSTICES[settings["kind"]][crystal.lattice])
    return atoms + Atoms([settings.get("element", crystal.element)], positions=[site])


def _place(crystal, scaled):
    """A position in Angstrom from one in units of the conventional cell's vectors."""
    return np.array(scaled) @ crystal.conventional().cell.array


def _from_file(settings, crystal, solutes):
    """The last structure of a file, scaled from its own lattice parameter to the potential's."""
    path = settings["path"]
    atoms = _read(path)
    _check_cell_and_atoms(atoms, path, crystal.element, solutes)
    scale = crystal.a / settings["lattice_parameter"]
    if not 1 / LARGEST_SCALE < scale < LARGEST_SCALE:
        raise InputError(
            f"lattice_parameter: {settings['lattice_parameter']} is far from the "
            f"{crystal.a:.3g} of crystalline {crystal.element}: give that of the crystal that "
            f"{path} was built for, in Angstrom"
        )
    atoms.set_cell(atoms.cell * scale, scale_atoms=True)
    usual = nearest_neighbour_distance(crystal.conventional())
    heights = 1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)
    if heights.min() < THINNEST_CELL * usual:
        raise InputError(
            f"path: the cell in {path} is only {heights.min():.3g} Angstrom thick, less than an "
            "atom: is it in Angstrom?"
        )
    # Only a cell that is rather empty can have no neighbours: others are not searched.
    sparse = atoms.get_volume() / len(atoms) > FARTHEST**3 * crystal.volume_per_atom
    if sparse and not neighbor_list("d", atoms, FARTHEST * usual).size:
        raise InputError(
            f"path: no two atoms in {path} are nearer than {FARTHEST * usual:.3g} Angstrom when "
            f"scaled from lattice_parameter, in the crystal they are {usual:.3g} apart: is it in "
            "Angstrom?"
        )
    distances = neighbor_list("d", atoms, usual / 2)
    if distances.size:
        raise InputError(
            f"path: two atoms in {path} are {distances.min():.3g} Angstrom apart when scaled from "
            f"lattice_parameter, less than half of the {usual:.3g} in the crystal"
        )
    return atoms


def _check_cell_and_atoms(atoms, path, element, solutes):
    """InputError unless these are atoms of known elements in a cell that repeats in x, y and z."""
    others = sorted(set(atoms.symbols) - {element, *solutes})
    known = f"crystal.element is {element}" + (f" with {', '.join(solutes)}" if solutes else "")
    open_ends = [axis for axis, closed in zip("xyz", atoms.pbc, strict=True) if not closed]
    if not len(atoms):
        problem = f"{path} holds no atoms"
    elif others:
        problem = f"{path} holds atoms of {', '.join(others)}, but {known}"
    elif open_ends:
        problem = f"{path} is not periodic in {', '.join(open_ends)}, but must be in x, y and z"
    elif not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        problem = f"{path} holds positions or cell vectors that are not finite"
    elif atoms.cell.volume < SMALLEST_VOLUME:
        problem = f"the cell in {path} has no volume"
    else:
        return
    raise InputError(f"path: {problem}")


def _read(path):
    """Symbols, positions, cell and periodicity of the last structure in a file, as Atoms.

    ASE unpickles nothing that it finds in a file; it did so in folders, which are refused.
    """
    if not Path(path).is_file():
        raise InputError(f"path: {path} is not a file")
    try:
        found = ase.io.read(
            str(Path(path).absolute()),  # names such as postgres.xyz alone would be a server's
            index=-1,
            format="lammps-data" if Path(path).suffix in LAMMPS_DATA else None,
            parallel=False,  # else ASE would broadcast to ranks that do not come here
            do_not_split_by_at_sign=True,
        )
    except Exception as error:  # of any of ASE's many readers
        reason = " ".join(f"{type(error).__name__} {error}".split())
        raise InputError(f"path: ASE cannot read {path}: {reason}") from None
    return Atoms(found.numbers, found.positions, cell=found.cell, pbc=found.pbc)


BUILDERS = {
    "vacancy": _vacancy,
    **dict.fromkeys(DIVACANCIES, _divacancy),
    "substitutional": _substitutional,
    **dict.fromkeys(DUMBBELLS, _dumbbell),
    **dict.fromkeys(INTERSTICES, _interstitial),
    "surface": surface_slab,
    "gamma_surface": faulted_crystal,
}
KINDS = (*BUILDERS, "file")
# What a structure has beside these keys, and how its cell can relax; point defects are all kinds
# that are not named here.
COMMON_KEYS = ("name", "kind", "cell")
POINT_DEFECT_KEYS = ("supercell",)
KEYS = {
    "substitutional": ("supercell", "element"),
    "surface": ("plane", "layers", "vacuum"),
    "gamma_surface": ("plane", "layers", "displacement"),
    "file": ("path", "lattice_parameter"),
}
# May be left out: the interstitial, or one atom of the dumbbell, is then of the crystal's element.
OPTIONAL_KEYS = dict.fromkeys((*DUMBBELLS, *INTERSTICES), ("element",))
POINT_DEFECT_CELLS = ("fixed", "isotropic", "full")
CELLS = {
    "surface": ("fixed", "in_plane_fixed"),
    "gamma_surface": ("fixed", "in_plane_fixed"),
    "file": ("fixed", "isotropic", "full", "in_plane_fixed"),
}
# Supercells in which no atom is next to a defect and to an image of it, those of divacancies larger
# by one; of lattices not named here the schema's.
SMALLEST_SUPERCELL = {"sc": 3, "hcp": 3}
