"""Phonons of a crystal of springs, whose frequencies are known."""

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.neighborlist import neighbor_list

from relaxdiff.quantities.phonons import phonons_of

STIFFNESS = 3.0  # eV/Angstrom^2
FCC = bulk("Al", cubic=True).repeat(2)
BCC = bulk("Fe", cubic=True).repeat(3)


def springs(atoms):
    """Force constants of springs between nearest neighbours, (N, N, 3, 3)."""
    first, second, vectors = neighbor_list("ijD", atoms, 3.0)
    distances = np.linalg.norm(vectors, axis=1)
    near = distances < 1.01 * distances.min()
    first, second, ways = first[near], second[near], (vectors / distances[:, None])[near]
    blocks = STIFFNESS * ways[:, :, None] * ways[:, None, :]
    phi = np.zeros((len(atoms), len(atoms), 3, 3))
    np.add.at(phi, (first, second), -blocks)
    np.add.at(phi, (first, first), blocks)
    return phi


def thz(stiffness, mass):
    """Frequency of a mass (u) at a spring (eV/Angstrom^2)."""
    return np.sqrt(stiffness * units._e / 1e-20 / (mass * units._amu)) / (2 * np.pi * 1e12)


@pytest.fixture(scope="module")
def found():
    phi = springs(FCC)
    return phonons_of({"target": phi, "after": 4 * phi, "unstable": -phi}, FCC)


@pytest.mark.parametrize(("point", "sizes"), [("G", [0, 0, 0]), ("X", [4, 4, 8]), ("L", [2, 2, 8])])
def test_frequencies_of_springs_at_points_of_high_symmetry(found, point, sizes):
    """m w^2 / k of an fcc crystal: twice the sum of (n.e)^2 (1 - cos q.R) over half the bonds."""
    expected = thz(np.array(sizes) * STIFFNESS, FCC.get_masses()[0])
    waves = found["band_frequency"].values[:, found["point"].values == point]
    assert waves.shape[1]
    for source, factor in enumerate((1, 2)):
        np.testing.assert_allclose(
            waves[source], factor * np.tile(expected, (waves.shape[1], 1)), rtol=1e-4, atol=1e-4
        )
    np.testing.assert_allclose(waves[2], -waves[0][:, ::-1], atol=1e-4)


def test_densities_of_states_count_the_branches(found):
    density, frequency = found["density_of_states"], found["frequency"].values
    assert np.trapezoid(density, frequency, axis=1) == pytest.approx([3, 3, 3], rel=1e-3)
    # States of stiffer springs are at twice the frequency, unstable ones below zero.
    mean = np.trapezoid(density * frequency, frequency, axis=1)
    assert mean == pytest.approx(mean[0] * np.array([1, 2, -1]), rel=1e-3)


def test_lines_go_through_the_points_in_order(found):
    points = found["point"].values
    assert "".join(points) == "GXWKGLUX"
    distances = found["distance"].values
    assert (np.diff(distances) > 0).all()
    edge = FCC.cell[0, 0] / 2
    assert distances[points == "X"][0] == pytest.approx(2 * np.pi / edge)
    for name, each in found.variables.items():
        assert name in ("source", "point") or {"units", "long_name"} <= set(each.attrs)


def test_lines_of_other_lattices_may_break_off():
    found = phonons_of({"target": springs(BCC)}, BCC)
    points, distances = found["point"].values, found["distance"].values
    assert "".join(points) == "GHNGPHPN"
    (broken,) = np.flatnonzero(np.diff(distances) == 0)
    assert list(points[[broken, broken + 1]]) == ["H", "P"]
