"""Crystals with one length: their energy as a function of it, and the minimum of every variant.

LAMMPS evaluates descriptors on a grid of lengths once; each variant's minimum is then a scalar
root. The length is the lattice parameter a of a crystal that keeps its shape, or the lattice
parameter along the normal of a crystal that is held in a plane (`compared.py`).
"""

from dataclasses import dataclass

import numpy as np
from ase.neighborlist import neighbor_list
from numpy.polynomial import chebyshev
from scipy.optimize import elementwise

from relaxdiff.crystals.interpolation import interpolate
from relaxdiff.exceptions import RelaxationError

# Range of lattice parameters that is searched, relative to the starting one: 15 % downwards, as
# config.yaml says, and the same factor, 1 / 0.85, upwards.
RANGE = (0.85, 1.18)
GRID_STEP = 0.005  # Angstrom; a minimum closer than this to a maximum counts as vanished
ENERGY_DEGREE = 20  # of the interpolant of D(a) on each panel: converged to 1e-12 eV


@dataclass(frozen=True)
class Minima:
    """Minima of E(a) of V variants: lattice parameter (Angstrom), energy and curvature per atom.

    energy in eV without energy shift, curvature d2E/da2 in eV/Angstrom^2; NaN where there is no
    minimum.
    """

    lattice_parameter: np.ndarray
    energy: np.ndarray
    curvature: np.ndarray


def bulk_descriptors(calculator, crystal):
    """D(a) per atom as Panels, last axis the P + 1 columns (per atom, last the baseline in eV).

    crystal: PerfectCrystal that gives the range of a and the shape, which is kept.
    """
    edges = panel_edges(crystal, calculator.smoothness_limits)
    return interpolated_descriptors(calculator, lambda a: crystal.at(a).conventional(), edges)


def panel_edges(crystal, lengths):
    """Lattice parameters at which a neighbour shell crosses one of `lengths`, with both ends."""
    low, high = (factor * crystal.a for factor in RANGE)
    shells = neighbor_list("d", crystal.at(1.0).conventional(), max(lengths) / low)
    shells = np.unique(shells.round(9))
    return edges_between(low, high, [length / shell for length in lengths for shell in shells])


def edges_between(low, high, crossings):
    """Both ends and the crossings between them, ascending, without duplicates, Angstrom."""
    inside = sorted(point for point in crossings if low < point < high)
    edges = np.array([low, *inside, high])
    return edges[np.append(True, np.diff(edges) > 1e-6)]


def interpolated_descriptors(calculator, crystal_at, edges):
    """D per atom of a crystal that has one length, as Panels in it, last axis the P + 1 columns.

    crystal_at: function from the length (Angstrom) to the Atoms; edges: of the panels, Angstrom.
    """

    def per_atom(length):
        crystal = crystal_at(length)
        return calculator.evaluate(crystal).values / len(crystal)

    return interpolate(per_atom, edges, ENERGY_DEGREE)


def strain_derivatives(descriptors, at):
    """First and second derivatives of the descriptors per atom by strain at length `at`.

    descriptors: Panels of `interpolated_descriptors`; the strain is of the length, at (1 + e).
    Returns two arrays of shape (P + 1,), in the units of the descriptors.
    """
    slope = descriptors.derivative()
    return at * slope([at])[0], at**2 * slope.derivative()([at])[0]


def relax_reference_bulk(descriptors, weights):
    """Lattice parameter of the lowest minimum of E(a) at one parameter set, weights (P + 1,).

    Raises RelaxationError when E(a) has no minimum in the range that was searched.
    """
    grid = _grid(descriptors)
    energies = descriptors(grid) @ weights
    inside = energies[1:-1]
    lowest = np.flatnonzero((inside < energies[:-2]) & (inside <= energies[2:])) + 1
    if not lowest.size:
        raise RelaxationError(
            f"E(a) of the reference potential has no minimum between {grid[0]:.3f} and "
            f"{grid[-1]:.3f} Angstrom: is it a potential for this element and lattice?"
        )
    start = grid[lowest[np.argmin(energies[lowest])]]
    minima = follow_minima(descriptors, weights[None, None, :], start, zero=0)
    return float(minima.lattice_parameter[0, 0])


