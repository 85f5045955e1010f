"""Relaxation against plain LAMMPS, and what it says when it cannot."""

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, relax
from relaxdiff.lammps_minimise import lammps_minimise
from relaxdiff.minimise import minimum_dataset, minimum_from_dataset, relax_reference
from relaxdiff.structures import bulk_cell, vacancy_cell


def test_published_potential_gives_its_known_numbers(tungsten):
    crystal = relax(bulk_cell("W", 3.16), tungsten)
    defect = relax(vacancy_cell("W", 3.16, 4), tungsten)
    assert crystal.atoms.cell.lengths()[0] == pytest.approx(3.18046, abs=5e-6)
    formation_energy = defect.energy - len(defect.atoms) * crystal.energy / 2
    # 3.22300 eV is what LAMMPS's own minimize gives for bulk and 127-atom cell.
    assert formation_energy == pytest.approx(3.22300, abs=1e-5)
    assert defect.max_gradient < 1e-8
    assert defect.status == "converged"


def test_lammps_finds_the_same_minimum_from_shaken_atoms(tungsten):
    ours = relax(vacancy_cell("W", 3.17, 3), tungsten)
    shaken = vacancy_cell("W", 3.17, 3)
    shaken.rattle(0.01, seed=5)
    theirs = lammps_minimise(shaken, tungsten, tolerance=1e-6)
    assert theirs.energy == pytest.approx(ours.energy, abs=1e-8)
    assert theirs.atoms.get_volume() == pytest.approx(ours.atoms.get_volume(), abs=1e-4)


def test_fixed_cell_stays_fixed(tungsten):
    atoms = vacancy_cell("W", 3.2, 2)
    minimum = relax(atoms, tungsten, strain=False)
    theirs = lammps_minimise(atoms, tungsten, tolerance=1e-7, strain=False)
    assert minimum.strain == 0
    assert np.array_equal(minimum.atoms.cell.array, atoms.cell.array)
    assert minimum.energy == pytest.approx(theirs.energy, abs=1e-9)


def test_energy_holds_the_energy_shift(tungsten):
    shifted = tungsten.with_theta(tungsten.theta, energy_shift=tungsten.energy_shift + 1.5)
    atoms = bulk_cell("W", 3.18)
    assert relax(atoms, shifted).energy == pytest.approx(relax(atoms, tungsten).energy + 3.0)


def test_too_few_steps_are_reported_not_hidden(tungsten):
    minimum = relax(vacancy_cell("W", 3.16, 2), tungsten, max_steps=1)
    assert not minimum.converged
    assert "not converged" in minimum.status
    assert "more steps" in minimum.status


def test_reference_of_another_element_is_refused(tungsten):
    with pytest.raises(InputError, match=r"structure\.element is Ta"):
        relax_reference(tungsten, "Ta", "bcc", 2)


def test_reference_without_minimum_is_refused(tungsten):
    repulsive = tungsten.with_theta(-tungsten.theta)
    with pytest.raises(RelaxationError, match="bcc crystal"):
        relax_reference(repulsive, "W", "bcc", 2)


def test_minimum_survives_its_file(tungsten):
    minimum = relax(vacancy_cell("W", 3.17, 2), tungsten)
    again = minimum_from_dataset(minimum_dataset(minimum), tungsten)
    assert np.array_equal(again.atoms.positions, minimum.atoms.positions)
    assert again.energy == minimum.energy
    assert again.coordinates.modes.shape == minimum.coordinates.modes.shape
    assert again.converged
