"""Quantities of the perfect crystal: derivatives against relaxed crystals."""

import numpy as np
import pytest
from joint_study import (
    STEP,
)

from relaxdiff.quantities.crystal import CUBIC_UNITS
from relaxdiff.quantities.formation import quantity_derivatives


def test_crystal_derivatives_match_relaxed_crystals(one_by_one, tungsten):
    """Every parameter alone; the minima of the varied crystals are followed, not predicted."""
    _, bulk, _ = one_by_one
    found = quantity_derivatives(*one_by_one)[:5, 1:]
    b, tetragonal, c44 = (
        bulk[name] for name in ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
    )
    energy = bulk["energy"] - 0.01 * bulk["lambda"]
    quantities = {
        "lattice_parameter": bulk["lattice_parameter"],
        "cohesive_energy": -energy,
        "c11": b + 4 / 3 * tetragonal,
        "c12": b - 2 / 3 * tetragonal,
        "c44": c44,
    }
    assert list(quantities) == list(CUBIC_UNITS)
    for row, varied in zip(found, quantities.values(), strict=True):
        ahead, behind = varied.sel({"lambda": 1.0}).values, varied.sel({"lambda": -1.0}).values
        expected = (ahead - behind) / 2
        assert np.abs(expected).max() > 0
        # Per relative change, in which parameters of all sizes count alike.
        assert row * STEP * tungsten.theta == pytest.approx(
            expected, rel=1e-4, abs=1e-4 * np.abs(expected).max()
        )
