"""A crystal at any parameters: the same lengths and moduli as the bulk of a study has."""

import numpy as np
import pytest

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.moduli import ElasticCrystal
from relaxdiff.exceptions import RelaxationError
from relaxdiff.posterior.distribution import sample_posterior
from relaxdiff.structures.lattices import starting_crystal


def test_it_is_the_crystal_of_a_study(tungsten, posterior):
    """That interpolates descriptors in the lattice parameter, and so knows nothing of this."""
    start = starting_crystal("W", "bcc")
    few = sample_posterior(posterior, 1, seed=1)
    bulk = bulk_of_variants(tungsten, few, np.array([0.0]), start, 2)
    of = ElasticCrystal(tungsten, start)
    crystal = of.relaxed(tungsten.theta)
    columns = of.columns(tungsten.theta, crystal)
    found, lowest = of.moduli(crystal, columns.weighted(tungsten.weights))
    lengths = of.lengths_derivative(columns, tungsten.weights)
    changes = of.modulus_derivatives(tungsten.theta, crystal, columns, lengths)
    assert lowest > 0
    expected = float(bulk["reference_lattice_parameter"])
    assert crystal.a == pytest.approx(expected, abs=1e-8)
    for name, value in found.items():
        assert value == pytest.approx(float(bulk[name].values.item()), rel=1e-6)
        derivative = bulk[f"{name}_derivative"].values
        scale = np.abs(derivative).max()
        assert np.allclose(changes[name], derivative, rtol=0, atol=1e-5 * scale)


def test_a_crystal_that_is_not_there_is_told(tungsten):
    start = starting_crystal("W", "bcc", 2.6)
    with pytest.raises(RelaxationError, match="no minimum within 15%"):
        ElasticCrystal(tungsten, start).relaxed(tungsten.theta)
    with pytest.raises(RelaxationError, match="bcc crystal has no minimum"):
        ElasticCrystal(tungsten, starting_crystal("W", "bcc")).relaxed(-tungsten.theta)
