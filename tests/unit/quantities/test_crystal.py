"""Quantities of the perfect crystal: derivatives against relaxed crystals."""

import numpy as np
import pytest
from ase.build import bulk as ase_bulk
from ase.io import write
from crystal_study import posterior_of, random_changes, shipped
from joint_study import (
    STEP,
)

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import mean_crystal
from relaxdiff.minima.relaxation import relax
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.quantities.crystal import (
    CUBIC_UNITS,
    GENERAL_UNITS,
    crystal_derivatives,
    crystal_quantities,
    crystal_units,
)
from relaxdiff.quantities.formation import quantity_derivatives
from relaxdiff.structures.lattices import starting_crystal


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


def test_derivatives_of_a_crystal_of_any_shape_match_relaxed_ones(tmp_path):
    potential = shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))
    write(tmp_path / "be.cif", ase_bulk("Be"))
    way = random_changes(potential, 1, 1e-4)
    start = starting_crystal("Be", "file", path=tmp_path / "be.cif")
    posterior = posterior_of(potential, way)
    bulk = bulk_of_variants(potential, posterior, np.array([-1.0, 0.0, 1.0]), start, 2)
    assert crystal_units(bulk) == GENERAL_UNITS

    def relaxed(sign):
        varied = potential.with_theta(potential.theta + sign * way[0])
        found = relax(mean_crystal(bulk).conventional(), varied, "full", tolerance=1e-10)
        return np.array([found.atoms.get_volume(), -found.energy]) / len(found.atoms)

    assert crystal_quantities(bulk)[:, 0, 2] == pytest.approx(relaxed(1), abs=1e-6)
    change = (relaxed(1) - relaxed(-1)) / 2
    assert crystal_derivatives(bulk) @ way[0] == pytest.approx(change, rel=1e-4)
