"""A potential as a function of some of its coefficients: equal to the whole one."""

from importlib import import_module

import numpy as np
import pytest

from relaxdiff import InputError, implicit_derivative, relax
from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.potentials.linear import ColumnEvaluator
from relaxdiff.potentials.snap.alchemical import alchemical
from relaxdiff.potentials.snap.restricted import chosen_hessian, restricted
from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import vacancy_cell

FIXED_CELL = Freedom(np.zeros((0, 3, 3)))


@pytest.fixture(scope="module")
def with_x(tungsten):
    """W_2940_2017_2 with X, whose coefficients are not quite those of tungsten."""
    potential = alchemical(tungsten, "W")
    size = tungsten.theta.size
    change = 1 + 0.02 * np.random.default_rng(1).normal(size=size)
    theta = np.append(tungsten.theta, tungsten.theta * change)
    return potential.with_theta(theta, [0.5, -2.0])


@pytest.fixture(scope="module")
def structure():
    """A vacancy with an X beside it."""
    atoms = vacancy_cell("W", 3.18, 2)
    atoms.symbols[0] = "X"
    return atoms


@pytest.fixture(scope="module")
def minimum(with_x, structure):
    """Relaxed as a function of the coefficients of X."""
    free = restricted(with_x, ["X_beta_*"])
    found = relax(structure, free, "fixed", tolerance=1e-11, symmetry=False)
    assert found.converged
    return found


def shaken(structure, chosen=(0,)):
    atoms = structure.copy()
    atoms.symbols[list(chosen)] = "X"
    atoms.rattle(0.1, seed=3)
    return atoms


CASES = {
    "one atom": lambda structure: coordinates_of(shaken(structure), FIXED_CELL, symmetry=False),
    "three atoms, and the cell": lambda structure: coordinates_of(
        shaken(structure, (0, 4, 11)), symmetry=False
    ),
    "held atoms": lambda structure: coordinates_of(
        shaken(structure),
        Freedom(np.zeros((0, 3, 3)), fixed=np.arange(len(structure)) < 6),
        symmetry=False,
    ),
    "symmetric": coordinates_of,
}


@pytest.mark.parametrize("patterns", [["X_beta_*"], ["X_beta_1", "X_beta_3?"], ["*_beta_7"]])
@pytest.mark.parametrize("case", CASES)
def test_equal_to_the_whole_potential(case, patterns, with_x, structure):
    """Energy, gradient and columns, at parameters near those that it was made with and far away."""
    coordinates = CASES[case](structure)
    free = restricted(with_x, patterns)
    chance = np.random.default_rng(2)
    whole = ColumnEvaluator(AllAtomColumns(coordinates, with_x.hyperparameters, with_x.baseline))
    with free.evaluator(coordinates) as evaluator, whole:
        for q in (np.zeros(coordinates.size), 0.02 * chance.normal(size=coordinates.size)):
            for size in (0.0, 0.02, 1.0):
                theta = free.theta * (1 + size * chance.normal(size=free.theta.size))
                all_theta = free.with_theta(theta).whole.theta
                assert evaluator.energy(q, theta) == pytest.approx(
                    whole.energy(q, all_theta), rel=0, abs=1e-9
                )
                np.testing.assert_allclose(
                    evaluator.gradient(q, theta), whole.gradient(q, all_theta), atol=1e-9
                )
            np.testing.assert_allclose(
                evaluator.mixed(q, theta),
                whole.mixed(q, all_theta)[:, free.free],
                rtol=1e-10,
                atol=1e-9,
            )
            np.testing.assert_allclose(
                evaluator.descriptors(q)[:-1], whole.descriptors(q)[:-1][free.free], rtol=1e-10
            )


def test_patterns_choose_names_in_the_order_of_the_potential(with_x):
    free = restricted(with_x, ["X_beta_2", "X_beta_1", "W_beta_5*", "X_beta_[12]"])
    names = free.parameters.names
    assert names[-2:] == ("X_beta_1", "X_beta_2")
    assert set(names[:-2]) == {"W_beta_5", *(f"W_beta_{n}" for n in range(50, 56))}
    assert list(free.free) == sorted(free.free)
    assert free.theta == pytest.approx(
        [with_x.theta[with_x.parameters.names.index(name)] for name in names]
    )
    assert free.parameters.units == ("eV",) * len(names)


def test_a_pattern_that_nothing_matches(with_x):
    with pytest.raises(InputError, match="Be_beta_.*; they are W_beta_1 to X_beta_55$"):
        restricted(with_x, ["X_beta_*", "Be_beta_*"])


