"""The structures of the study before they relax, as ASE Atoms."""

import itertools
import math
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.build import bulk, surface
from ase.data import atomic_numbers, reference_states
from ase.geometry import find_mic
from ase.neighborlist import neighbor_list
from scipy.spatial import cKDTree

from relaxdiff.exceptions import InputError

# Where a bcc crystal without the atom at the origin, or with it, has its defect; in units of the
# lattice parameter. The dumbbells' atoms are about as far from each other as from the next atom.
SECOND_VACANCIES = {"divacancy_1nn": (0.5, 0.5, 0.5), "divacancy_2nn": (1.0, 0.0, 0.0)}
DUMBBELLS = {"dumbbell_111": (0.17, 0.17, 0.17), "dumbbell_110": (0.23, 0.23, 0.0)}
INTERSTICES = {"octahedral": (0.5, 0.0, 0.0), "tetrahedral": (0.5, 0.25, 0.0)}
# Kinds whose atoms are all on sites of the crystal, in cubic supercells.
ON_LATTICE = ("vacancy", *SECOND_VACANCIES)
LAMMPS_DATA = (".data", ".lmp")  # endings that ASE does not take for LAMMPS's
SMALLEST_VOLUME = 1e-6  # Angstrom^3; a cell below this one is flat
# What tells a structure file in other units: its lattice parameter off by this factor, a cell
# thinner, or all atoms farther apart, than this in units of the crystal's nearest neighbours.
LARGEST_SCALE, THINNEST_CELL, FARTHEST = 1.3, 0.1, 1.5


def bulk_cell(element, lattice_parameter, repeats=1, lattice="bcc"):
    """A perfect crystal of `repeats`^3 conventional cells; lattice_parameter in Angstrom."""
    return bulk(element, lattice, a=lattice_parameter, cubic=True).repeat(repeats)


def tabulated_lattice_parameter(element):
    """Experimental lattice parameter in ASE's table, Angstrom; InputError if there is none."""
    state = reference_states[atomic_numbers.get(element, 0)] or {}
    if "a" not in state:
        raise InputError(f"crystal.element: ASE knows no lattice parameter for {element}")
    return state["a"]


def atoms_per_cubic_cell(lattice):
    """Number of atoms in the conventional cubic cell of a lattice."""
    return len(bulk("W", lattice, a=1.0, cubic=True))


def nearest_neighbour_distance(atoms):
    """Shortest distance between two atoms of a periodic structure, Angstrom."""
    reach = 1.5 * (atoms.get_volume() / len(atoms)) ** (1 / 3)
    return float(neighbor_list("d", atoms, reach).min())


def images_near(atoms, points, reach):
    """All atoms and periodic images within `reach` (Angstrom) of any of `points`, (k, 3).

    Returns atom indices (c,) and lattice translations (c, 3), integers: the image is at
    `atoms.positions[index] + translation @ atoms.cell`. Less memory than a list of neighbours.
    """
    tree = cKDTree(points)
    cell = atoms.cell.array
    inverse = np.linalg.inv(cell)
    margin = reach * np.linalg.norm(inverse, axis=0)  # in units of the cell's vectors
    inside, wanted = atoms.positions @ inverse, points @ inverse
    low, high = wanted.min(axis=0) - margin, wanted.max(axis=0) + margin
    first = np.floor(low - inside.max(axis=0)).astype(int)
    last = np.ceil(high - inside.min(axis=0)).astype(int)
    found, shifts = [], []
    for shift in itertools.product(*map(range, first, last + 1)):
        moved = inside + shift
        here = np.flatnonzero(((moved > low) & (moved < high)).all(axis=1))
        distances, _ = tree.query(
            atoms.positions[here] + np.array(shift) @ cell, distance_upper_bound=reach
        )
        here = here[np.isfinite(distances)]
        found.append(here)
        shifts.append(np.tile(shift, (len(here), 1)))
    return np.concatenate(found), np.concatenate(shifts)


