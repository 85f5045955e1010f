"""Descriptors against finite differences, with cells and strains that have no symmetry."""

import numpy as np
import pytest
from ase.build import bulk

from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell


@pytest.fixture(scope="module")
def calculator(tungsten):
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        yield calculator


@pytest.fixture
def triclinic():
    """A rotated, sheared, shaken cell whose edges are shorter than the cutoff."""
    atoms = bulk("W", "bcc", a=3.165) * (2, 2, 1)
    atoms.rattle(0.1, seed=3)
    distortion = np.eye(3) + 0.06 * np.random.default_rng(0).normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ distortion, scale_atoms=True)
    atoms.rotate(35, (1, 2, 3), rotate_cell=True)
    return atoms


def differences(calculator, atoms, change, step=1e-4):
    """Central difference of the descriptors along a change of the structure."""
    ahead, behind = (calculator.evaluate(change(atoms.copy(), sign * step)) for sign in (1, -1))
    return (ahead.values - behind.values) / (2 * step)


@pytest.mark.parametrize(("atom", "axis"), [(0, 0), (1, 1), (3, 2)])
def test_gradient_is_the_derivative_by_positions(calculator, triclinic, atom, axis):
    def move(atoms, step):
        atoms.positions[atom, axis] += step
        return atoms

    expected = differences(calculator, triclinic, move)
    found = calculator.evaluate(triclinic).gradient[atom, axis]
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("j", range(3))
def test_strain_gradient_is_the_derivative_by_each_strain(calculator, triclinic, i, j):
    def strain(atoms, step):
        deformation = np.eye(3)
        deformation[i, j] += step
        atoms.set_cell(atoms.cell.array @ deformation.T, scale_atoms=True)
        return atoms

    expected = differences(calculator, triclinic, strain)
    found = calculator.evaluate(triclinic).strain_gradient
    assert np.abs(found[1, 2]).max() > 1  # an off-diagonal element worth testing
    assert found[i, j] == pytest.approx(expected, rel=1e-6, abs=1e-6 * np.abs(expected).max())


def test_small_cell_equals_its_repetition(calculator):
    small = vacancy_cell("W", 3.17, 2)
    small.rattle(0.05, seed=2)
    assert small.cell.lengths()[0] < 2 * calculator.hyperparameters.cutoff
    one, eight = calculator.evaluate(small), calculator.evaluate(small.repeat(2))
    assert eight.values == pytest.approx(8 * one.values, rel=1e-12)
    assert eight.gradient[: len(small)] == pytest.approx(one.gradient, abs=1e-9)
    assert eight.strain_gradient == pytest.approx(8 * one.strain_gradient, abs=1e-8)


def test_atoms_may_lie_far_outside_their_cell(calculator, triclinic):
    inside = calculator.evaluate(triclinic)
    triclinic.positions += np.array([3, -7, 11]) @ triclinic.cell.array
    triclinic.positions[1] += 5 * triclinic.cell.array[2]
    outside = calculator.evaluate(triclinic)
    assert outside.values == pytest.approx(inside.values, rel=1e-9)
    assert outside.gradient == pytest.approx(inside.gradient, abs=1e-6)


def test_structures_may_alternate(calculator):
    first, second = bulk_cell("W", 3.16), bulk_cell("W", 3.2, repeats=2)
    before = calculator.evaluate(first).values
    calculator.evaluate(second)
    assert np.array_equal(calculator.evaluate(first).values, before)


def test_evaluations_are_counted(tungsten):
    with DescriptorCalculator(tungsten.hyperparameters) as calculator:
        calculator.evaluate(bulk_cell("W", 3.16))
        calculator.evaluate(bulk_cell("W", 3.17))
        assert calculator.n_evaluations == 2
