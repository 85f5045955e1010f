"""Conversions against ASE's units and the SI, orders of components against each other."""

import ase.units
import pytest

from relaxdiff import units


def test_conversions_are_those_of_the_si():
    assert pytest.approx(1 / ase.units.GPa, rel=1e-7) == units.GPA
    assert pytest.approx(ase.units._e * 1e20, rel=1e-7) == units.JOULE_PER_SQUARE_METRE
    bar = units.BAR_PER_EV_PER_CUBIC_ANGSTROM
    assert bar == pytest.approx(1e4 * units.GPA, rel=1e-7)
    assert pytest.approx(bar, rel=1e-6) == units.LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM
    assert bar != units.LAMMPS_BAR_PER_EV_PER_CUBIC_ANGSTROM


def test_places_of_components_are_those_of_their_order():
    for place, (i, j) in enumerate(units.VOIGT):
        assert units.VOIGT_MATRIX[i, j] == units.VOIGT_MATRIX[j, i] == place
    per_atom = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]
    for place, (i, j) in enumerate(per_atom):
        assert units.PER_ATOM_VOIGT[i, j] == units.PER_ATOM_VOIGT[j, i] == place


def test_energies_by_parameters_have_the_parameters_unit():
    assert [units.energy_per("eV", power) for power in (1, 2)] == ["1", "1/eV"]
    assert units.energy_per("Angstrom") == "eV/Angstrom"
    assert units.energy_per(units.UNIT_OF_EACH, 2) == "eV/parameter_unit^2"