def follow_minima(descriptors, weights, start, zero):
    """Minima of E(a) along lambda, each found downhill from its neighbour nearer to lambda = 0.

    weights: shape (sample, lambda, P + 1); start: lattice parameter at lambda = 0; zero: index of
    lambda = 0. A branch ends where its minimum vanishes, even if there is another further downhill.
    Returns Minima with arrays of shape (sample, lambda).
    """
    grid = _grid(descriptors)
    slopes = weights @ descriptors.derivative()(grid).T  # dE/da, (sample, lambda, grid)
    shape = weights.shape[:2]
    bracket = np.full(shape, -1)
    first = int(np.clip(np.searchsorted(grid, start) - 1, 0, len(grid) - 2))
    for sample in range(shape[0]):
        for outward in (range(zero, shape[1]), range(zero, -1, -1)):
            at = first
            for index in outward:
                at = _downhill_bracket(slopes[sample, index], at)
                if at < 0:
                    break
                bracket[sample, index] = at
    return _solve_brackets(descriptors, weights, grid, bracket)


def _downhill_bracket(slope, at):
    """Grid interval with a minimum, downhill from interval `at` where E(a) is convex, or -1."""
    last = len(slope) - 1
    if slope[at + 1] <= 0:
        path = slice(at + 1, last + 1)
        beyond = np.flatnonzero(slope[path] > 0)
        end = at + 1 + beyond[0] if beyond.size else last
        convex = np.all(np.diff(slope[at + 1 : end + 1]) > 0)
        return end - 1 if beyond.size and convex else -1
    if slope[at] > 0:
        below = np.flatnonzero(slope[: at + 1] <= 0)
        begin = below[-1] if below.size else 0
        convex = np.all(np.diff(slope[begin : at + 1]) > 0)
        return begin if below.size and convex else -1
    return at


def _solve_brackets(descriptors, weights, grid, bracket):
    """Roots of dE/da to machine precision in the grid intervals, all variants at once."""
    result = Minima(*(np.full(bracket.shape, np.nan) for _ in range(3)))
    found = bracket >= 0
    at, weights = bracket[found], weights[found]
    low, high = grid[at], grid[at + 1]
    panel = descriptors.panel((low + high) / 2)
    width = (descriptors.edges[panel + 1] - descriptors.edges[panel]) / 2
    coefficients = np.empty((descriptors.coefficients.shape[1], at.size))
    for index in np.unique(panel):
        here = panel == index
        coefficients[:, here] = descriptors.coefficients[index] @ weights[here].T
    slope = chebyshev.chebder(coefficients) / width

    def value(polynomial, point, variant):
        variant = variant.astype(int)
        return chebyshev.chebval(
            descriptors.scaled(point, panel[variant]), polynomial[:, variant], tensor=False
        )

    every = np.arange(at.size)
    root = elementwise.find_root(
        lambda point, variant: value(slope, point, variant),
        (low, high),
        args=(every,),
        tolerances={"xatol": 1e-14, "xrtol": 1e-14},
    )
    result.lattice_parameter[found] = root.x
    result.energy[found] = value(coefficients, root.x, every)
    result.curvature[found] = value(chebyshev.chebder(slope) / width, root.x, every)
    return result


def _grid(descriptors):
    """Lattice parameters GRID_STEP apart, including every panel edge."""
    pieces = [
        np.linspace(low, high, max(2, int(np.ceil((high - low) / GRID_STEP))), endpoint=False)
        for low, high in zip(descriptors.edges[:-1], descriptors.edges[1:], strict=True)
    ]
    return np.append(np.concatenate(pieces), descriptors.edges[-1])


def edges_around(edges, lengths):
    """The panels that hold any of the lengths (NaN ignored)."""
    first = np.searchsorted(edges, np.nanmin(lengths)) - 1
    last = np.searchsorted(edges, np.nanmax(lengths))
    return edges[max(first, 0) : last + 1]
