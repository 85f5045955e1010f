"""Walks along many lines of parameters side by side, where many small cells are evaluated at once.

Newton's method with exact second derivatives takes the place of a relaxer. What counts as the
continuation of a minimum is what `walk` says. A line on which anything fails is for `walk_line`.
"""

import numpy as np

from relaxdiff.minima.relaxers import BASIN_RADIUS, BASIN_STRAIN, TOLERANCE, in_basin
from relaxdiff.minima.walk import MISS, MISS_SHARE

MAX_STEPS = 8


def many_in_basin(potential, theta, basin, coordinates=None):
    """ManyStructures for all parameters theta (V, P), anywhere in the basin of some Coordinates.

    basin: Coordinates; coordinates: those to evaluate in, of the same or a smaller cell of the same
    crystal, `basin` if None.
    """
    radius = _farthest_neighbour(basin, potential.longest_reach(theta))
    return potential.many(basin if coordinates is None else coordinates, radius)


def _farthest_neighbour(coordinates, reach):
    """How far apart atoms of the reference may be that feel each other where `in_basin` holds."""
    strained = np.abs(coordinates.strains).any(axis=0).sum(axis=1).max(initial=0)
    moved = np.sqrt(3) * BASIN_RADIUS * coordinates.nearest_neighbour_distance
    return reach / (1 - BASIN_STRAIN * strained) + 2 * moved * bool(coordinates.n_modes)


def walk_at_once(many, coordinates, lines):
    """Minima along Lines that have their lambdas in common.

    many: ManyStructures in the coordinates, at whose q = 0 all lines have their minimum at
    lambda = 0. Returns energies, (line, lambda), eV; q, (line, lambda, n), both NaN where a line
    keeps nothing; and whether the line failed somewhere, (line,).
    """
    lambdas, kept = lines[0].lambdas, np.array([line.kept for line in lines])
    tangents = np.array([line.tangent for line in lines])
    energy = np.full(kept.shape, np.nan)
    q = np.full((*kept.shape, coordinates.size), np.nan)
    failed = np.zeros(len(lines), dtype=bool)
    zero = int(np.argmin(np.abs(lambdas)))
    for outward in (range(zero, len(lambdas)), range(zero - 1, -1, -1)):
        alive, at, last, slopes = np.ones(len(lines), bool), 0.0, np.zeros_like(tangents), tangents
        for place in outward:
            alive &= kept[:, place] & ~failed
            if not alive.any():
                break
            stretch = lambdas[place]
            theta = np.array([line.theta_at(stretch) for line in np.array(lines)[alive]])
            start = last[alive] + (stretch - at) * slopes[alive]
            energy[alive, place], q[alive, place], good = _newton(many, coordinates, theta, start)
            limits = _limits(coordinates, start, last[alive])
            good &= [
                in_basin(coordinates, end) and coordinates.distance(end, begun) < limit
                for end, begun, limit in zip(q[alive, place], start, limits, strict=True)
            ]
            failed[alive] = ~good
            if stretch != at:
                slopes = (q[:, place] - last) / (stretch - at)
            at, last = stretch, q[:, place]
    energy[failed], q[failed] = np.nan, np.nan
    return energy, q, failed


def _limits(coordinates, start, last):
    """How far minima may be from where they are extrapolated to, as in `walk`, Angstrom."""
    moved = [coordinates.distance(*pair) for pair in zip(start, last, strict=True)]
    return [max(MISS, MISS_SHARE * each) for each in moved]


def _newton(many, coordinates, theta, q):
    """Energies, q and whether they are minima, after steps from q (V, n); theta: (V, P)."""
    scale = coordinates.scale[coordinates.n_modes :]
    for _ in range(MAX_STEPS):
        energy, gradient, hessian = many.second_order(theta, q)
        finite = np.isfinite(energy) & np.isfinite(hessian).all(axis=(1, 2))
        hessian[~finite] = np.eye(coordinates.size)
        on_atoms = (coordinates.modes @ gradient[:, : coordinates.n_modes].T).T
        on_strains = gradient[:, coordinates.n_modes :] / scale
        largest = np.abs(np.concatenate([on_atoms, on_strains], axis=1)).max(axis=1, initial=0.0)
        good = finite & (largest < TOLERANCE)
        if (good | ~finite).all():
            break
        q = q - np.linalg.solve(hessian, np.where(good[:, None], 0.0, gradient)[..., None])[..., 0]
    return energy, q, good & (np.linalg.eigvalsh(hessian)[:, 0] > 0)
