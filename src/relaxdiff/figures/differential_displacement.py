"""Differential displacements around a screw dislocation along z, and where its core is.

V. Vitek, R. C. Perrin, D. K. Bowen, Philos. Mag. 21, 1049 (1970). Every column of atoms along the
line is seen as a point. Between two neighbouring columns i and j

    d_ij = u_j - u_i, modulo b into (-b/2, b/2],    u = z - z of the perfect crystal,

and an arrow along the pair, as long as the columns are apart where |d_ij| = b/3. Around a triangle
of columns they add up to 0, or to +-b where the core is inside.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import root
from scipy.spatial import Delaunay

LONGEST = 1.2  # sides of a triangle of neighbours, in shortest distances between columns


@dataclass(frozen=True)
class Columns:
    """Columns of a perfect crystal along z, each one period b long and of one atom.

    places: (column, 2), Angstrom; burgers: b, Angstrom; triangles: (triangle, 3) indices of columns
    that are each other's neighbours, anticlockwise; pairs: (pair, 2), i < j, the triangles' sides.
    """

    places: np.ndarray
    burgers: float
    triangles: np.ndarray
    pairs: np.ndarray

    @property
    def apart(self):
        """The vectors from i to j of the pairs, (pair, 2), Angstrom."""
        first, second = self.pairs.T
        return self.places[second] - self.places[first]

    @property
    def spacing(self):
        """The shortest distance between columns, Angstrom."""
        return np.linalg.norm(self.apart, axis=1).min()


def columns_of(crystal_positions, burgers):
    """The Columns of a crystal's atoms, (atom, xyz), Angstrom; burgers: its period along z."""
    places = np.asarray(crystal_positions)[:, :2]
    triangles = Delaunay(places).simplices  # anticlockwise
    sides = np.linalg.norm(places[triangles] - places[np.roll(triangles, 1, axis=1)], axis=2)
    triangles = triangles[sides.max(axis=1) < LONGEST * sides.min()]  # no slivers at the rim
    both_ways = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.unique(np.sort(both_ways, axis=1), axis=0)
    return Columns(places, float(burgers), triangles, pairs)


def differential_displacements(columns, along):
    """d_ij of every pair, (pair,), Angstrom; along: displacement of each column along z."""
    first, second = columns.pairs.T
    return _modulo(along[second] - along[first], columns.burgers)


def arrows(columns, along):
    """The arrow of every pair: its tail and the step to its tip, (pair, 2) each, Angstrom.

    It is centred between the columns and points from the one that is displaced less along z to the
    other.
    """
    size = differential_displacements(columns, along) / (columns.burgers / 3)
    steps = size[:, None] * columns.apart
    return columns.places[columns.pairs].mean(axis=1) - steps / 2, steps


def enclosed(columns, along):
    """How many times b the core inside each triangle has: 1 or -1 where it is, else 0; (triangle,).

    The sum of the differential displacements around the triangle, anticlockwise.
    """
    steps = along[np.roll(columns.triangles, -1, axis=1)] - along[columns.triangles]
    around = _modulo(steps, columns.burgers).sum(axis=1)
    return np.rint(around / columns.burgers).astype(int)


def core_centre(columns, along):
    """Where the core is, (2,), Angstrom; NaN without a dislocation.

    The point around which the phases exp(2 pi i u / b) of the columns cancel, each weighted by
    r^2 exp(-r^2 / (2 s^2)), r its distance from the point and s the spacing of columns: a vortex of
    the phase. As the core moves from one triangle to the next, this point moves continuously,
    through the column or the pair between them. Of the elastic field of a screw it is the centre.
    """
    inside = enclosed(columns, along)
    if inside.sum() == 0:
        return np.full(2, np.nan)
    middles = columns.places[columns.triangles].mean(axis=1)
    phases = np.exp(2j * np.pi * along / columns.burgers)
    width = 2 * columns.spacing**2

    def uncancelled(point):
        squares = np.sum((columns.places - point) ** 2, axis=1)
        weights = squares * np.exp(-squares / width)
        rest = np.sum(weights * phases) / np.sum(weights)
        return [rest.real, rest.imag]

    found = root(uncancelled, inside @ middles / inside.sum())
    return found.x if found.success else np.full(2, np.nan)


def _modulo(values, period):
    """Values in (-period / 2, period / 2], each by a multiple of the period."""
    return period / 2 - (period / 2 - values) % period
