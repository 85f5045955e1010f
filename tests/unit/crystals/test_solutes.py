"""Crystals of solutes beside that of the structure: what is kept, what is cut, what E_f counts."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.crystals.formation_energy import compared_with
from relaxdiff.crystals.solutes import solute_crystals, with_solutes
from relaxdiff.exceptions import InputError
from relaxdiff.structures.lattices import PerfectCrystal

LAMBDAS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
OVER = ("sample", "lambda")


def dataset(element, lattice, energy, status, **reference):
    """What `with_solutes` reads of a crystal's or a bulk's Dataset: 2 samples, 3 parameters."""
    shape = (2, len(LAMBDAS))
    return xr.Dataset(
        {
            "energy": (OVER, energy + np.arange(10.0).reshape(shape)),
            "volume": (OVER, np.full(shape, 8.0)),
            "status": (OVER, np.array(status), {"meanings": "stable cut"}),
            "reference_descriptors": ("parameter", np.arange(3.0)),
            "reference_volume_derivative": ("parameter", np.arange(3.0) + 1),
            **{name: ((), value) for name, value in reference.items()},
        },
        coords={"sample": [0, 1], "lambda": LAMBDAS},
        attrs={"element": element, "lattice": lattice},
    )


@pytest.fixture
def host():
    return dataset("W", "bcc", -9.0, [["stable"] * 5, ["cut", "stable", "stable", "stable", "cut"]])


@pytest.fixture
def beryllium():
    lengths = {"reference_lattice_parameter": 2.24, "reference_lattice_parameter_c": 3.6}
    status = [["stable"] * 3 + ["elastically_unstable", "cut"], ["stable"] * 5]
    return dataset("Be", "hcp", -3.0, status, **lengths)


def test_formation_energies_count_every_element(host, beryllium):
    crystal = with_solutes(host, {"W": 15, "Be": 2}, {"Be": beryllium})
    compared = compared_with(crystal, {"W": 15, "Be": 2})
    energy, volume = compared.formation(-130.0, 260.0, host["energy"].values, 16.0)
    expected = -130.0 - 15 * host["energy"].values - 2 * beryllium["energy"].values
    np.testing.assert_allclose(energy, expected)
    np.testing.assert_allclose(volume, 260.0 - 15 * 16.0 - 2 * 8.0)
    one = compared.at(1, 3)
    assert one.solute_energy == 2 * float(beryllium["energy"][1, 3])


def test_without_energy_shifts_those_of_solutes_are_taken_off(host, beryllium):
    crystal = with_solutes(host, {"W": 15, "Be": 2}, {"Be": beryllium})
    posterior = xr.Dataset(
        {
            "theta": (("sample", "parameter"), np.zeros((2, 3))),
            "theta_mean": ("parameter", np.zeros(3)),
            "energy_shift": (("sample", "element"), [[1.0, 0.5], [1.0, 0.25]]),
            "energy_shift_mean": ("element", [1.0, 0.5]),
        },
        attrs={"element": "W Be"},
    )
    shifted = compared_with(crystal, {"W": 15, "Be": 2})
    bare = compared_with(crystal, {"W": 15, "Be": 2}, posterior)
    shifts = np.array([np.full(5, 0.5), 0.5 - 0.25 * LAMBDAS])
    np.testing.assert_allclose(shifted.solute_energy - bare.solute_energy, 2 * shifts)


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


def test_a_structure_without_solutes_stays_as_it_is(host, beryllium):
    xr.testing.assert_identical(with_solutes(host, {"W": 15}, {"Be": beryllium}), host)


def test_an_element_without_a_crystal_is_refused(host, beryllium):
    with pytest.raises(InputError, match=r"^crystal\.solutes: lacks He, which a structure holds"):
        with_solutes(host, {"W": 15, "He": 1}, {"Be": beryllium})
