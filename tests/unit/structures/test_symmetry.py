"""Symmetry: the vacancy's known group, and the same physics with and without it."""

import numpy as np
import pytest
import spglib
from ase.build import bulk
from ase.geometry import find_mic

from relaxdiff import implicit_derivative, relax
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.modes import displacement_modes, representation_modes
from relaxdiff.structures.symmetry import find_symmetry, no_symmetry, representations


def test_vacancy_has_the_full_cubic_group():
    symmetry = find_symmetry(vacancy_cell("W", 3.165, 4))
    assert len(symmetry.rotations) == 48
    assert len(symmetry.representatives) == 13
    assert displacement_modes(symmetry).shape == (3 * 127, 12)


def distorted(repeats, direction):
    """A vacancy cell with the vacancy's neighbour along <111> moved, or not."""
    atoms = vacancy_cell("W", 3.18, repeats)
    if direction is not None:
        atoms.positions[0] += 0.03 * np.array(direction)
    return atoms


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


def test_perfect_crystal_has_no_symmetric_displacements():
    symmetry = find_symmetry(bulk_cell("W", 3.165, 2))
    assert displacement_modes(symmetry).shape == (3 * 16, 0)


@pytest.mark.parametrize("direction", [None, (0, 0, 1), (1, 1, 1), (1, 1, 0)])
def test_modes_are_orthonormal_symmetric_and_free_of_translations(direction):
    atoms = vacancy_cell("W", 3.165, 3)
    if direction is not None:  # a neighbour moved lowers the symmetry, to polar groups too
        atoms.positions[5] += 0.05 * np.array(direction)
    symmetry = find_symmetry(atoms)
    modes = displacement_modes(symmetry).toarray()
    assert modes.T @ modes == pytest.approx(np.eye(modes.shape[1]), abs=1e-12)
    fields = modes.T.reshape(-1, len(atoms), 3)
    assert np.abs(fields.sum(axis=1)).max() < 1e-12
    for rotation, permutation in zip(symmetry.rotations, symmetry.permutations, strict=True):
        assert fields[:, permutation] == pytest.approx(fields @ rotation.T, abs=1e-9)


def test_without_symmetry_all_but_translations_remain():
    assert displacement_modes(no_symmetry(7)).shape == (21, 18)


def projector(symmetry, characters, subgroup):
    """On the displacements that `representation_modes` should span, dense, (3N, 3N)."""
    count = symmetry.permutations.shape[1]

    def mean(factors):
        total = np.zeros((count, 3, count, 3))
        operations = zip(symmetry.rotations, symmetry.permutations, factors, strict=True)
        for rotation, permutation, factor in operations:
            total[permutation, :, np.arange(count)] += factor * rotation
        return total.reshape(3 * count, -1)

    of_representation = mean(characters.max() * characters / (characters @ characters))
    kept = mean(subgroup / subgroup.sum())
    rigid = np.tile(np.eye(3), (count, 1)) / np.sqrt(count)
    return kept @ of_representation @ (np.eye(3 * count) - rigid @ rigid.T)


@pytest.mark.parametrize(
    ("repeats", "direction", "operations"),
    [(2, None, 48), (3, None, 48), (3, (1, 1, 1), 6), (3, (0, 0, 1), 2)],
)
def test_modes_of_representations_span_what_their_projectors_do(repeats, direction, operations):
    symmetry = find_symmetry(distorted(repeats, direction))
    assert len(symmetry.rotations) == operations
    for characters, subgroup in representations(symmetry):
        modes = representation_modes(symmetry, characters, subgroup).toarray()
        assert modes.T @ modes == pytest.approx(np.eye(modes.shape[1]), abs=1e-9)
        expected = projector(symmetry, characters, subgroup)
        assert modes @ modes.T == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("repeats", [2, 3])
@pytest.mark.parametrize("direction", [None, (0, 0, 1), (1, 1, 1)])
def test_one_atom_of_each_orbit_is_enough(tungsten, repeats, direction):
    atoms = vacancy_cell("W", 3.18, repeats)
    if direction is not None:  # the vacancy's neighbour along <111>, moved
        atoms.positions[0] += 0.03 * np.array(direction)
    coordinates = coordinates_of(atoms)
    potential = tungsten.hyperparameters, tungsten.reference
    rng = np.random.default_rng(0)
    with (
        OrbitColumns(coordinates, *potential) as orbits,
        AllAtomColumns(coordinates, *potential) as full,
    ):
        assert len(orbits.sizes) < len(atoms)
        # Neighbours change from each to the next; the last makes the cluster grow.
        for size in (0.0, 0.02, -0.15, 0.15, -0.1, 0.05, 0.051, 0.3):
            q = size * rng.normal(size=coordinates.size)
            q[-1] = -size / 4
            pairs = (orbits.columns(q), full.columns(q)), (orbits.values(), full.values())
            for ours, theirs in pairs:
                assert ours == pytest.approx(theirs, abs=1e-11 * np.abs(theirs).max())


def test_symmetry_decides_the_evaluator(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=1)
    with tungsten.evaluator(coordinates_of(shaken)) as evaluator:
        assert isinstance(evaluator.source, AllAtomColumns)
    with tungsten.evaluator(coordinates_of(vacancy_cell("W", 3.18, 2))) as evaluator:
        assert isinstance(evaluator.source, OrbitColumns)


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
