"""The sparse Hessian: exact rows where wanted, the crystal's elsewhere."""

import numpy as np
import pytest

from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.lammps.calculator import LammpsCalculator
from relaxdiff.minima.factorised_crystal import crystal_matrix
from relaxdiff.minima.lattice_green import crystal_force_constants
from relaxdiff.minima.sparse_hessian import sparse_hessian
from relaxdiff.potentials.linear import ColumnEvaluator
from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.18)


@pytest.fixture(scope="module")
def constants(tungsten):
    """Of the crystal."""
    return crystal_force_constants(tungsten, CRYSTAL)


def dense_hessian(potential, atoms, chosen):
    """Rows of some components (of 3N), with descriptors of all atoms, (k, 3N)."""
    held = np.zeros((len(atoms), 3), dtype=bool)
    held[-1] = True  # without it no atom may move alone
    coordinates = coordinates_of(atoms, Freedom(np.zeros((0, 3, 3)), fixed=held), symmetry=False)
    columns = AllAtomColumns(coordinates, potential.hyperparameters, potential.baseline)
    rows, step = [], 5e-4
    with ColumnEvaluator(columns) as evaluator:
        for component in chosen:
            unit = step * np.eye(coordinates.size)[component]
            slopes = [
                evaluator.gradient(points * unit, potential.theta) for points in (1, -1, 2, -2)
            ]
            rows.append((8 * (slopes[0] - slopes[1]) - slopes[2] + slopes[3]) / (12 * step))
    return np.array(rows)


def test_equal_to_the_dense_one(tungsten):
    """In a cell in which an atom feels its own images."""
    atoms = vacancy_cell("W", 3.18, 2)
    atoms.rattle(0.1, seed=1)
    free = 3 * len(atoms) - 3
    expected = dense_hessian(tungsten, atoms, range(free))
    found = sparse_hessian(tungsten, atoms).toarray()
    np.testing.assert_allclose(
        found[:free, :free], expected, atol=1e-7 * np.abs(expected).max(), rtol=0
    )
    np.testing.assert_allclose(found, found.T)
    # The last atom's rows follow, for a shift of the whole structure changes no force.
    np.testing.assert_allclose(found.reshape(-1, len(atoms), 3).sum(axis=1), 0, atol=1e-6)


def test_exact_near_a_defect_only(tungsten, constants):
    """Exact in all rows and columns of the chosen atoms; those of the crystal in all others."""
    atoms = vacancy_cell("W", 3.18, 3)
    exact = np.zeros(len(atoms), dtype=bool)
    exact[[0, 12]] = True
    found = sparse_hessian(tungsten, atoms, exact, constants).toarray()
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    components = np.flatnonzero(np.repeat(exact, 3))
    expected = dense_hessian(tungsten, atoms, components)
    limit = 1e-7 * np.abs(expected).max()
    np.testing.assert_allclose(found[components][:, :-3], expected, atol=limit, rtol=0)
    others = np.flatnonzero(np.repeat(~exact, 3))
    crystal = crystal_matrix(constants, atoms).toarray()
    assert (found[np.ix_(others, others)] == crystal[np.ix_(others, others)]).all()
    # So near a vacancy the two are not the same.
    assert np.abs(found - crystal)[components].max() > 0.1


def test_in_the_crystal_both_are_the_same(tungsten, constants):
    atoms = CRYSTAL.conventional(4)
    exact = np.arange(len(atoms)) == 5
    found = sparse_hessian(tungsten, atoms, exact, constants)
    crystal = crystal_matrix(constants, atoms)
    assert np.abs((found - crystal).toarray()).max() < 1e-3


def test_nothing_exact(tungsten, constants):
    atoms = vacancy_cell("W", 3.18, 2)
    found = sparse_hessian(tungsten, atoms, np.zeros(len(atoms), dtype=bool), constants)
    assert (found.toarray() == crystal_matrix(constants, atoms).toarray()).all()


def test_only_a_part_of_the_structure_is_evaluated(tungsten, constants, monkeypatch):
    """12 times for each exact atom, all that it feels at second hand: those within two cutoffs."""
    atoms, sizes = CRYSTAL.conventional(7), []
    calculate = LammpsCalculator.calculate

    def counted(self, atoms=None, *others):
        sizes.append(len(atoms))
        return calculate(self, atoms, *others)

    monkeypatch.setattr(LammpsCalculator, "calculate", counted)
    exact = np.isin(np.arange(len(atoms)), [0, 344])
    sparse_hessian(tungsten, atoms, exact, constants)
    near = (atoms.get_distances(0, range(len(atoms)), mic=True) < 2 * tungsten.reach).sum()
    assert sizes == [near] * 24
    assert near < 0.4 * len(atoms)
