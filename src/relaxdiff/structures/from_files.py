"""Structures from the user's own files, which are checked before use."""

import re
from pathlib import Path

import ase.io
import ase.io.formats
import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from relaxdiff.exceptions import InputError
from relaxdiff.structures.neighbours import nearest_neighbour_distance

LAMMPS_DATA = (
    ".data",
    ".lmp",
    ".lammps-data",
)  # LAMMPS data files that ASE does not recognise by their ending
HEAD = 10_000  # bytes of a file in which LAMMPS says what its columns are
SMALLEST_VOLUME = 1e-6  # Angstrom^3; a cell below this one is flat
# Signs that a structure file is in other units: its lattice parameter is off by this factor, or, in
# units of the crystal's nearest-neighbour distance, its cell is thinner or its atoms are farther
# apart than this.
LARGEST_SCALE, THINNEST_CELL, FARTHEST = 1.3, 0.1, 1.5


def from_file(settings, crystal, solutes, elements=None):
    """The last structure of a file, scaled from its own lattice parameter to the potential's.

    settings, crystal, solutes, elements: as for `build_structure`. Raises InputError, which names
    the key, for a file that cannot be read or does not fit the crystal.
    """
    path = settings["path"]
    atoms = read_structure(path)
    if _has_types_alone(path):
        _give_elements(atoms, path, crystal.element, elements)
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
    # Only in a rather empty cell can atoms lack near neighbours: other cells are not searched.
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


def _has_types_alone(path):
    """Whether it is a LAMMPS data or dump file that has types of atoms but does not name elements.

    ASE takes the numbers of the types for atomic numbers: 1 for hydrogen.
    """
    with ase.io.formats.open_with_compression(str(Path(path).absolute()), "rb") as file:
        text = file.read(HEAD).decode(errors="replace")
    if columns := re.search(r"^ITEM: ATOMS (.*)$", text, re.MULTILINE):
        return not {"element", "mass"} & set(columns[1].split())
    is_data = Path(path).suffix in LAMMPS_DATA and re.search(r"^\s*\d+\s+atoms", text, re.MULTILINE)
    return bool(is_data) and not re.search(r"^\s*(Masses|Atom Type Labels)\b", text, re.MULTILINE)


def _give_elements(atoms, path, element, elements):
    """Replace types, which ASE took for atomic numbers, by the potential's elements in its order.

    As long as the potential is not known, all atoms are taken to be the crystal's element.
    """
    types = atoms.numbers
    if elements is None:
        atoms.symbols[:] = element
    elif types.max(initial=0) > len(elements):
        raise InputError(
            f"path: {path} gives types of atoms up to {types.max()} and no elements, but the "
            f"potential has {len(elements)}, {', '.join(elements)}: name the elements in the file "
            "(dump_modify element, or Masses in a data file)"
        )
    else:
        atoms.symbols = [elements[kind - 1] for kind in types]


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


def read_structure(path):
    """Symbols, positions, cell and periodicity of the last structure in a file, as Atoms.

    Folders are refused, because ASE would unpickle data in some of them; it does not do so in
    files. Raises InputError, which begins with "path: ", for a file that cannot be read.
    """
    if not Path(path).is_file():
        raise InputError(f"path: {path} is not a file")
    try:
        found = ase.io.read(
            str(Path(path).absolute()),  # ASE takes a bare postgres.xyz for a server
            index=-1,
            format="lammps-data" if Path(path).suffix in LAMMPS_DATA else None,
            parallel=False,  # else ASE would broadcast to ranks that do not come here
            do_not_split_by_at_sign=True,
        )
    except Exception as error:  # of any of ASE's many readers
        reason = " ".join(f"{type(error).__name__} {error}".split())
        raise InputError(f"path: ASE cannot read {path}: {reason}") from None
    return Atoms(found.numbers, found.positions, cell=found.cell, pbc=found.pbc)
