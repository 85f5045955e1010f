"""How a fit is seen: which atoms, which plane, which arrows, and where the core is."""

import numpy as np
import pytest
from fit_results import dislocation_fit, point_defect_fit
from screw_disk import BURGERS, SPACING

from relaxdiff.figures.fit_views import atoms_in_order, deviations, is_marked, view_of

REACH = 7.0


def test_deviations_are_those_of_the_nearest_images():
    fit, _ = point_defect_fit()
    positions = fit["target"].values + [0.1, 0.0, 0.0] + fit["cell"].values[1]
    assert deviations(fit, positions) == pytest.approx(np.tile([-0.1, 0, 0], (54, 1)))


def test_marked_are_the_atoms_of_the_rarer_elements():
    fit, _ = point_defect_fit()
    assert np.flatnonzero(is_marked(fit)).tolist() == [0]
    fit["atomic_numbers"][:] = 74
    assert not is_marked(fit).any()


def test_the_core_is_in_the_middle_of_what_is_shown():
    fit, _ = dislocation_fit()
    view = view_of(fit, REACH)
    start, target = (
        view.core(positions) for positions in (fit["positions"].values[0], fit["target"].values)
    )
    assert start + target == pytest.approx(np.zeros(2), abs=1e-9)
    # From the easy core down to the hard one.
    assert target - start == pytest.approx([0, -SPACING / np.sqrt(3)], abs=1e-2)
    assert view.corners.tolist() == [[-REACH, -REACH], [REACH, REACH]]
    places = view.picture(fit["target"].values).places
    far = np.linalg.norm(places, axis=1)
    assert far[view.shown].max() < np.sqrt(2) * REACH
    assert not view.shown.all()


def test_columns_at_one_height_have_one_shade():
    fit, _ = dislocation_fit()
    view = view_of(fit, REACH)
    heights = fit["crystal_positions"].values[:, 2]
    phases = np.exp(2j * np.pi * heights / BURGERS)
    for shade in range(3):
        assert (
            np.ptp(np.angle(phases[view.shades == shade] / phases[view.shades == shade][0])) < 1e-6
        )
    assert np.bincount(view.shades).min() > 0.3 * len(heights)


def test_structures_that_differ_by_whole_periods_look_the_same():
    fit, _ = dislocation_fit()
    view, positions = view_of(fit, REACH), fit["positions"].values[2].copy()
    expected = view.picture(positions)
    positions[::3] += fit["cell"].values[2]
    found = view.picture(positions)
    assert found.steps == pytest.approx(expected.steps)
    assert found.core == pytest.approx(expected.core, abs=1e-9)


def test_without_a_dislocation_the_crystal_is_in_the_middle():
    fit, _ = dislocation_fit()
    fit["positions"][:] = fit["crystal_positions"]
    fit["target"][:] = fit["crystal_positions"]
    picture = view_of(fit, REACH).picture(fit["target"].values)
    assert np.isnan(picture.core).all()
    assert picture.places.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-9)


def test_a_point_defect_is_seen_in_the_plane_in_which_it_moves_most():
    fit, _ = point_defect_fit()
    view = view_of(fit, REACH)
    assert view.axes == "xz"  # its displacements along y are a tenth as large
    picture = view.picture(fit["positions"].values[0])
    steps = deviations(fit, fit["positions"].values[0])[view.shown][:, [0, 2]]
    lengths = np.linalg.norm(picture.steps, axis=1)
    enlarged = lengths.max() / np.linalg.norm(steps, axis=1).max()
    assert picture.steps == pytest.approx(enlarged * steps)
    assert f"{enlarged:.2g} times" in view.scale
    # The alchemical atom is at a corner of the cell, and what moves is drawn around it.
    assert picture.places[0] == pytest.approx(np.zeros(2), abs=1e-9)
    later = view.picture(fit["positions"].values[2]).steps
    assert np.linalg.norm(later, axis=1).max() == pytest.approx(lengths.max() * np.exp(-2))


def test_a_structure_at_its_target_has_no_arrows():
    fit, _ = point_defect_fit()
    fit["positions"][:] = fit["target"]
    view = view_of(fit, REACH)
    assert not view.picture(fit["target"].values).steps.any()


@pytest.mark.parametrize("results", [dislocation_fit, point_defect_fit])
def test_what_matters_most_is_drawn_last(results):
    fit, _ = results()
    view = view_of(fit, REACH)
    order = atoms_in_order(fit, view)
    assert sorted(order) == np.flatnonzero(view.shown).tolist()
    assert is_marked(fit)[order[-1]]
    assert np.all(np.diff(view.shades[order[:-1]]) >= 0)


def test_a_solute_in_the_core_is_no_column():
    """It is shown where it is; arrows and core are those of the columns without it."""
    fit, _ = dislocation_fit()
    expected = view_of(fit, REACH).picture(fit["target"].values)
    with_solute = fit.isel(atom=[*range(fit.sizes["atom"]), 0]).copy(deep=True)
    middle = view_of(fit, REACH).core(fit["target"].values) + view_of(fit, REACH)._middle
    for name in ("positions", "target", "crystal_positions"):
        with_solute[name][..., -1, :] = [*middle, 0.5]
    with_solute["atomic_numbers"][-1] = 4
    view = view_of(with_solute, REACH)
    moved = with_solute["target"].values.copy()
    moved[-1, 0] += 0.3
    found = view.picture(moved)
    assert found.steps == pytest.approx(expected.steps)
    assert found.core == pytest.approx(expected.core, abs=1e-9)
    assert found.places[-1] == pytest.approx(expected.core + [0.3, 0], abs=1e-6)
    assert view.shown[-1]
