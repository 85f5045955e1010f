"""What is looked at before an energy function is used: that it is finite, and ends at its cutoff.

A look at one atom with one neighbour or none, which takes a second or two. It finds what people
forget, and proves nothing.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.analytic.derivatives import FAR

# An energy (eV) and force (eV/Angstrom) just inside the cutoff that a relaxation does not notice.
LARGEST_JUMP = 1e-3
LARGEST_REST = 1e-9  # eV, of a neighbour that is absent
JUST_INSIDE, WELL_INSIDE = 1 - 1e-6, 0.8  # of the cutoff
DIRECTION = np.array([0.36, 0.48, 0.8])
ROWS = 8  # of neighbours, all but one of them absent
NAN = "a NaN in a branch of jnp.where that is not taken makes the derivative a NaN"


def check_energy(model, theta):
    """InputError unless an AnalyticModel's energy can be differentiated and ends at the cutoff.

    theta: its parameters, (P,). Looks at energy, first derivatives and second ones along a line.
    """
    where = model.name if model.path is None else str(model.path)
    reach = _called(lambda: model.reach(theta), where, "the cutoff")
    if not (np.isfinite(reach) and reach > 0):
        raise InputError(f"{where}: the cutoff is {reach} Angstrom: it must be above 0")
    theta = tuple(map(float, theta))
    _check_pairs(model.energy, model.parameters.names, theta, len(model.elements), reach, where)


@functools.lru_cache(maxsize=16)
def _check_pairs(energy, names, theta, n_elements, reach, where):
    """The same for all pairs of kinds of atoms; what was found good is not looked at again."""

    def of_array(species, neighbours, vectors, theta):
        return energy(species, neighbours, vectors, dict(zip(names, theta, strict=True)))

    look, kinds = _Look(of_array, np.array(theta), where), range(n_elements)
    for own, other in ((own, other) for own in kinds for other in kinds):
        _check_pair(look, own, other, reach)


def _check_pair(look, own, other, reach):
    """The same for an atom of kind `own` and a neighbour of kind `other`."""
    look.at(own, other, WELL_INSIDE * reach)
    alone, _ = look.at(own, other, None)
    rest = (look.without_neighbours(own, other, 2 * ROWS) - alone) / ROWS
    if abs(rest) > LARGEST_REST:
        raise InputError(
            f"{look.where}: a neighbour that is absent, {FAR:.0f} Angstrom away along each axis, "
            f"has an energy of {rest:.3g} eV: let it be 0 beyond the cutoff"
        )
    energy, force = look.at(own, other, JUST_INSIDE * reach)
    for what, jump, unit in (("energy", energy - alone, "eV"), ("force", force, "eV/Angstrom")):
        if abs(jump) > LARGEST_JUMP:
            raise InputError(
                f"{look.where}: the {what} jumps by {abs(jump):.3g} {unit} at the cutoff, "
                f"{reach:.4g} Angstrom: let it end there, as with `switched` of "
                "relaxdiff.potentials.analytic.cutoffs"
            )


class _Look:
    """Energies of an atom with one neighbour or none, and whether all derivatives are finite.

    energy: function of species, neighbours, vectors and theta (P,); where: the potential's name.
    """

    def __init__(self, energy, theta, where):
        self.theta, self.where = theta, where
        slopes = jax.value_and_grad(energy, argnums=(2, 3))

        def with_second(species, neighbours, vectors, theta):
            here = vectors, theta
            ones = tuple(jnp.ones_like(each) for each in here)
            return jax.jvp(lambda *here: slopes(species, neighbours, *here), here, ones)

        self._energy, self._derivatives = jax.jit(energy), jax.jit(with_second)

    def at(self, own, other, distance):
        """Energy in eV, and the force on a neighbour at a distance (None: there is none)."""
        vectors = np.full((ROWS, 3), FAR)
        if distance is not None:
            vectors[0] = distance * DIRECTION
        found = self._call(self._derivatives, own, other, vectors)
        if not all(np.isfinite(each).all() for each in jax.tree.leaves(found)):
            who = f"a neighbour at {distance:.4g} Angstrom" if distance else "no neighbour"
            raise InputError(
                f"{self.where}: the energy of an atom with {who}, or a derivative of it, is not "
                f"finite: {NAN}"
            )
        (value, (by_vectors, _)), _ = found
        return float(value), float(np.linalg.norm(by_vectors[0]))

    def without_neighbours(self, own, other, rows):
        """Energy in eV of an atom whose neighbours are all absent, so many of them."""
        return float(self._call(self._energy, own, other, np.full((rows, 3), FAR)))

    def _call(self, function, own, other, vectors):
        kinds = np.int32(own), np.full(len(vectors), other, dtype=np.int32)
        return _called(lambda: function(*kinds, vectors, self.theta), self.where, "energy")


def _called(function, where, what):
    """What a function of the user's returns; InputError with what it raises."""
    try:
        return function()
    except Exception as error:  # whatever the user's code raises
        first, *_ = str(error).splitlines() or [""]
        raise InputError(f"{where}: {what}: {type(error).__name__}: {first}") from None