def test_other_coefficients_leave_the_rest(with_x, structure):
    free = restricted(with_x, ["X_beta_1?"])
    other = free.with_theta(2 * free.theta, name="other")
    held = np.setdiff1d(np.arange(with_x.theta.size), free.free)
    assert (other.whole.theta[held] == with_x.theta[held]).all()
    assert other.theta == pytest.approx(2 * free.theta)
    assert other.name == "other"
    assert free.name == with_x.name
    assert list(other.centres(structure)) == [0]
    assert list(restricted(with_x, ["*_beta_1"]).centres(structure)) == list(range(15))


def test_second_derivatives_of_the_chosen_atoms(with_x, structure):
    """Against differences of all atoms' columns, in a cell larger than what the atom feels."""
    small = vacancy_cell("W", 3.18, 4)[:60]  # a half of the cell, so that some atoms are too far
    small.rattle(0.05, seed=1)
    small.symbols[20] = "X"
    held = np.ones(len(small), dtype=bool)
    held[[20, 21, 3]] = False
    coordinates = coordinates_of(small, Freedom(np.zeros((0, 3, 3)), fixed=held), symmetry=False)
    free = restricted(with_x, ["X_beta_*"])
    components, tensor = chosen_hessian(coordinates, free)
    assert 0 < len(components) < 3 * len(small)
    whole = ColumnEvaluator(AllAtomColumns(coordinates, with_x.hyperparameters, with_x.baseline))
    with whole:
        expected = whole.hessian_columns()[:, :, free.free]
    modes = coordinates.modes[components].toarray()
    found = np.einsum("ia,ijp,jb->abp", modes, tensor, modes, optimize=True)
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())


def test_second_derivatives_that_do_not_fit_into_memory(with_x, structure, monkeypatch):
    module = import_module("relaxdiff.potentials.snap.restricted")
    monkeypatch.setattr(module, "LARGEST_TENSOR", 1e5)
    coordinates = coordinates_of(structure, FIXED_CELL, symmetry=False)
    with pytest.raises(InputError, match="14 atoms by 55 free .*: free the parameters of fewer"):
        chosen_hessian(coordinates, restricted(with_x, ["X_beta_*"]))


def test_a_structure_that_collapses(with_x, structure):
    atoms = structure.copy()
    atoms.positions[1] = atoms.positions[0] + [0.9, 0.0, 0.0]
    coordinates = coordinates_of(atoms, FIXED_CELL, symmetry=False)
    with restricted(with_x, ["X_beta_*"]).evaluator(coordinates) as evaluator:
        with pytest.raises(LammpsError, match=r"^the structure collapses, with a force of \d+ eV"):
            evaluator.gradient(np.zeros(coordinates.size), evaluator.source.potential.theta)


def relaxed_at(minimum, theta):
    """Displacements (N, 3) from the minimum where the structure relaxes to with other parameters.

    From the minimum, in its own coordinates.
    """
    found = relax(
        minimum.atoms, minimum.potential.with_theta(theta), "fixed", 1e-11, symmetry=False
    )
    assert found.converged
    return minimum.coordinates.displacements(minimum.coordinates.locate(found.atoms))


def richardson(function, step):
    """The derivative at 0 by central differences, of order step^4."""

    def central(step):
        return (function(step) - function(-step)) / (2 * step)

    return (4 * central(step / 2) - central(step)) / 3


def directions(minimum):
    """In parameter space: all coefficients change, by about one part."""
    chance = np.random.default_rng(5)
    return minimum.potential.theta * chance.normal(size=(2, minimum.potential.theta.size))


def test_implicit_derivative_is_that_of_relaxed_structures(minimum):
    theta = minimum.potential.theta
    derivative = implicit_derivative(minimum, "dense")["position_derivative"].values
    for direction in directions(minimum):
        expected = richardson(
            lambda step, way=direction: relaxed_at(minimum, theta + step * way), 1e-2
        )
        found = np.tensordot(direction, derivative, axes=1)
        np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_adjoint_derivative_of_the_loss(minimum):
    """Of 1/2 |X - X_target|^2, with one solve for all coefficients."""
    theta = minimum.potential.theta
    away = 0.1 * np.random.default_rng(6).normal(size=(len(minimum.atoms), 3))
    found = adjoint_derivative(minimum, -away)  # the target is at `away` from the minimum

    def loss(theta):
        return 0.5 * np.sum((relaxed_at(minimum, theta) - away) ** 2)

    for direction in directions(minimum):
        expected = richardson(lambda step, way=direction: loss(theta + step * way), 1e-2)
        assert found.values @ direction == pytest.approx(expected, rel=1e-6)
