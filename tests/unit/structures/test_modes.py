"""Displacement modes: symmetric, orthonormal, without translations."""

import tracemalloc

import numpy as np
import pytest
from crystal_study import distorted

from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.modes import displacement_modes, representation_modes
from relaxdiff.structures.symmetry import find_symmetry, no_symmetry, representations


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


def without_translations(directions, n_atoms):
    """Projector (3N, 3N) on all displacements in some directions (d, 3) but rigid ones."""
    along = directions.T @ directions
    return np.kron(np.eye(n_atoms) - 1 / n_atoms, along)


@pytest.mark.parametrize("n_atoms", [1, 2, 3, 7, 16, 53])
@pytest.mark.parametrize("directions", [np.eye(3), np.array([[0.0, 0.6, 0.8]])])
def test_they_span_all_but_translations(n_atoms, directions):
    modes = displacement_modes(no_symmetry(n_atoms).confined(directions)).toarray()
    assert modes.shape == (3 * n_atoms, len(directions) * (n_atoms - 1))
    assert modes.T @ modes == pytest.approx(np.eye(modes.shape[1]), abs=1e-13)
    expected = without_translations(directions, n_atoms)
    assert modes @ modes.T == pytest.approx(expected, abs=1e-13)


def test_with_held_atoms_they_are_the_components_of_the_others():
    held = np.array([False, True, False, True])
    modes = displacement_modes(no_symmetry(4), held).toarray()
    assert np.array_equal(modes, np.eye(12)[:, [0, 1, 2, 6, 7, 8]])
    assert displacement_modes(no_symmetry(4), np.ones(4, dtype=bool)).shape == (12, 0)
    none = displacement_modes(no_symmetry(4), np.zeros(4, dtype=bool))
    assert none.shape == (12, 9)


@pytest.mark.parametrize("n_atoms", [2_000, 32_000])
def test_their_memory_grows_with_the_number_of_atoms(n_atoms):
    """A dense matrix (3N, 3N) would be 288 MB for the smaller of the two."""
    tracemalloc.start()
    modes = displacement_modes(no_symmetry(n_atoms))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert modes.shape == (3 * n_atoms, 3 * n_atoms - 3)
    assert modes.nnz <= 3 * n_atoms * np.ceil(np.log2(n_atoms))
    assert peak < 5_000 * n_atoms  # bytes


def test_a_structure_without_symmetry_is_treated_so_whether_asked_or_not():
    atoms = vacancy_cell("W", 3.18, 2)
    atoms.rattle(0.02, seed=1)
    assert len(find_symmetry(atoms).rotations) == 1
    found, asked = coordinates_of(atoms), coordinates_of(atoms, symmetry=False)
    assert abs(found.modes - asked.modes).max() == 0


@pytest.mark.parametrize("symmetry", [True, False])
@pytest.mark.parametrize("fixed", [None, [2, 3]])
def test_both_kinds_pull_back_what_they_displace(symmetry, fixed):
    atoms = vacancy_cell("W", 3.18, 2)
    mask = None if fixed is None else np.isin(np.arange(len(atoms)), fixed)
    coordinates = coordinates_of(atoms, Freedom(fixed=mask), symmetry)
    chance = np.random.default_rng(0)
    q = chance.normal(size=coordinates.size)
    fields = chance.normal(size=(len(atoms), 3, 4))
    on_modes = coordinates.pull_back(fields)
    assert on_modes.shape == (coordinates.n_modes, 4)
    work = np.einsum("ax,axc->c", coordinates.displacements(q), fields)
    assert q[: coordinates.n_modes] @ on_modes == pytest.approx(work, abs=1e-12)
    moved = coordinates.displacements(q)
    assert coordinates.pull_back(moved) == pytest.approx(q[: coordinates.n_modes], abs=1e-12)


def test_a_structure_with_held_atoms_is_located_by_them():
    atoms = vacancy_cell("W", 3.18, 2)
    mask = np.isin(np.arange(len(atoms)), [2, 3])
    coordinates = coordinates_of(atoms, Freedom(fixed=mask), symmetry=False)
    q = 0.05 * np.random.default_rng(1).normal(size=coordinates.size)
    q[-1] = 0.01
    moved = coordinates.structure(q)
    moved.positions += [0.3, -0.2, 0.1]
    assert coordinates.locate(moved) == pytest.approx(q, abs=1e-12)
