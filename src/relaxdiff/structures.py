"""The supercells of the study, as ASE Atoms."""

import itertools

import numpy as np
from ase.build import bulk
from ase.data import atomic_numbers, reference_states
from ase.neighborlist import neighbor_list
from scipy.spatial import cKDTree

from relaxdiff.exceptions import InputError


def bulk_cell(element, lattice_parameter, repeats=1, lattice="bcc"):
    """A perfect crystal of `repeats`^3 conventional cells; lattice_parameter in Angstrom."""
    return bulk(element, lattice, a=lattice_parameter, cubic=True).repeat(repeats)


def tabulated_lattice_parameter(element):
    """Experimental lattice parameter in ASE's table, Angstrom; InputError if there is none."""
    state = reference_states[atomic_numbers[element]] or {}
    if "a" not in state:
        raise InputError(f"structure.element: ASE knows no lattice parameter for {element}")
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
        raise InputError(
            f"structure.supercell: {repeats} is too small for a vacancy, use 2 or more"
        )
    atoms = bulk_cell(element, lattice_parameter, repeats, lattice)
    del atoms[0]
    return atoms