def vacancy_cell(element, lattice_parameter, repeats=4, lattice="bcc"):
    """A crystal of `repeats`^3 conventional cells with the atom at the origin taken out.

    lattice_parameter in Angstrom. The vacancy is at the origin of the cell. Returns ASE Atoms
    (2 repeats^3 - 1 atoms for bcc); InputError when the cell would hold nothing but the vacancy.
    """
    if repeats < 2:
        raise InputError(f"supercell: {repeats} is too small for a vacancy, use 2 or more")
    atoms = bulk_cell(element, lattice_parameter, repeats, lattice)
    del atoms[0]
    return atoms


def plane_normal(plane):
    """Unit vector (3,) normal to a plane, in the axes of the cubic cell.

    plane: three Miller indices; InputError when all are 0.
    """
    if not any(plane):
        raise InputError(f"plane: {list(plane)} is no plane, at least one index must not be 0")
    return np.array(plane) / np.linalg.norm(plane)


def build_structure(settings, element, lattice, lattice_parameter):
    """The unrelaxed Atoms of one entry of the config's `structures`, periodic in x, y and z.

    settings: the entry, a dict that `check_config` accepts; lattice_parameter: of the perfect
    crystal, Angstrom. InputError, naming structures.<name>.<key>, when a value or a structure file
    cannot be used; and when the lattice is not bcc, for which the defects' sites are known.
    """
    if lattice != "bcc":
        raise InputError(f"crystal.lattice: {lattice} is not known, use bcc")
    try:
        return BUILDERS[settings["kind"]](settings, element, lattice, lattice_parameter)
    except InputError as error:
        raise InputError(f"structures.{settings['name']}.{error}") from None


def _vacancy(settings, element, lattice, lattice_parameter):
    """The vacancy, at the origin."""
    return vacancy_cell(element, lattice_parameter, settings["supercell"], lattice)


def _divacancy(settings, element, lattice, lattice_parameter):
    """Two vacancies, one of them at the origin."""
    atoms = _vacancy(settings, element, lattice, lattice_parameter)
    second = lattice_parameter * np.array(SECOND_VACANCIES[settings["kind"]])
    del atoms[np.linalg.norm(atoms.positions - second, axis=1).argmin()]
    return atoms


def _dumbbell(settings, element, lattice, lattice_parameter):
    """Two atoms that share the site at the origin; they are the last two."""
    atoms = _vacancy(settings, element, lattice, lattice_parameter)
    offset = lattice_parameter * np.array(DUMBBELLS[settings["kind"]])
    return atoms + Atoms([element] * 2, positions=[offset, -offset])


def _interstitial(settings, element, lattice, lattice_parameter):
    """One atom, the last, in a hole of the perfect crystal."""
    atoms = bulk_cell(element, lattice_parameter, settings["supercell"], lattice)
    site = lattice_parameter * np.array(INTERSTICES[settings["kind"]])
    return atoms + Atoms([element], positions=[site])


def _surface(settings, element, lattice, lattice_parameter):
    """A slab in the middle of its cell; z is normal to the surfaces.

    vacuum: from the atoms on top of the slab to those below its image, Angstrom; InputError when
    they would be neighbours.
    """
    crystal = bulk_cell(element, lattice_parameter, lattice=lattice)
    usual = nearest_neighbour_distance(crystal)
    if settings["vacuum"] < usual:
        raise InputError(
            f"vacuum: {settings['vacuum']} Angstrom keeps no surfaces apart where atoms are "
            f"{usual:.3g} from each other: use more than the potential's cutoff"
        )
    slab, _ = _atomic_planes(crystal, settings["plane"], settings["layers"])
    slab.center(vacuum=settings["vacuum"] / 2, axis=2)
    return slab


