"""Predicted coordinates of each level."""

import numpy as np
from analytic_study import make_study

from relaxdiff.derivative.levels import level_derivatives
from relaxdiff.predictions.coordinates import coordinate_derivatives


def test_coordinates_follow_each_levels_own_block_of_the_hessian():
    study, made = make_study()
    expected = level_derivatives(made["hessian"], made["columns"], strains=1)
    found = coordinate_derivatives(study["derivative"], study["truth"]["mode_displacements"].values)
    np.testing.assert_allclose(found, expected, atol=1e-12)
