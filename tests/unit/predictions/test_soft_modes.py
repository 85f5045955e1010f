"""The softest curvature of a variant, over all blocks of coordinates, and its mark."""

import numpy as np

from relaxdiff.predictions.soft_modes import signs_of, softest_curvature


def test_the_softest_of_all_blocks_is_found():
    """One block of two modes, one of one; the second sample goes the other way."""
    one, other = np.zeros((2, 2, 2)), np.zeros((1, 1, 2))
    one[..., 1], one[..., 0] = np.diag([2.0, 6.0]), np.diag([-0.4, 1.8])
    other[..., 1], other[..., 0] = 4.0, -2.0
    lambdas = np.array([-1.0, 0.0, 2.0])
    delta = np.array([[1.0], [-0.5]])
    alone = softest_curvature([one], np.zeros(1), delta, lambdas)
    np.testing.assert_allclose(alone, [[0.7, 1, 0.6], [0.9, 1, 0.7]])
    both = softest_curvature([one, other], np.zeros(1), delta, lambdas)
    np.testing.assert_allclose(both, [[0.7, 1, 0.0], [0.75, 1, 0.7]])
    stable = np.array([[True, True, True], [False, True, True]])
    marked = signs_of(both, stable)["minimum_in_doubt"]
    assert np.argwhere(marked.values).tolist() == [[0, 2]]
