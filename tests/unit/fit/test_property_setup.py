"""Targets and variables of a fit made of the config."""

import numpy as np
import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.fit.property_setup import search_directions, targets_of, vibrations_of
from relaxdiff.posterior.distribution import covariance_root
from relaxdiff.structures.lattices import starting_crystal

FIT = {"free": ["beta_1", "beta_2"], "prior": False, "bounds": None}


def test_targets():
    entry = {"quantity": "c11", "structure": None, "value": 522, "tolerance": 0.5}
    (target,) = targets_of({"targets": [entry]})
    assert (target.name, target.values.tolist(), target.tolerance) == ("c11", [522.0], 0.5)


def test_vibrations_have_the_names_of_their_targets(tungsten):
    entry = {"quantity": "phonon_frequencies", "structure": None, "tolerance": 0.1}
    at_half = entry | {"q": [0.5, 0, 0], "values": [5.0, 3.0, 3.0]}
    at_third = entry | {"q": [0.3333, 0, 0], "values": [1, 2, 3]}
    heat = entry | {"quantity": "heat_capacity", "temperature": 300.0, "value": 2.9}
    settings = {"targets": [at_half, at_third, heat]}
    names = [
        "phonon_frequencies at 0.5 0 0",
        "phonon_frequencies at 0.3333 0 0",
        "heat_capacity at 300 K",
    ]
    first, *others = targets_of(settings)
    assert [first.name, *(each.name for each in others)] == names
    assert first.values.tolist() == [3.0, 3.0, 5.0]
    start = starting_crystal("W", "bcc")
    assert vibrations_of(tungsten, start, 2, {"targets": []}) is None
    wanted = vibrations_of(tungsten, start, 6, settings).wanted
    assert list(wanted) == names
    assert wanted[names[1]].wave == (2 / 6, 0, 0)
    assert wanted[names[2]].temperature == 300


def test_states_are_read_from_their_file(tungsten, tmp_path):
    path = tmp_path / "states.csv"
    path.write_text("# THz, states\n1.0,0.5\n2.0,0.25\n")
    entry = {"quantity": "density_of_states", "structure": None, "file": str(path)}
    settings = {"targets": [entry | {"smearing": 0.2, "tolerance": 0.1}]}
    (target,) = targets_of(settings)
    assert target.values.tolist() == [0.5, 0.25]
    wanted = vibrations_of(tungsten, starting_crystal("W", "bcc"), 2, settings).wanted
    assert wanted[target.name].frequencies.tolist() == [1.0, 2.0]
    assert wanted[target.name].smearing == 0.2


def test_directions_without_a_prior_are_the_parameters_themselves(tungsten, posterior):
    directions, bounds = search_directions(tungsten, posterior, FIT)
    assert bounds is None
    assert directions.shape == (2, 1 + len(tungsten.theta))
    moved = directions.sum(axis=0)
    assert moved[1:3] == pytest.approx(tungsten.theta[:2])
    assert not moved[[0, *range(3, len(moved))]].any()


def test_bounds_are_relative_to_the_start_and_hold_it(tungsten, posterior):
    start = tungsten.theta[0]
    given = {"beta_1": sorted([0.5 * start, 2 * start])}
    _, bounds = search_directions(tungsten, posterior, FIT | {"bounds": given})
    assert bounds[:, 0] == pytest.approx([-0.5, 1.0])
    assert np.isinf(bounds[:, 1]).all()
    beyond = {"beta_1": [start + 1, start + 2]}
    with pytest.raises(InputError, match="fit.bounds.beta_1: the start, .* is not between"):
        search_directions(tungsten, posterior, FIT | {"bounds": beyond})


def test_directions_of_a_prior_are_the_posteriors(tungsten, posterior):
    settings = FIT | {"free": ["beta_*"], "prior": True}
    directions, bounds = search_directions(tungsten, posterior, settings)
    assert bounds is None
    root = covariance_root(posterior)
    covariance = root.T @ root
    largest = np.abs(covariance).max()
    assert np.allclose(directions.T @ directions, covariance, rtol=0, atol=1e-9 * largest)
    held = search_directions(tungsten, posterior, FIT | {"prior": True})[0]
    assert not held[:, 3:].any()


def test_a_parameter_without_a_scale_is_told(tungsten, posterior):
    theta = tungsten.theta.copy()
    theta[1] = 0
    with pytest.raises(InputError, match="fit.free: beta_2 is 0"):
        search_directions(tungsten.with_theta(theta), posterior, FIT)
