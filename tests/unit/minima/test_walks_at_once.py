"""Walks side by side find the minima that one walk after the other finds."""

import numpy as np
import pytest

pytest.importorskip("jax")  # which `make jax` adds

from relaxdiff.crystals.walked_crystals import CrystalWalks
from relaxdiff.minima import many_in_basin, walk_at_once, walk_line
from relaxdiff.minima.reference import crystal_of, relaxed_crystal
from relaxdiff.posterior.distribution import potential_from_posterior, sample_posterior
from relaxdiff.posterior.named_parameters import posterior_from_named
from relaxdiff.posterior.variants import Variants
from relaxdiff.structures.lattices import starting_crystal

SETTINGS = {"potential": "lennard_jones", "deviations": {"epsilon_AA": 0.03, "sigma_AA": 0.02}}
LAMBDAS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


@pytest.fixture(scope="module")
def walks_of():
    """Potential, CrystalWalks of hcp, and Variants."""
    posterior = sample_posterior(posterior_from_named(SETTINGS), 3, seed=2)
    potential, start = potential_from_posterior(posterior), starting_crystal("Ar", "hcp", 1.09)
    mean = crystal_of(relaxed_crystal(potential, start), start)
    with CrystalWalks(potential, mean.free_coordinates) as walks:
        yield potential, walks, Variants(posterior, LAMBDAS)


def at_once(potential, walks, lines, theta):
    many = many_in_basin(potential, theta, walks.coordinates)
    return walk_at_once(many, walks.coordinates, lines)


def test_minima_are_those_of_single_walks(walks_of):
    potential, walks, variants = walks_of
    kept = np.array([True, True, True, True, False])
    lines = [walks.line(variants, 0), walks.line(variants, 1, kept)]
    energy, q, failed = at_once(potential, walks, lines, variants.every_theta)
    assert not failed.any()
    for line, energies, places in zip(lines, energy, q, strict=True):
        outcomes = walk_line(walks.engine, line)
        assert np.isfinite(energies).tolist() == line.kept.tolist()
        for outcome, each, place in zip(outcomes, energies, places, strict=True):
            if outcome.status == "converged":
                assert each == pytest.approx(outcome.energy, rel=1e-12)
                assert np.allclose(place, outcome.q, rtol=0, atol=1e-7)


def test_a_line_that_fails_leaves_the_others(walks_of):
    """One whose crystal would be stretched by a fifth at its end."""
    potential, walks, variants = walks_of
    good, bad = walks.line(variants, 0), walks.line(variants, 0)
    far = variants.mean.copy()
    far[potential.parameters.names.index("sigma_AA")] += 0.1

    def theta_at(stretch):
        return variants.mean + stretch * (far - variants.mean)

    bad = type(bad)(theta_at, walks.tangents @ (far - variants.mean), bad.lambdas, bad.kept)
    theta = np.concatenate([variants.every_theta, [theta_at(each) for each in LAMBDAS]])
    energy, q, failed = at_once(potential, walks, [good, bad], theta)
    assert failed.tolist() == [False, True]
    assert np.isfinite(energy[0]).all()
    assert np.isnan(energy[1]).all()
    assert np.isnan(q[1]).all()
