"""What a formation energy is counted from: crystals of every element."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.crystals.formation_energy import beyond_crystal, compared_with
from relaxdiff.crystals.solutes import with_solutes
from relaxdiff.structures.lattices import starting_crystal

LAMBDAS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


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


NI3AL = starting_crystal("Al", "L1_2", 3.57, ["Ni", "Al"]).attributes


@pytest.mark.parametrize(
    ("composition", "size", "excess"),
    [
        ({"Ni": 24, "Al": 8}, 32, {}),  # perfect
        ({"Ni": 23, "Al": 8}, 32, {"Ni": -1}),  # vacancies of both elements
        ({"Ni": 24, "Al": 7}, 28, {"Ni": 3}),
        ({"Ni": 25, "Al": 7}, 28, {"Ni": 4}),  # antisites
        ({"Ni": 23, "Al": 9}, 36, {"Ni": -4}),
        ({"Ni": 24, "Al": 7, "Ti": 1}, 28, {"Ni": 3, "Ti": 1}),
    ],
)
def test_what_a_structure_has_beyond_a_compound(composition, size, excess):
    assert beyond_crystal(NI3AL, composition) == (size, pytest.approx(excess))
