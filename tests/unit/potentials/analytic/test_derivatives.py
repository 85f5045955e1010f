"""The energy of a structure and its derivatives by JAX, in any number of blocks."""

import jax
import numpy as np
import pytest
from zoo import ALLOY, alloy_with_a_vacancy

from relaxdiff.potentials.analytic import analytic_potential, neighbours
from relaxdiff.potentials.analytic.derivatives import derivatives_of
from relaxdiff.potentials.analytic.neighbours import neighbour_table

POTENTIAL = analytic_potential("lennard_jones", ALLOY)
ATOMS = alloy_with_a_vacancy()
COMPILED = derivatives_of(POTENTIAL.model.energy, POTENTIAL.parameters.names)


def arguments(place=None):
    """What the functions take: place, theta and structure."""
    species = np.array([POTENTIAL.elements.index(each) for each in ATOMS.symbols], dtype=np.int32)
    table = neighbour_table(ATOMS, POTENTIAL.reach + 0.3)
    place = (ATOMS.positions, np.eye(3)) if place is None else place
    return place, POTENTIAL.theta, (ATOMS.cell.array, species, *table.arrays)


@pytest.fixture(scope="module")
def moved():
    """Positions and a deformation away from the lattice."""
    chance = np.random.default_rng(3)
    positions = ATOMS.positions + 0.05 * chance.normal(size=ATOMS.positions.shape)
    return positions, np.eye(3) + 0.02 * chance.normal(size=(3, 3))


@pytest.fixture(scope="module")
def change():
    """A change of positions, deformation and parameters."""
    chance = np.random.default_rng(4)
    shapes = ATOMS.positions.shape, (3, 3), POTENTIAL.theta.shape
    return tuple(chance.normal(size=shape) for shape in shapes)


def at(moved, change, step):
    """Slopes at a place and theta moved by a step along a change."""
    place, theta, structure = arguments(moved)
    place = tuple(here + step * way for here, way in zip(place, change[:2], strict=True))
    return COMPILED.slopes(place, theta + step * change[2], structure)


def four_points(function, step):
    """The derivative at 0 by four points (Fornberg, Math. Comp. 51, 699 (1988), table 1)."""
    near, far = (function(n * step) - function(-n * step) for n in (1, 2))
    return (8 * near - far) / (12 * step)


def test_first_derivatives_are_those_of_the_energy(moved, change):
    found = at(moved, change, 0.0)
    expected = four_points(lambda step: float(at(moved, change, step).energy), 1e-4)
    parts = zip((found.by_positions, found.by_deformation, found.by_theta), change, strict=True)
    assert sum(float((slope * way).sum()) for slope, way in parts) == pytest.approx(
        expected, rel=1e-9
    )


def test_derivatives_along_a_change_are_those_of_slopes(moved, change):
    tangent = COMPILED.along(*arguments(moved), change)
    for place, found in enumerate(map(np.array, tangent)):
        expected = four_points(
            lambda step, place=place: np.array(at(moved, change, step)[place]), 3e-5
        )
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(found).max())


def test_many_changes_and_all_parameters_at_once(moved, change):
    place, theta, structure = arguments(moved)
    twice = tuple(np.stack([way, 2 * way]) for way in change)
    many = COMPILED.along_many(place, theta, structure, twice)
    for one, both in zip(COMPILED.along(place, theta, structure, change), many, strict=True):
        np.testing.assert_allclose(both, np.stack([one, 2 * one]), rtol=1e-11, atol=1e-11)
    by_parameters = COMPILED.by_parameters(place, theta, structure)
    still = tuple(np.zeros_like(way) for way in change[:2])
    for index, unit in enumerate(np.eye(len(theta))):
        one = COMPILED.along(place, theta, structure, (*still, unit))
        for found, expected in zip(by_parameters, one, strict=True):
            np.testing.assert_allclose(found[..., index], expected, rtol=1e-11, atol=1e-11)


def test_third_derivatives_by_parameters_are_those_of_second_ones(moved, change):
    place, theta, structure = arguments(moved)
    ways = tuple(way[None] for way in change)
    third = COMPILED.along_many_by_parameters(place, theta, structure, ways)
    for index in (1, 4):
        unit = np.eye(len(theta))[index]

        def along(step, unit=unit):
            found = COMPILED.along_many(place, theta + step * unit, structure, ways)
            return np.array(found.by_positions)

        expected = four_points(along, 1e-4)
        found = np.array(third.by_positions[..., index])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(found).max())


@pytest.mark.parametrize("at_once", [31, 10])
def test_blocks_change_nothing(moved, change, at_once, monkeypatch):
    whole = COMPILED.slopes(*arguments(moved)), COMPILED.along(*arguments(moved), change)
    monkeypatch.setattr(neighbours, "AT_ONCE", at_once)
    given = arguments(moved)
    assert given[2][2].shape == (-(-31 // at_once), at_once)
    parts = COMPILED.slopes(*given), COMPILED.along(*given, change)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-11)


def test_no_force_on_the_whole_and_no_energy_of_a_shift(moved):
    place, theta, structure = arguments(moved)
    found = COMPILED.slopes(place, theta, structure)
    assert np.abs(np.array(found.by_positions).sum(axis=0)).max() < 1e-11
    shifted = COMPILED.slopes((place[0] + [0.3, -2.0, 9.0], place[1]), theta, structure)
    assert float(shifted.energy) == pytest.approx(float(found.energy), rel=1e-13)
    # A deformed cell is the deformation of all positions.
    deformed = COMPILED.slopes(
        (place[0] @ place[1], np.eye(3)), theta, (structure[0] @ place[1], *structure[1:])
    )
    assert float(deformed.energy) == pytest.approx(float(found.energy), rel=1e-13)


def test_the_same_function_and_names_are_compiled_once():
    again = derivatives_of(POTENTIAL.model.energy, POTENTIAL.parameters.names)
    assert again is COMPILED
