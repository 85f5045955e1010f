"""Elastic constants of lattices other than bcc, with internal strain where there is one."""

import numpy as np
import pytest
from crystal_study import (
    CASES,
    OF_LATTICES,
    curvature,
    posterior_of,
    random_changes,
)

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import mean_crystal
from relaxdiff.structures.lattices import (
    PerfectCrystal,
)

LAMBDAS = np.array([-1.0, 0.0, 1.0])
TETRAGONAL = np.diag([1.0, -1.0, 0.0])
SHEAR = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


@OF_LATTICES
def test_elastic_constants_are_those_of_strained_cells(studies, lattice):
    """With the second atom of diamond relaxed: held in place it would make C44 much larger."""
    potential, posterior, bulk = studies[lattice]
    here = bulk.isel({"sample": 0, "lambda": 2})
    variant = potential.with_theta(posterior["theta"].values[0])
    crystal = PerfectCrystal(CASES[lattice][0], lattice, float(here["lattice_parameter"]))
    c_prime, c44 = float(here["tetragonal_shear_modulus"]), float(here["shear_modulus_c44"])
    assert c_prime == pytest.approx(curvature(crystal, variant, TETRAGONAL) / 4, rel=2e-4)
    assert c44 == pytest.approx(curvature(crystal, variant, SHEAR) / 4, rel=2e-4)
    # A uniform strain e in all directions: 9 B e^2 / 2.
    bulk_modulus = curvature(crystal, variant, np.eye(3)) / 9
    assert float(here["bulk_modulus"]) == pytest.approx(bulk_modulus, rel=2e-4)


@OF_LATTICES
def test_derivatives_are_differences_of_relaxed_crystals(studies, lattice):
    potential, _, bulk = studies[lattice]
    changes = random_changes(potential, 3, 2e-5)
    start = mean_crystal(bulk)
    near = bulk_of_variants(potential, posterior_of(potential, changes), LAMBDAS, start, 1)
    names = ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
    derivatives = {name: f"{name}_derivative" for name in names}
    for name, derivative in (derivatives | {"volume": "reference_volume_derivative"}).items():
        ahead, behind = near[name].values[:, 2], near[name].values[:, 0]
        expected = (ahead - behind) / 2
        assert changes @ bulk[derivative].values == pytest.approx(
            expected, rel=1e-3, abs=1e-3 * np.abs(expected).max()
        )
