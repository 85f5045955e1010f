"""Perfect crystals, and the bulk of lattices other than bcc, against plain LAMMPS."""

import pytest

from relaxdiff import InputError
from relaxdiff.structures.lattices import (
    BRAVAIS,
    LATTICES,
    PerfectCrystal,
    starting_crystal,
)


def test_tabulated_crystals():
    assert starting_crystal("W", "bcc") == PerfectCrystal("W", "bcc", 3.16)
    assert starting_crystal("Si", "diamond") == PerfectCrystal("Si", "diamond", 5.43)
    beryllium = starting_crystal("Be", "hcp")
    assert (beryllium.a, beryllium.c / beryllium.a) == pytest.approx((2.29, 1.567))


@pytest.mark.parametrize("lattice", LATTICES)
def test_crystals_of_other_lattices_keep_the_volume_of_an_atom(lattice):
    crystal = starting_crystal("Cu", lattice)
    assert crystal.volume_per_atom == pytest.approx(3.61**3 / 4)
    cell = crystal.conventional()
    assert cell.get_volume() / len(cell) == pytest.approx(crystal.volume_per_atom)
    primitive = crystal.primitive()
    assert len(primitive) == (1 if lattice in BRAVAIS else 2)
    assert primitive.get_volume() / len(primitive) == pytest.approx(crystal.volume_per_atom)
    grown = crystal.at(2 * crystal.a)
    assert grown.volume_per_atom == pytest.approx(8 * crystal.volume_per_atom)


def test_crystals_that_are_none():
    with pytest.raises(InputError, match="crystal.lattice: fc is not known"):
        starting_crystal("Cu", "fc")
    with pytest.raises(InputError, match="give crystal.lattice_parameter"):
        starting_crystal("Ga", "fcc")
    assert starting_crystal("Ga", "fcc", 4).a == 4
