"""The modes of structures without symmetry: all displacements, without a matrix (3N, 3N)."""

import tracemalloc

import numpy as np
import pytest

from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.modes import displacement_modes
from relaxdiff.structures.symmetry import find_symmetry, no_symmetry


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
