"""Arrows and the core's place of real disks of bcc, with the core where it is known to be."""

import numpy as np
import pytest
from screw_disk import BURGERS, SPACING, disk, displaced

from relaxdiff.figures.differential_displacement import (
    arrows,
    columns_of,
    core_centre,
    differential_displacements,
    enclosed,
)


@pytest.fixture(scope="module")
def crystal():
    """Positions of the perfect disk, and the place of its easy core."""
    return disk()


def columns_and_places(crystal):
    """Columns; and where the core is easy, hard (the triangle below) and split (at a column)."""
    positions, easy = crystal
    columns = columns_of(positions, BURGERS)
    below = easy - [0, SPACING / np.sqrt(3)]
    nearest = np.argmin(np.linalg.norm(columns.places - easy, axis=1))
    return columns, {"easy": easy, "hard": below, "split": columns.places[nearest]}


def test_pairs_are_the_neighbours_of_a_triangular_lattice(crystal):
    columns, _ = columns_and_places(crystal)
    assert columns.spacing == pytest.approx(SPACING)
    assert np.linalg.norm(columns.apart, axis=1) == pytest.approx(SPACING)
    counts = np.bincount(columns.pairs.ravel())
    inside = np.linalg.norm(columns.places - columns.places.mean(axis=0), axis=1) < 8
    assert set(counts[inside]) == {6}
    corners = columns.places[columns.triangles]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    assert np.all(ax * by - ay * bx > 0)


def test_differences_are_taken_modulo_b(crystal):
    columns, _ = columns_and_places(crystal)
    along = np.zeros(len(columns.places))
    first, second = columns.pairs[0]
    for moved, expected in [(0.4, 0.4), (0.6, -0.4), (-0.6, 0.4), (0.5, 0.5), (-0.5, 0.5), (7, 0)]:
        along[second] = moved * BURGERS
        found = differential_displacements(columns, along)[0]
        assert found == pytest.approx(expected * BURGERS)
    assert first < second


def test_an_arrow_of_a_third_of_b_touches_both_columns(crystal):
    columns, _ = columns_and_places(crystal)
    along = np.zeros(len(columns.places))
    first, second = columns.pairs[0]
    along[second] = BURGERS / 3
    tails, steps = (each[0] for each in arrows(columns, along))
    assert tails == pytest.approx(columns.places[first])
    assert tails + steps == pytest.approx(columns.places[second])
    along[second] *= -0.5
    tails, steps = (each[0] for each in arrows(columns, along))
    assert steps == pytest.approx(-0.5 * columns.apart[0])
    assert tails + steps / 2 == pytest.approx(columns.places[columns.pairs[0]].mean(axis=0))


@pytest.mark.parametrize("name", ["easy", "hard"])
def test_the_triangle_with_the_core_has_b_around_it(crystal, name):
    columns, places = columns_and_places(crystal)
    along = displaced(crystal, places[name])
    (inside,) = np.flatnonzero(enclosed(columns, along))
    assert abs(enclosed(columns, along)[inside]) == 1
    assert columns.places[columns.triangles[inside]].mean(axis=0) == pytest.approx(places[name])
    sides = np.isin(columns.pairs, columns.triangles[inside]).all(axis=1)
    sizes = np.abs(differential_displacements(columns, along)[sides])
    assert sizes == pytest.approx(np.full(3, BURGERS / 3), rel=1e-6)


def test_the_core_is_found_in_either_triangle_and_at_the_column(crystal):
    columns, places = columns_and_places(crystal)
    for name in ("easy", "hard"):
        found = core_centre(columns, displaced(crystal, places[name]))
        assert found == pytest.approx(places[name], abs=1e-3)
    # Exactly at the column that column's own displacement is undefined: from either side.
    for side in ([1e-6, 2e-6], [-1e-6, -2e-6]):
        found = core_centre(columns, displaced(crystal, places["split"] + side))
        assert found == pytest.approx(places["split"], abs=0.03 * SPACING)


def test_the_core_moves_continuously_and_is_found_from_either_sign(crystal):
    columns, places = columns_and_places(crystal)
    shares = np.linspace(0, 1, 21)[:, None]
    corner = places["split"] + [1e-6, 2e-6]
    way = np.concatenate(
        [
            places["easy"] + shares * (corner - places["easy"]),
            corner + shares * (places["hard"] - corner),
        ]
    )
    found = np.array([core_centre(columns, displaced(crystal, place)) for place in way])
    assert np.abs(found - way).max() < 0.03 * SPACING
    reverse = [core_centre(columns, -displaced(crystal, place)) for place in way]
    assert np.array(reverse) == pytest.approx(found, abs=1e-6)


def test_without_a_dislocation_there_is_no_core(crystal):
    columns, _ = columns_and_places(crystal)
    along = np.zeros(len(columns.places))
    assert not np.any(arrows(columns, along)[1])
    assert np.isnan(core_centre(columns, along)).all()
