"""Relaxation against plain LAMMPS, and what it says when it cannot."""

import ase.io
import numpy as np
import pytest

from relaxdiff import InputError, relax
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell


def test_published_potential_gives_its_known_numbers(tungsten):
    crystal = relax(bulk_cell("W", 3.16), tungsten)
    defect = relax(vacancy_cell("W", 3.16, 4), tungsten)
    assert crystal.atoms.cell.lengths()[0] == pytest.approx(3.18046, abs=5e-6)
    formation_energy = defect.energy - len(defect.atoms) * crystal.energy / 2
    # 3.22300 eV is what LAMMPS's own minimize gives for bulk and 127-atom cell.
    assert formation_energy == pytest.approx(3.22300, abs=1e-5)
    assert defect.max_gradient < 1e-8
    assert defect.status == "converged"


def test_energy_holds_the_energy_shift(tungsten):
    shifted = tungsten.with_theta(tungsten.theta, energy_shift=tungsten.energy_shift + 1.5)
    atoms = bulk_cell("W", 3.18)
    assert relax(atoms, shifted).energy == pytest.approx(relax(atoms, tungsten).energy + 3.0)


def test_too_few_steps_are_reported_not_hidden(tungsten):
    minimum = relax(vacancy_cell("W", 3.16, 2), tungsten, max_steps=1)
    assert not minimum.converged
    assert "not converged" in minimum.status
    assert "more steps" in minimum.status


def test_a_mask_of_another_shape_is_refused(tungsten):
    with pytest.raises(InputError, match="one entry for each atom"):
        relax(vacancy_cell("W", 3.18, 2), tungsten, fixed=[0, 1])


@pytest.mark.parametrize("cell", ["fixed", "full"])
def test_atoms_carry_energy_and_forces(low_symmetry, tungsten, tmp_path, cell):
    """What is left after a few steps only, as LAMMPS evaluates it, in the written file too."""
    shifted = tungsten.with_theta(tungsten.theta, energy_shift=0.5)
    found = relax(low_symmetry, shifted, cell, max_steps=3)
    atoms = found.atoms
    assert np.abs(atoms.get_forces()).max() > 1e-3
    assert atoms.get_potential_energy() == found.energy
    atoms.write(tmp_path / "relaxed.extxyz")
    read = ase.io.read(tmp_path / "relaxed.extxyz")
    same = atoms.copy()
    same.calc = shifted.calculator()
    assert found.energy == pytest.approx(same.get_potential_energy(), abs=1e-8)
    for each in (atoms, read):
        np.testing.assert_allclose(each.get_forces(), same.get_forces(), atol=1e-6)
    assert read.get_potential_energy() == pytest.approx(found.energy, abs=1e-6)


def test_forces_on_held_atoms_are_not_made_up(tungsten):
    atoms = vacancy_cell("W", 3.18, 2)
    minimum = relax(atoms, tungsten, fixed=np.arange(15) < 3)
    assert minimum.atoms.get_potential_energy() == minimum.energy
    assert "forces" not in minimum.atoms.calc.results