def _gamma_surface(settings, element, lattice, lattice_parameter):
    """A crystal with one fault, halfway up; z is normal to it.

    Above the fault all atoms are shifted, and the third cell vector with them, so that the crystal
    goes on through the top of the cell. Without the shift that vector is the lattice vector across
    `layers` planes that is nearest to their normal: along it only when the planes stack back onto
    themselves, in bcc multiples of 2 for {100} and {110}, 3 for {111} and 6 for {112}.
    """
    layers = settings["layers"]
    crystal = bulk_cell(element, lattice_parameter, lattice=lattice)
    atoms, spacing = _atomic_planes(crystal, settings["plane"], layers + 1)
    heights = atoms.positions[:, 2] / spacing
    outside = heights > layers - 0.5
    # From an atom of the first plane to those of the plane that is its image.
    across = atoms.positions[outside] - atoms.positions[heights.argmin()]
    across, lengths = find_mic(across, atoms.cell, pbc=(True, True, False))
    shift = np.array(settings["displacement"]) @ atoms.cell.array[:2]
    atoms.positions[heights > layers // 2 - 0.5] += shift
    atoms.cell[2] = across[lengths.round(6).argmin()] + shift
    del atoms[outside]
    return atoms


def _atomic_planes(crystal, plane, layers):
    """`layers` atomic planes of a crystal, the first at z = 0, z being their normal.

    crystal: the conventional cubic cell, of a lattice with one atom in its primitive cell, so that
    planes are equally spaced. The cell's first two vectors are those of `ase.build.surface`, which
    need not span the smallest cell. Returns Atoms and the planes' distance in Angstrom.
    """
    plane_normal(plane)  # refuses indices that are all 0
    plane = np.array(plane, dtype=int) // np.gcd.reduce(np.array(plane, dtype=int))
    # Not `periodic`: ASE would wrap rounding errors at height 0 to the top.
    repeat = surface(crystal, plane, 1)
    in_repeat = len(np.unique(repeat.positions[:, 2].round(6)))
    spacing = crystal.get_volume() / np.linalg.norm(np.cross(*repeat.cell[:2])) / in_repeat
    atoms = surface(crystal, plane, math.ceil(layers / in_repeat))
    atoms.pbc = True
    atoms.cell[2] = [0, 0, layers * spacing]
    del atoms[atoms.positions[:, 2] > (layers - 0.5) * spacing]
    return atoms, spacing


def _from_file(settings, element, lattice, lattice_parameter):
    """The last structure of a file, scaled from its own lattice parameter to the potential's."""
    path = settings["path"]
    atoms = _read(path)
    _check_cell_and_atoms(atoms, path, element)
    scale = lattice_parameter / settings["lattice_parameter"]
    if not 1 / LARGEST_SCALE < scale < LARGEST_SCALE:
        raise InputError(
            f"lattice_parameter: {settings['lattice_parameter']} is far from the "
            f"{lattice_parameter:.3g} of crystalline {element}: give that of the crystal that "
            f"{path} was built for, in Angstrom"
        )
    atoms.set_cell(atoms.cell * scale, scale_atoms=True)
    crystal = bulk_cell(element, lattice_parameter, lattice=lattice)
    usual = nearest_neighbour_distance(crystal)
    heights = 1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)
    if heights.min() < THINNEST_CELL * usual:
        raise InputError(
            f"path: the cell in {path} is only {heights.min():.3g} Angstrom thick, less than an "
            "atom: is it in Angstrom?"
        )
    # Only a cell that is rather empty can have no neighbours: others are not searched.
    sparse = atoms.get_volume() / len(atoms) > FARTHEST**3 * crystal.get_volume() / len(crystal)
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


def _check_cell_and_atoms(atoms, path, element):
    """InputError unless these are atoms of one element in a cell that repeats along x, y and z."""
    others = sorted(set(atoms.symbols) - {element})
    open_ends = [axis for axis, closed in zip("xyz", atoms.pbc, strict=True) if not closed]
    if not len(atoms):
        problem = f"{path} holds no atoms"
    elif others:
        problem = f"{path} holds atoms of {', '.join(others)}, but crystal.element is {element}"
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
    **dict.fromkeys(SECOND_VACANCIES, _divacancy),
    **dict.fromkeys(DUMBBELLS, _dumbbell),
    **dict.fromkeys(INTERSTICES, _interstitial),
    "surface": _surface,
    "gamma_surface": _gamma_surface,
    "file": _from_file,
}
