"""Displacement modes: symmetric, orthonormal, without translations."""

import numpy as np
import pytest
from crystal_study import distorted

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
