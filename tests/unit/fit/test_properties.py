"""Quantities that a fit aims at, and their memory on the disk."""

import numpy as np
import pytest

pytest.importorskip("jax")  # which `make jax` adds

from silicon_fit import properties

from relaxdiff.fit.properties import Properties, Remembered, Target
from relaxdiff.quantities.vibrations import PhononFrequencies, Vibrations
from relaxdiff.structures.lattices import starting_crystal


def test_names_of_targets():
    values = np.array([1.0])
    assert Target("c11", values, 1.0).name == "c11"
    assert Target("formation_energy", values, 1.0, "vacancy").name == "vacancy formation_energy"
    assert Target("c11", values, 1.0, condition="300 K").name == "c11 at 300 K"


def test_energy_shifts_change_the_cohesive_energy_alone(tungsten):
    of = Properties(tungsten.with_theta(tungsten.theta, -2.0), starting_crystal("W", "bcc"))
    here = of.at(of.start)
    assert of.start[0] == -2.0
    moved = of.start.copy()
    moved[0] += 0.5
    there = of.at(moved)
    for name, quantity in here.items():
        change = there[name].values - quantity.values
        assert change == pytest.approx(-0.5 if name == "cohesive_energy" else 0.0, abs=1e-9)
        assert quantity.gradient[:, 0] == (-1.0 if name == "cohesive_energy" else 0.0)
        assert quantity.gradient.shape == (1, len(of.start))


def test_vibrations_are_those_of_the_same_relaxed_crystal(tungsten):
    start, wanted = starting_crystal("W", "bcc"), {"of N": PhononFrequencies((0.5, 0.5, 0))}
    vibrations = Vibrations(tungsten, start, 2, wanted)
    of = Properties(tungsten, start, vibrations=vibrations)
    found = of.at(of.start)["of N"]
    expected = vibrations.at(tungsten, *of.crystal.at(tungsten))["of N"]
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-9)
    assert found.gradient.shape == (3, len(of.start))
    assert not found.gradient[:, 0].any()


def test_what_was_evaluated_is_read_again(tmp_path):
    of = properties()
    first = Remembered(of, tmp_path, b"key")
    found = first.at(of.start)
    first.at(of.start)
    assert first.n_evaluations == 1
    second = Remembered(of, tmp_path, b"key")
    again = second.at(of.start)
    assert second.n_evaluations == 0
    assert list(again) == list(found)
    for name, quantity in found.items():
        assert np.array_equal(again[name].values, quantity.values)
        assert np.array_equal(again[name].gradient, quantity.gradient)
        assert again[name].unit == quantity.unit
    other = Remembered(of, tmp_path, b"another key")
    other.at(of.start)
    assert other.n_evaluations == 1
