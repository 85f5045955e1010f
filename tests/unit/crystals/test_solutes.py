"""Crystals of solutes beside that of the structure: what is kept, what is cut, what E_f counts."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.crystals.solutes import chemical_potentials, solute_crystals, with_solutes
from relaxdiff.exceptions import InputError
from relaxdiff.structures.lattices import PerfectCrystal


def test_variants_whose_solute_has_no_stable_crystal_are_cut_visibly(host, beryllium):
    crystal = with_solutes(host, {"W": 15, "Be": 1}, {"Be": beryllium})
    assert crystal["status"].values.tolist() == [
        ["stable", "stable", "stable", "solute_unstable", "cut"],
        ["cut", "stable", "stable", "stable", "cut"],
    ]
    assert crystal["status"].attrs["meanings"] == "stable cut solute_unstable"


def test_the_solutes_crystals_are_kept_with_it(host, beryllium):
    crystal = with_solutes(host, {"W": 15, "Be": 1}, {"Be": beryllium})
    assert solute_crystals(crystal) == {"Be": PerfectCrystal("Be", "hcp", 2.24, 3.6)}
    assert solute_crystals(host) == {}
    np.testing.assert_array_equal(crystal["solute_descriptors"], [[0.0, 1.0, 2.0]])
    np.testing.assert_array_equal(crystal["solute_volume_derivative"], [[1.0, 2.0, 3.0]])
    expected = [[-0.5, -1.0, -1.5], [-1.0, -2.0, -3.0], [-1.5, -3.0, -4.75]]
    np.testing.assert_allclose(crystal["solute_energy_curvature"], [expected])


def test_an_energy_curved_in_its_parameters_adds_to_the_curvature(host, beryllium):
    plain = with_solutes(host, {"W": 15, "Be": 1}, {"Be": beryllium})
    own = np.diag([1.0, 2.0, 3.0])
    curved = beryllium.assign(reference_parameter_curvature=(("parameter", "parameter_2"), own))
    found = with_solutes(host, {"W": 15, "Be": 1}, {"Be": curved})
    added = found["solute_energy_curvature"] - plain["solute_energy_curvature"]
    np.testing.assert_allclose(added.values, [own])


def test_a_structure_without_solutes_stays_as_it_is(host, beryllium):
    xr.testing.assert_identical(with_solutes(host, {"W": 15}, {"Be": beryllium}), host)


def test_an_element_without_a_crystal_is_refused(host, beryllium):
    with pytest.raises(InputError, match=r"^crystal\.solutes: lacks He, which a structure holds"):
        with_solutes(host, {"W": 15, "He": 1}, {"Be": beryllium})


def test_a_given_chemical_potential_is_the_same_for_all_variants(host):
    given = with_strains(host)
    crystal = with_solutes(given, {"W": 15, "Be": 1}, {"Be": -3.7})
    assert (crystal["solute_energy"] == -3.7).all()
    np.testing.assert_array_equal(crystal["solute_volume"][0], host["volume"])
    np.testing.assert_array_equal(crystal["solute_descriptors"], np.zeros((1, 3)))
    assert crystal["status"].values.tolist() == host["status"].values.tolist()
    assert (solute_crystals(crystal), chemical_potentials(crystal)) == ({}, {"Be": -3.7})
    assert chemical_potentials(host) == {}


def with_strains(crystal):
    """A crystal Dataset with an expansion in one strain."""
    return crystal.assign(
        reference_volume=((), 8.0),
        strain_basis=(("strain", "xyz", "xyz_2"), np.eye(3)[None]),
        strain_gradient=(("strain", "parameter"), np.ones((1, 3))),
        strain_curvature=(("strain", "strain_2"), np.full((1, 1), 30.0)),
    )
