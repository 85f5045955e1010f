"""The perfect crystal: lattice parameter, energy and stability of every variant.

All of it is linear in Theta. LAMMPS evaluates descriptors on a grid of lattice parameters once;
each variant's lattice parameter is then a scalar root, and its stability the sign of elastic
constants (Born's criteria, Born & Huang 1954) and of dynamical matrices at the q-points that the
supercell can hold.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from ase.neighborlist import neighbor_list
from numpy.polynomial import chebyshev
from scipy.optimize import elementwise

from relaxdiff.datasets import variable
from relaxdiff.descriptors import DescriptorCalculator
from relaxdiff.exceptions import RelaxationError
from relaxdiff.interpolation import interpolate
from relaxdiff.stability import dynamical_matrices, lowest_curvatures, shear_moduli
from relaxdiff.structures import bulk_cell, tabulated_lattice_parameter
from relaxdiff.variants import variant_shifts, variant_weights

STATUS = ("stable", "no_minimum", "elastically_unstable", "vibrationally_unstable", "cut")
RANGE = (0.85, 1.18)  # lattice parameters looked at, relative to the element's tabulated one
GRID_STEP = 0.005  # Angstrom; a minimum closer than this to a maximum counts as vanished
ENERGY_DEGREE = 20  # of the interpolant of D(a) on each panel: converged to 1e-12 eV
GPA = 160.2176634  # GPa in 1 eV/Angstrom^3


@dataclass(frozen=True)
class BulkMinima:
    """Minima of E(a) of V variants: lattice parameter (Angstrom), energy and curvature per atom.

    energy in eV without energy shift, curvature d2E/da2 in eV/Angstrom^2; NaN where there is no
    minimum. Of a crystal held in a plane (`crystal.py`), a is the lattice parameter along the
    normal.
    """

    lattice_parameter: np.ndarray
    energy: np.ndarray
    curvature: np.ndarray


def bulk_of_variants(potential, posterior, lambdas, lattice, repeats):
    """Lattice parameter, energy, moduli and stability of the perfect crystal of every variant.

    potential: SnapPotential at the posterior's mean; lambdas: shape (lambda,), 0 among them;
    repeats: the supercell whose q-points are looked at. Returns a Dataset over (sample, lambda)
    with a `status` for each variant, and the reference crystal's own expansion in strain.
    Raises RelaxationError when the mean itself has no stable crystal.
    """
    weights = variant_weights(posterior, lambdas)
    zero = int(np.argmin(np.abs(lambdas)))
    with DescriptorCalculator(potential.hyperparameters, potential.reference) as calculator:
        descriptors = bulk_descriptors(calculator, lattice)
        start = relax_reference_bulk(descriptors, potential.weights)
        minima = follow_minima(descriptors, weights, start, zero)
        edges = _edges_around(descriptors.edges, minima.lattice_parameter)
        moduli = shear_moduli(calculator, lattice, edges)
        matrices, q_points = dynamical_matrices(calculator, lattice, repeats, edges)
    found = np.isfinite(minima.lattice_parameter)
    at, having = minima.lattice_parameter[found], weights[found]
    shear = np.full((*found.shape, 2), np.nan)
    shear[found] = moduli.weighted(at, having) * GPA
    lowest = np.full((*found.shape, len(q_points)), np.nan)
    lowest[found] = lowest_curvatures(matrices, at, having)
    status = cut_branches(_status(found, shear, lowest), zero)
    if status[0, zero] != "stable":
        raise RelaxationError(
            f"{potential.name}: the {lattice} crystal of the mean parameters is {status[0, zero]}"
        )
    shifts = variant_shifts(posterior, lambdas)
    return xr.Dataset(
        _variant_variables(minima, shifts, shear, lowest, q_points, status)
        | _reference_variables(descriptors, start, potential.weights)
        | _modulus_derivatives(descriptors, moduli, start, potential.weights),
        coords={
            "sample": posterior["sample"].values,
            "lambda": lambdas,
            "parameter": posterior["parameter"].values,
            "xyz": ["x", "y", "z"],
        },
        attrs={"potential": potential.name, "lattice": lattice},
    )


def panel_edges(element, lattice, lengths):
    """Lattice parameters at which a neighbour shell crosses one of `lengths`, with both ends."""
    low, high = (factor * tabulated_lattice_parameter(element) for factor in RANGE)
    shells = neighbor_list("d", bulk_cell(element, 1.0, lattice=lattice), max(lengths) / low)
    shells = np.unique(shells.round(9))
    return edges_between(low, high, [length / shell for length in lengths for shell in shells])


def edges_between(low, high, crossings):
    """Both ends and the crossings between them, ascending, those that coincide once, Angstrom."""
    inside = sorted(point for point in crossings if low < point < high)
    edges = np.array([low, *inside, high])
    return edges[np.append(True, np.diff(edges) > 1e-6)]


def bulk_descriptors(calculator, lattice):
    """D(a) per atom as Panels, last axis the P + 1 columns (per atom, last the reference in eV)."""
    element = calculator.hyperparameters.element
    edges = panel_edges(element, lattice, calculator.smoothness_limits)
    return interpolated_descriptors(
        calculator, lambda a: bulk_cell(element, a, lattice=lattice), edges
    )


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

    Raises RelaxationError when E(a) has no minimum in the range that was looked at.
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
    """Minima of E(a) along lambda, each reached downhill from its neighbour nearer to lambda = 0.

    weights: shape (sample, lambda, P + 1); start: lattice parameter at lambda = 0; zero: index of
    lambda = 0. A branch ends where its minimum vanishes, also if another one lies further downhill.
    Returns BulkMinima with arrays of shape (sample, lambda).
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
    """Grid interval with a minimum, downhill from interval `at` through convex ground, or -1."""
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
    result = BulkMinima(*(np.full(bracket.shape, np.nan) for _ in range(3)))
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
    """Lattice parameters GRID_STEP apart, every panel edge among them."""
    pieces = [
        np.linspace(low, high, max(2, int(np.ceil((high - low) / GRID_STEP))), endpoint=False)
        for low, high in zip(descriptors.edges[:-1], descriptors.edges[1:], strict=True)
    ]
    return np.append(np.concatenate(pieces), descriptors.edges[-1])


