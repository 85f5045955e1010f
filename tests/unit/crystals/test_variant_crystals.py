"""What is known of all variants' crystals, spread over those that were found."""

import numpy as np

from relaxdiff.crystals.variant_crystals import VariantCrystals, where_found
from relaxdiff.structures.lattices import PerfectCrystal


def test_values_of_what_was_found_are_in_their_places():
    found = np.array([[True, False, True], [False, False, True]])
    spread = where_found(found, np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert spread.shape == (2, 3, 2)
    np.testing.assert_array_equal(spread[found], [[1, 2], [3, 4], [5, 6]])
    assert np.isnan(spread[~found]).all()


def test_the_mean_crystal_strains_against_its_stiffness():
    """At the new minimum of the expansion the gradient vanishes."""
    random = np.random.default_rng(1)
    curvatures = random.normal(size=(2, 2, 4))
    curvatures += curvatures.swapaxes(0, 1)
    theta = random.normal(size=3)
    curvatures[..., 3] += 20 * np.eye(2)
    gradient, weights = random.normal(size=(2, 4)), np.append(theta, 1.0)
    crystals = VariantCrystals(
        *[None] * 6,
        crystal=PerfectCrystal("W", "bcc", 3.18),
        strains=np.stack([np.diag([1.0, 1.0, 0.0]), np.diag([0.0, 0.0, 1.0])]),
        descriptors=np.zeros(4),
        gradient=gradient,
        curvatures=curvatures,
        modulus_derivatives={},
    )
    slopes = crystals.strain_derivatives(weights)
    assert slopes.shape == (2, 3)
    np.testing.assert_allclose(curvatures @ weights @ slopes, -gradient[:, :3], atol=1e-12)
