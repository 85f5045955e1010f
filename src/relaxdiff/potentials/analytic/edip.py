"""Silicon of Justo et al., Phys. Rev. B 58, 2539 (1998): EDIP, with LAMMPS's names of parameters.

An atom with neighbours j at distances r_j, of which two enclose the angle theta_jk, has the
coordination Z = sum_j f(r_j) and the energy

    sum_j A [(B / r_j)^rho - exp(-beta Z^2)] exp(sigma / (r_j - cutoffA))
    + lambda sum_{j<k} h(cos theta_jk + tau(Z), Z) g_j g_k,
    g_j = exp(gamma / (r_j - cutoffA)),
    h(l, Z) = 1 - exp(-Q l^2) + eta Q l^2,    Q = Q0 exp(-mu Z),
    tau(Z) = u1 + u2 [u3 exp(-u4 Z) - exp(-2 u4 Z)].

There is no energy from r = cutoffA on, where all derivatives are 0. With x = (r - cutoffC) /
(cutoffA - cutoffC), f is 1 below x = 0, exp(alpha / (1 - x^-3)) between 0 and 1, and 0 above.

At r = cutoffC the published f is not smooth: it starts as 1 - alpha x^3, so that f and two
derivatives are continuous, but the third one jumps by -6 alpha / (cutoffA - cutoffC)^3, and so does
the energy's. It is kept because any other f would be another potential than the published one and
LAMMPS's. A relaxed structure and its derivative by the parameters need two derivatives of the
energy. An expansion to the next order needs the third one: it is only one-sided in a structure that
has a pair exactly at cutoffC, and otherwise holds until a pair crosses cutoffC.

LAMMPS interpolates linearly in tables with steps of 1/8000 Angstrom: it agrees to 1e-7 eV an atom
and 1e-5 eV/Angstrom.
"""

from pathlib import Path

import jax.numpy as jnp

from relaxdiff.potentials.analytic.cutoffs import lengths, vanishing
from relaxdiff.potentials.analytic.lammps_files import one_element_lines, write_one_element

ELEMENTS = ("Si",)
# LAMMPS's Si.edip, in the order of that file.
PARAMETERS = {
    "A": (7.9821730, "eV"),
    "B": (1.5075463, "Angstrom"),
    "cutoffA": (3.1213820, "Angstrom"),
    "cutoffC": (2.5609104, "Angstrom"),
    "alpha": (3.1083847, "1"),
    "beta": (0.0070975, "1"),
    "eta": (0.2523244, "1"),
    "gamma": (1.1247945, "Angstrom"),
    "lambda": (1.4533108, "eV"),
    "mu": (0.6966326, "1"),
    "rho": (1.2085196, "1"),
    "sigma": (0.5774108, "Angstrom"),
    "Q0": (312.1341346, "1"),
    "u1": (-0.165799, "1"),
    "u2": (32.557, "1"),
    "u3": (0.286198, "1"),
    "u4": (0.66, "1"),
}
ANY_SIGN = ("Q0", "u1", "u2", "u3", "u4")  # LAMMPS refuses a negative value of any other parameter


def cutoff(parameters):
    """Distance in Angstrom from which on there is no energy."""
    return parameters["cutoffA"]


def energy(species, neighbours, vectors, parameters):
    """The energy of one atom, eV.

    species, neighbours: all 0; vectors: from the atom to its neighbours, (K, 3), Angstrom;
    parameters: values by name. Absent neighbours are far away.
    """
    r, end = lengths(vectors), cutoff(parameters)
    coordination = _counted(r, parameters).sum()
    pairs = _pairs(r, coordination, parameters) * vanishing(r, parameters["sigma"], end)
    units, g = vectors / r[:, None], vanishing(r, parameters["gamma"], end)
    by_angle = _angles(units @ units.T, coordination, parameters)
    triples = (g @ by_angle @ g - jnp.sum(jnp.diagonal(by_angle) * g**2)) / 2
    return pairs.sum() + parameters["lambda"] * triples


def _counted(r, parameters):
    """f(r), (K,): how much of a neighbour each one is.

    alpha / (1 - x^-3) is written as -alpha x^3 / (1 - x^3), which has no pole at x = 0.
    """
    start, end = parameters["cutoffC"], parameters["cutoffA"]
    inside = r < end
    x = jnp.where(inside, jnp.maximum(r - start, 0.0) / (end - start), 0.0)
    return jnp.where(inside, jnp.exp(-parameters["alpha"] * x**3 / (1 - x**3)), 0.0)


def _pairs(r, coordination, parameters):
    """A [(B / r)^rho - exp(-beta Z^2)], (K,), eV."""
    repulsion = (parameters["B"] / r) ** parameters["rho"]
    return parameters["A"] * (repulsion - jnp.exp(-parameters["beta"] * coordination**2))


def _angles(cosines, coordination, parameters):
    """h(cos theta + tau(Z), Z) of cosines (K, K)."""
    decay = jnp.exp(-parameters["u4"] * coordination)
    tau = parameters["u1"] + parameters["u2"] * (parameters["u3"] * decay - decay**2)
    width = parameters["Q0"] * jnp.exp(-parameters["mu"] * coordination)
    square = width * (cosines + tau) ** 2
    return -jnp.expm1(-square) + parameters["eta"] * square


def write(stem, parameters, elements):
    """Write LAMMPS's file `stem`.edip; returns [its path].

    Raises InputError for a negative parameter that LAMMPS refuses.
    """
    ordered = {name: parameters[name] for name in PARAMETERS}
    return [write_one_element(stem, "edip", *elements, ordered, ANY_SIGN)]


def lammps_lines(folder, parameters, elements):
    """LAMMPS's lines for these parameters, their file written into `folder` (a list)."""
    (path,) = write(Path(folder) / "potential", parameters, elements)
    return one_element_lines(path, "edip", *elements)
