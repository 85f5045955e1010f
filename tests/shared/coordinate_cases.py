"""Freedom of a gamma surface, and random places in coordinates."""

import numpy as np

from relaxdiff.structures.coordinates import (
    Freedom,
    cell_strains,
    face_normals,
)


def normal_freedom(atoms, potential):
    """Of a gamma surface."""
    strains = cell_strains("in_plane_fixed", atoms, potential.reach)
    return Freedom(strains, face_normals(atoms)[2:])


def somewhere(coordinates, size=0.05, seed=3):
    """Random coordinates: atoms move by about `size` Angstrom, the cell strains by up to that."""
    lengths = size * np.random.default_rng(seed).normal(size=coordinates.size)
    return lengths / np.append(np.ones(coordinates.n_modes), np.full(len(coordinates.strains), 2.0))
