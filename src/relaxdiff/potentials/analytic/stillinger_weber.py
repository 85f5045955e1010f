"""Silicon of Stillinger & Weber, Phys. Rev. B 31, 5262 (1985), in the form and names of LAMMPS.

An atom with neighbours j at distances r_j, of which two enclose the angle theta_jk, has the energy

    epsilon / 2 sum_j A [B (sigma / r_j)^p - (sigma / r_j)^q] exp(sigma / (r_j - a sigma))
    + lambda epsilon sum_{j<k} (cos theta_jk - costheta0)^2 g_j g_k,
    g_j = exp(gamma sigma / (r_j - a sigma)).

There is no energy from r = a sigma on, where all derivatives are 0.
"""

from pathlib import Path

import jax.numpy as jnp

from relaxdiff.potentials.analytic.cutoffs import lengths, vanishing
from relaxdiff.potentials.analytic.lammps_files import one_element_lines, write_one_element

ELEMENTS = ("Si",)
# LAMMPS's Si.sw, in the order of that file.
PARAMETERS = {
    "epsilon": (2.1683, "eV"),
    "sigma": (2.0951, "Angstrom"),
    "a": (1.80, "1"),
    "lambda": (21.0, "1"),
    "gamma": (1.20, "1"),
    "costheta0": (-0.333333333333, "1"),
    "A": (7.049556277, "1"),
    "B": (0.6022245584, "1"),
    "p": (4.0, "1"),
    "q": (0.0, "1"),
}
ANY_SIGN = ("costheta0",)  # LAMMPS refuses a negative value of any other parameter


def cutoff(parameters):
    """Distance in Angstrom from which on there is no energy."""
    return parameters["a"] * parameters["sigma"]


def energy(species, neighbours, vectors, parameters):
    """The energy of one atom, eV.

    species, neighbours: all 0; vectors: from the atom to its neighbours, (K, 3), Angstrom;
    parameters: values by name. Absent neighbours are far away.
    """
    r, end = lengths(vectors), cutoff(parameters)
    pairs = _pairs(r, parameters) * vanishing(r, parameters["sigma"], end)
    g = vanishing(r, parameters["gamma"] * parameters["sigma"], end)
    angles = _angles(vectors / r[:, None], g, parameters["costheta0"])
    return parameters["epsilon"] * (pairs.sum() / 2 + parameters["lambda"] * angles)


def _pairs(r, parameters):
    """A [B (sigma / r)^p - (sigma / r)^q], (K,)."""
    scale = parameters["sigma"] / r
    repulsion = parameters["B"] * scale ** parameters["p"]
    return parameters["A"] * (repulsion - scale ** parameters["q"])


def _angles(units, g, costheta0):
    """sum_{j<k} (cos theta_jk - costheta0)^2 g_j g_k of unit vectors (K, 3).

    The square is multiplied out. Each of its three terms is then, over all j and k, the square of a
    sum over j, so that the work grows as K and not as K^2; the terms j = k are taken off.
    """
    weighted = g[:, None] * units
    squares = jnp.sum((weighted.T @ units) ** 2)
    products = jnp.sum(weighted.sum(axis=0) ** 2)
    every = squares - 2 * costheta0 * products + costheta0**2 * g.sum() ** 2
    return (every - (1 - costheta0) ** 2 * jnp.sum(g**2)) / 2


def write(stem, parameters, elements):
    """Write LAMMPS's file `stem`.sw; returns [its path].

    Raises InputError for a negative parameter that LAMMPS refuses.
    """
    ordered = {name: parameters[name] for name in PARAMETERS}
    tolerance = 0.0  # LAMMPS's `tol`: the cutoff is a sigma
    return [write_one_element(stem, "sw", *elements, ordered, ANY_SIGN, [tolerance])]


def lammps_lines(folder, parameters, elements):
    """LAMMPS's lines for these parameters, their file written into `folder` (a list)."""
    (path,) = write(Path(folder) / "potential", parameters, elements)
    return one_element_lines(path, "sw", *elements)
