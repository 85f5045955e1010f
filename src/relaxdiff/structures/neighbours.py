"""Atoms and periodic images that are near each other."""

import itertools

import numpy as np
from ase.neighborlist import neighbor_list
from scipy.spatial import cKDTree


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
