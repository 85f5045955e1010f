"""Symmetry: the vacancy's known group, and the same physics with and without it."""

import numpy as np
import pytest
import spglib
from ase.build import bulk
from ase.geometry import find_mic
from crystal_study import distorted

from relaxdiff import implicit_derivative, relax
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.modes import displacement_modes
from relaxdiff.structures.symmetry import find_symmetry, symmetrised


def test_vacancy_has_the_full_cubic_group():
    symmetry = find_symmetry(vacancy_cell("W", 3.165, 4))
    assert len(symmetry.rotations) == 48
    assert len(symmetry.representatives) == 13
    assert displacement_modes(symmetry).shape == (3 * 127, 12)


def two_vacancies():
    atoms = vacancy_cell("W", 3.165, 3)
    del atoms[-1]
    return atoms


def alloyed(atom):
    atoms = vacancy_cell("W", 3.165, 3)
    atoms.numbers[atom] = 73
    return atoms


@pytest.mark.parametrize(
    "atoms",
    [
        vacancy_cell("W", 3.165, 2),
        bulk_cell("W", 3.165, 2),
        two_vacancies(),
        alloyed(0),
        alloyed(7),
        distorted(3, (0, 0, 1)),
        distorted(3, (1, 1, 1)),
        bulk("Mg").repeat((2, 2, 1)),
    ],
)
def test_all_operations_are_found_that_spglib_finds_with_all_atoms(atoms):
    structure = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    theirs = spglib.get_symmetry(structure, symprec=1e-5)["rotations"]
    symmetry = find_symmetry(atoms)
    assert len(symmetry.rotations) == len(theirs)
    for rotation, permutation in zip(symmetry.rotations, symmetry.permutations, strict=True):
        assert np.array_equal(np.sort(permutation), np.arange(len(atoms)))
        assert np.array_equal(atoms.numbers[permutation], atoms.numbers)
        apart = atoms.positions @ rotation.T - atoms.positions[permutation]
        apart = find_mic(apart - apart[0], atoms.cell)[0]
        assert np.abs(apart).max() < 1e-4


@pytest.mark.parametrize(("repeats", "direction", "operations"), [(2, None, 48), (2, (1, 1, 1), 6)])
def test_symmetric_and_full_treatment_agree(tungsten, repeats, direction, operations):
    """Relaxed structure, derivative and expansion, to 1e-9, for high and low symmetry."""
    atoms = distorted(repeats, direction)
    assert len(find_symmetry(atoms).rotations) == operations
    symmetric = relax(atoms, tungsten, tolerance=1e-10)
    full = relax(atoms, tungsten, tolerance=1e-10, symmetry=False)
    assert full.coordinates.size > symmetric.coordinates.size
    assert full.energy == pytest.approx(symmetric.energy, rel=1e-12)
    assert full.strain == pytest.approx(symmetric.strain, rel=1e-9)
    ours, theirs = implicit_derivative(symmetric), implicit_derivative(full)
    for name in ("position_derivative", "strain_derivative", "energy_curvature"):
        scale = np.abs(theirs[name].values).max()
        assert ours[name].values == pytest.approx(theirs[name].values, abs=1e-9 * scale)


def test_trivial_symmetry_is_the_full_problem(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=1)
    assert len(find_symmetry(shaken).rotations) == 1
    found, full = coordinates_of(shaken), coordinates_of(shaken, symmetry=False)
    assert found.size == full.size == 3 * 15 - 3 + 1
    assert np.array_equal(found.orbits, full.orbits)


def with_noise(atoms, of_atoms, of_cell):
    rng = np.random.default_rng(1)
    noisy = atoms.copy()
    noisy.set_cell(atoms.cell.array + of_cell * rng.normal(size=(3, 3)), scale_atoms=True)
    noisy.positions += of_atoms * rng.normal(size=atoms.positions.shape)
    return noisy


@pytest.mark.parametrize(
    "atoms",
    [
        vacancy_cell("W", 3.165, 3),
        bulk("Mg").repeat((3, 3, 2)),  # a hexagonal cell, and translations within it
        distorted(3, (1, 1, 1)),
    ],
)
def test_noise_of_atoms_and_cell_is_taken_off(atoms):
    noisy = with_noise(atoms, 5e-5, 5e-5)
    assert len(find_symmetry(noisy).rotations) < len(find_symmetry(atoms).rotations)
    found = symmetrised(noisy, 1e-3)
    assert len(find_symmetry(found, 1e-9).rotations) == len(find_symmetry(atoms).rotations)
    assert np.abs(found.positions - noisy.positions).max() < 1e-3
    assert found.get_volume() == pytest.approx(noisy.get_volume(), rel=1e-8)


def test_a_structure_without_noise_is_left_as_it_is():
    atoms = vacancy_cell("W", 3.165, 3)
    found = symmetrised(atoms, 1e-3)
    assert np.allclose(found.positions, atoms.positions, atol=1e-12)
    assert np.allclose(found.cell, atoms.cell, atol=1e-12)
