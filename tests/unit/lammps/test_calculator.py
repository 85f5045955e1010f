"""Potentials as ASE calculators: ASE's own finite differences, and LAMMPS without the session."""

import numpy as np
import pytest
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps.calculator import LammpsCalculator
from relaxdiff.lammps.session import LAMMPS_ARGUMENTS, load_lammps
from relaxdiff.structures.kinds import bulk_cell


@pytest.fixture
def calculated(low_symmetry, tungsten):
    """A sheared, turned and shaken cell with tungsten's calculator."""
    atoms = low_symmetry.copy()
    shear = np.eye(3) + 0.02 * np.random.default_rng(0).normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    atoms.rotate(40, (1, 2, 3), rotate_cell=True)
    atoms.rattle(0.05, seed=1)
    atoms.calc = tungsten.with_theta(tungsten.theta, 0.25).calculator()
    yield atoms
    atoms.calc.close()


def test_forces_and_stress_are_derivatives_of_the_energy(calculated):
    some = [0, 7]
    forces = calculate_numerical_forces(calculated, 1e-4, some)
    np.testing.assert_allclose(calculated.get_forces()[some], forces, atol=1e-6)
    stress = calculate_numerical_stress(calculated, 1e-5)
    np.testing.assert_allclose(calculated.get_stress(), stress, atol=1e-6)
    assert np.abs(stress).max() > 1e-2
    assert calculated.get_potential_energy(force_consistent=True) == pytest.approx(
        calculated.get_potential_energy(), abs=0
    )


def test_it_is_what_plain_lammps_says(calculated, tungsten, tmp_path):
    """From a data file and the potential's own files, in a LAMMPS of its own."""
    calculated.write(tmp_path / "cell.data", format="lammps-data", specorder=["W"], masses=True)
    shifted = tungsten.with_theta(tungsten.theta, 0.25)
    lines = shifted.lammps_lines(tmp_path)
    lammps = load_lammps().lammps(cmdargs=LAMMPS_ARGUMENTS)
    lammps.commands_string(
        "units metal\natom_modify map array sort 0 0\nbox tilt large\n"
        f'read_data "{tmp_path}/cell.data"\n' + "\n".join(lines) + "\nthermo_modify norm no\nrun 0"
    )
    energy, pressure = lammps.get_thermo("pe"), lammps.get_thermo("press")
    forces = np.reshape(lammps.gather_atoms("f", 1, 3), (-1, 3))
    lammps.close()
    assert calculated.get_potential_energy() == pytest.approx(energy, abs=1e-6)
    assert -calculated.get_stress()[:3].mean() * 1.6021765e6 == pytest.approx(pressure, rel=1e-5)
    lengths = np.linalg.norm(calculated.get_forces(), axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(forces, axis=1), atol=1e-6)


def test_it_follows_atoms_that_change(tungsten):
    atoms = bulk_cell("W", 3.18)
    atoms.calc = tungsten.calculator()
    assert isinstance(atoms.calc, LammpsCalculator)
    small = atoms.get_potential_energy()
    atoms.positions[0] += 0.1
    assert atoms.get_potential_energy() > small
    twice = bulk_cell("W", 3.18).repeat(2)
    twice.calc = atoms.calc
    assert twice.get_potential_energy() == pytest.approx(8 * small, abs=1e-8)
    atoms.calc.close()


def test_other_elements_are_refused(tungsten):
    atoms = bulk_cell("Ta", 3.3)
    atoms.calc = tungsten.calculator()
    with pytest.raises(LammpsError, match="not for Ta"):
        atoms.get_potential_energy()
