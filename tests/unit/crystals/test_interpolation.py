"""Interpolants of functions of one length, piecewise, and of two."""

import numpy as np
import pytest

from relaxdiff.crystals.interpolation import interpolate, interpolate_patch


def kinked(length):
    """A cubic with another slope from 3.1 on, as where a neighbour crosses a cutoff."""
    return np.array([length**3 + 5 * max(length - 3.1, 0.0), length**2])


def test_a_kink_at_an_edge_is_no_error():
    panels = interpolate(kinked, np.array([3.0, 3.1, 3.3]), degree=3)
    at = np.array([3.0, 3.05, 3.1 - 1e-6, 3.1 + 1e-6, 3.2, 3.3])
    exact = np.array([kinked(length) for length in at])
    np.testing.assert_allclose(panels(at), exact, rtol=1e-13)
    slopes = np.stack([3 * at**2 + 5 * (at > 3.1), 2 * at], axis=1)
    np.testing.assert_allclose(panels.derivative()(at), slopes, rtol=1e-10)
    weights = np.random.default_rng(0).normal(size=(len(at), 2))
    np.testing.assert_allclose(panels.weighted(at, weights), (exact * weights).sum(axis=1))
    across = interpolate(kinked, np.array([3.0, 3.3]), degree=3)
    assert np.abs(across(at) - exact).max() > 1e-3


def test_a_patch_is_exact_for_polynomials_of_its_degree():
    def function(a, c):
        return np.array([[a**2 * c, a], [c**2, 1.0]])

    patch = interpolate_patch(function, [2.0, 3.0], [2.5, 4.0], degree=2)
    points = np.array([[2.0, 3.0], [2.31, 3.9], [2.5, 3.2]])
    weights = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    expected = [function(*at) @ each for at, each in zip(points, weights, strict=True)]
    assert patch.weighted(points, weights) == pytest.approx(np.array(expected), rel=1e-12)