def _edges_around(edges, lattice_parameters):
    """The panels that hold any of the lattice parameters (NaN ignored)."""
    first = np.searchsorted(edges, np.nanmin(lattice_parameters)) - 1
    last = np.searchsorted(edges, np.nanmax(lattice_parameters))
    return edges[max(first, 0) : last + 1]


def _status(found, shear, lowest):
    """The first reason against each variant, or 'stable'."""
    status = np.full(found.shape, "stable", dtype=object)
    status[(lowest <= 0).any(axis=-1)] = "vibrationally_unstable"
    status[(shear <= 0).any(axis=-1)] = "elastically_unstable"
    status[~found] = "no_minimum"
    return status


def cut_branches(status, zero):
    """Beyond the first unstable variant on its branch every variant is 'cut', as in the paper.

    status: words of STATUS as objects, shape (sample, lambda); zero: index of lambda = 0.
    """
    status = status.copy()
    for row in status:
        for outward in (range(zero, len(row)), range(zero, -1, -1)):
            broken = next((i for i in outward if row[i] != "stable"), None)
            if broken is not None:
                row[[i for i in outward if abs(i - zero) > abs(broken - zero)]] = "cut"
    return status


def _variant_variables(minima, shifts, shear, lowest, q_points, status):
    over = ("sample", "lambda")
    worst = q_points[np.argmin(np.where(np.isnan(lowest), np.inf, lowest), axis=-1)]
    softest = np.where((status == "vibrationally_unstable")[..., None], worst, np.nan)
    modulus = 2 * minima.curvature / (9 * minima.lattice_parameter) * GPA
    return {
        "lattice_parameter": variable(
            over, minima.lattice_parameter, "Angstrom", "lattice parameter of the bulk minimum"
        ),
        "energy": variable(over, minima.energy + shifts, "eV", "bulk energy per atom"),
        "bulk_modulus": variable(over, modulus, "GPa", "bulk modulus"),
        "tetragonal_shear_modulus": variable(over, shear[..., 0], "GPa", "C' = (C11 - C12)/2"),
        "shear_modulus_c44": variable(over, shear[..., 1], "GPa", "C44"),
        "status": variable(
            over, status.astype(str), "1", "stability of the bulk", meanings=" ".join(STATUS)
        ),
        "unstable_q": variable(
            (*over, "xyz"), softest, "2 pi / a", "q-point of the softest unstable phonon"
        ),
    }


def _reference_variables(descriptors, at, weights):
    """The mean's crystal and its second-order expansion in strain, per atom."""
    values = descriptors([at])[0]
    first, second = strain_derivatives(descriptors, at)
    return {
        "reference_lattice_parameter": variable(
            (), at, "Angstrom", "lattice parameter at the mean"
        ),
        "reference_energy": variable(
            (), values @ weights, "eV", "bulk energy per atom without energy shift"
        ),
        "reference_descriptors": variable(
            "parameter", values[:-1], "1", "descriptors per atom at the mean's minimum"
        ),
        "reference_strain_gradient": variable(
            "parameter", first[:-1], "1", "derivative of descriptors per atom by strain"
        ),
        "reference_strain_curvature": variable(
            (), second @ weights, "eV", "second derivative of energy per atom by strain"
        ),
        "reference_strain_curvatures": variable(
            "parameter", second[:-1], "1", "second derivative of descriptors by strain"
        ),
    }


def _modulus_derivatives(descriptors, moduli, at, weights):
    """Derivatives of the relaxed crystal's moduli by the parameters, at the mean.

    A modulus M = Theta . M_l(a) changes by its own weights and because the lattice parameter
    follows: dM/dTheta_l = M_l + dM/da a_l, with a_l = -(dD_l/da) / (d2E/da2).
    """
    slope = descriptors.derivative()
    curve = slope.derivative()
    first, second, third = (p([at])[0] for p in (slope, curve, curve.derivative()))
    follows = -first[:-1] / (second @ weights)
    columns = np.vstack([2 / 9 * second / at, moduli([at])[0]])
    by_length = np.vstack([2 / 9 * (third / at - second / at**2), moduli.derivative()([at])[0]])
    changes = (columns[:, :-1] + np.outer(by_length @ weights, follows)) * GPA
    names = {
        "bulk_modulus": "bulk modulus",
        "tetragonal_shear_modulus": "C'",
        "shear_modulus_c44": "C44",
    }
    return {
        f"{name}_derivative": variable(
            "parameter", change, "GPa/eV", f"derivative of {symbol} of the relaxed mean crystal"
        )
        for (name, symbol), change in zip(names.items(), changes, strict=True)
    }
