"""Crystals of one lattice parameter: interpolated descriptors, minima, how branches end."""

import numpy as np
import pytest
from crystal_study import cell_at

from relaxdiff import RelaxationError
from relaxdiff.crystals.interpolation import interpolate
from relaxdiff.crystals.one_length import (
    follow_minima,
    panel_edges,
    relax_reference_bulk,
)
from relaxdiff.structures.lattices import starting_crystal

START = starting_crystal("W", "bcc")


def test_interpolant_is_exact_across_cutoff_crossings(descriptors, calculator, tungsten):
    assert len(descriptors.edges) > 4
    between = np.linspace(descriptors.edges[0] + 0.01, descriptors.edges[-1] - 0.01, 9)
    for lattice_parameter, values in zip(between, descriptors(between), strict=True):
        cell = cell_at(lattice_parameter)
        exact = calculator.evaluate(cell).values / 2
        assert values @ tungsten.weights == pytest.approx(exact @ tungsten.weights, abs=1e-10)


def test_panel_edges_are_where_shells_cross():
    edges = panel_edges(START, [4.73442])
    assert np.abs(edges - 4.73442 / np.sqrt(2)).min() < 1e-6  # third shell, a sqrt 2


def double_well():
    """E(a) with minima near 3.0 and 3.3; the weight of a slope tilts the left one away."""
    return interpolate(
        lambda a: np.array([100 * ((a - 3.15) ** 2 - 0.0225) ** 2, a]),
        np.array([2.9, 3.15, 3.4]),
        6,
    )


def test_a_branch_ends_where_its_minimum_vanishes():
    slopes = np.array([0.0, -0.05, -0.2, -0.6])
    weights = np.stack([np.ones(4), slopes], axis=-1)[None]
    found = follow_minima(double_well(), weights, start=3.0, zero=0).lattice_parameter[0]
    assert found[0] == pytest.approx(3.0, abs=1e-12)
    assert found[1] > found[0]
    assert np.isnan(found[-1])  # the well at 3.3 would be another crystal


def test_lowest_minimum_is_the_reference_and_none_is_an_error():
    tilted = np.array([1.0, -0.01])
    assert relax_reference_bulk(double_well(), tilted) == pytest.approx(3.3, abs=1e-2)
    with pytest.raises(RelaxationError, match="no minimum"):
        relax_reference_bulk(double_well(), np.array([0.0, 1.0]))
