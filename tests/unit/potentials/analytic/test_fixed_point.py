"""The derivative through a fixed point: relaxed structures, the library's own one, errors."""

from itertools import pairwise

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, implicit_derivative, relax, vacancy_cell
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.potentials.analytic import analytic_potential
from relaxdiff.potentials.analytic.fixed_point import fixed_point_derivative

SIGMA_AA, SIGMA_BB = 3, 5


def relaxed(parameters=None):
    """A vacancy in 31 atoms at its minimum."""
    atoms = vacancy_cell("Ar", 1.548746, 2, "fcc")
    minimum = relax(atoms, analytic_potential("lennard_jones", parameters), "fixed", 1e-12)
    assert minimum.converged
    return minimum


@pytest.fixture(scope="module")
def minimum():
    return relaxed()


def along(minimum, index, **limits):
    direction = np.eye(len(minimum.potential.theta))[index]
    return fixed_point_derivative(minimum.potential, minimum.atoms, direction, **limits)


def test_it_is_how_relaxed_atoms_move(minimum):
    """Central differences, with steps of h, 2h and 4h, extrapolated to h = 0."""
    values = []
    for step in (1e-3, 2e-3, 4e-3):
        ahead, behind = (relaxed({"sigma_AA": 1 + side}) for side in (step, -step))
        values.append((ahead.atoms.positions - behind.atoms.positions) / (2 * step))
    for power in (4, 16):
        values = [(power * near - far) / (power - 1) for near, far in pairwise(values)]
    (expected,) = values
    expected -= expected.mean(axis=0)
    found = along(minimum, SIGMA_AA, tolerance=1e-11)
    assert np.linalg.norm(found - expected) < 1e-9 * np.linalg.norm(expected)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-15)


def test_it_is_the_library_s_own_derivative_of_another_potential_without_symmetry():
    potential = analytic_potential("stillinger_weber")
    atoms = vacancy_cell("Si", 5.431, 2, "diamond")
    atoms.rattle(0.05, seed=1)
    minimum = relax(atoms, potential, "fixed", 1e-10, symmetry=False)
    direction = np.random.default_rng(0).normal(size=potential.theta.size) * potential.theta
    solver = Sparse(1e-11, 1000)
    expected = implicit_derivative(minimum, solver, direction[:, None])["position_derivative"]
    found = fixed_point_derivative(potential, minimum.atoms, direction, 1e-11)
    scale = np.abs(expected.values).max()
    np.testing.assert_allclose(found, expected.values[0], rtol=0, atol=1e-8 * scale)
    assert scale > 0.01


def test_nothing_moves_with_a_parameter_that_no_atom_feels(minimum):
    assert (along(minimum, SIGMA_BB) == 0).all()


def test_too_few_iterations_are_an_error(minimum):
    with pytest.raises(RelaxationError, match="and 1 of conjugate gradients"):
        along(minimum, SIGMA_AA, max_iterations=1)


@pytest.mark.parametrize("direction", [np.ones(5), np.ones((6, 1)), np.full(6, np.nan)])
def test_a_direction_that_is_none_is_refused(minimum, direction):
    with pytest.raises(InputError, match="6 finite numbers"):
        fixed_point_derivative(minimum.potential, minimum.atoms, direction)
