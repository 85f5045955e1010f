"""A user's own potential: fcc copper of Girifalco & Weizer, Phys. Rev. 114, 687 (1959), table I."""

import jax.numpy as jnp

from relaxdiff.potentials.analytic.cutoffs import lengths, switched

ELEMENTS = ("Cu",)
PARAMETERS = {
    "depth": (0.3429, "eV"),
    "steepness": (1.3588, "1/Angstrom"),
    "distance": (2.866, "Angstrom"),
}
CUTOFF = 6.0


def energy(species, neighbours, vectors, parameters):
    """The energy of one atom, eV; half of that of its pairs."""
    r = lengths(vectors)
    decay = jnp.exp(-parameters["steepness"] * (r - parameters["distance"]))
    pairs = parameters["depth"] * (decay**2 - 2 * decay)
    return (pairs * switched(r, 4.5, CUTOFF)).sum() / 2
