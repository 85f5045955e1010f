"""Atoms and periodic images that are near each other."""

import itertools

import numpy as np
from scipy.spatial import cKDTree


def nearest_neighbour_distance(atoms):
    """Shortest distance between two atoms of a periodic structure, Angstrom."""
    reach = 1.5 * (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found, images = images_around(atoms, atoms.positions, reach)
    around = cKDTree(atoms.positions[found] + images @ atoms.cell.array)
    return float(around.query(atoms.positions, k=2)[0][:, 1].min())  # nearest: the atom itself


def centrosymmetry(atoms, count=12):
    """Centrosymmetry of each atom (N,), Angstrom^2: 0 where each neighbour has an opposite one.

    Of the `count` nearest neighbours, 12 in fcc, those count / 2 pairs with the smallest
    |r_i + r_j|^2 are added up (Kelchner, Plimpton & Hamilton, Phys. Rev. B 58, 11085 (1998), as
    LAMMPS's `compute centro/atom` does it).
    """
    reach = 3.0 * (atoms.get_volume() / len(atoms)) ** (1 / 3)
    found, images = images_around(atoms, atoms.positions, reach)
    places = atoms.positions[found] + images @ atoms.cell.array
    _, nearest = cKDTree(places).query(atoms.positions, k=count + 1)  # the first: the atom itself
    apart = places[nearest[:, 1:]] - atoms.positions[:, None]
    first, second = np.triu_indices(count, 1)
    sums = np.square(apart[:, first] + apart[:, second]).sum(axis=2)
    return np.sort(sums, axis=1)[:, : count // 2].sum(axis=1)


def images_near(atoms, points, reach):
    """All atoms and periodic images within `reach` (Angstrom) of any of `points`, (k, 3).

    Returns atom indices (c,) and lattice translations (c, 3), integers: the image is at
    `atoms.positions[index] + translation @ atoms.cell`. Takes less memory than a neighbour list.
    """
    found, shifts = images_around(atoms, points, reach)
    places = atoms.positions[found] + shifts @ atoms.cell.array
    distances, _ = cKDTree(points).query(places, distance_upper_bound=reach)
    near = np.isfinite(distances)
    return found[near], shifts[near]


def images_around(atoms, points, reach):
    """The same for a box around the points, so that it contains some more atoms."""
    inverse = np.linalg.inv(atoms.cell.array)
    margin = reach * np.linalg.norm(inverse, axis=0)  # in units of the cell's vectors
    inside, wanted = atoms.positions @ inverse, points @ inverse
    low, high = wanted.min(axis=0) - margin, wanted.max(axis=0) + margin
    first = np.floor(low - inside.max(axis=0)).astype(int)
    last = np.ceil(high - inside.min(axis=0)).astype(int)
    ranges = [range(*ends) for ends in zip(first, last + 1, strict=True)]
    within = [
        {n: (along + n > low[axis]) & (along + n < high[axis]) for n in ranges[axis]}
        for axis, along in enumerate(inside.T)
    ]
    found, shifts = [], []
    for shift in itertools.product(*ranges):
        here = np.flatnonzero(within[0][shift[0]] & within[1][shift[1]] & within[2][shift[2]])
        found.append(here)
        shifts.append(np.tile(shift, (len(here), 1)))
    return np.concatenate(found), np.concatenate(shifts)
