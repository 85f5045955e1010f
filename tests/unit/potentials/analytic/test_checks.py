"""An energy is looked at before it is used: the library's pass, each fault is told."""

import types

import jax.numpy as jnp
import numpy as np
import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.potentials.analytic.checks import LARGEST_JUMP, check_energy
from relaxdiff.potentials.analytic.cutoffs import lengths, switched
from relaxdiff.potentials.analytic.model import BUILT_IN, AnalyticModel, analytic_model
from relaxdiff.potentials.potential import Parameters


def model(end, cutoff=4.0):
    """Two kinds of atoms; end: of r and whether the pair is mixed, what the energy ends with."""

    def energy(species, neighbours, vectors, parameters):
        r = lengths(vectors)
        return parameters["depth"] * jnp.sum(jnp.exp(-r) * end(r, species != neighbours))

    own = Parameters(("depth",), ("eV",), np.ones(1))
    return AnalyticModel("two", ("W", "Be"), own, lambda _: cutoff, energy, types.ModuleType("two"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_library_s_own_pass(name):
    own = analytic_model(name)
    check_energy(own, own.parameters.theta)


def test_every_pair_of_kinds_is_looked_at():
    check_energy(model(lambda r, mixed: switched(r, 3.0, 4.0)), [1.0])
    jumps = model(lambda r, mixed: jnp.where(mixed, r < 4.0, switched(r, 3.0, 4.0)))
    with pytest.raises(InputError, match=r"^two: the energy jumps by 0\.0183 eV at the cutoff, 4"):
        check_energy(jumps, [1.0])
    assert np.exp(-4.0) == pytest.approx(0.0183, abs=1e-4)


def test_what_no_relaxation_notices_passes():
    jumps = model(lambda r, mixed: r < 4.0)
    check_energy(jumps, [0.9 * LARGEST_JUMP * np.exp(4.0)])
    with pytest.raises(InputError, match="jumps"):
        check_energy(jumps, [1.1 * LARGEST_JUMP * np.exp(4.0)])


@pytest.mark.parametrize("cutoff", [0.0, -1.0, np.inf, np.nan])
def test_a_cutoff_that_is_none_is_refused(cutoff):
    with pytest.raises(InputError, match="^two: the cutoff is .* Angstrom: it must be above 0"):
        check_energy(model(lambda r, mixed: switched(r, 3.0, 4.0), cutoff), [1.0])


def test_a_parameter_that_makes_no_energy_is_told():
    with pytest.raises(InputError, match=r"an atom with a neighbour at 3\.2 Angstrom.*not finite"):
        check_energy(model(lambda r, mixed: switched(r, 3.0, 4.0)), [np.nan])
