"""Every potential keeps the protocols, and its derivatives are those of its energies."""

import subprocess
import sys

import numpy as np
import pytest

from relaxdiff.potentials.potential import (
    Evaluator,
    LinearEvaluator,
    Parameters,
    Potential,
    calculator,
)
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.kinds import vacancy_cell

STEP = 1e-4


@pytest.fixture(scope="module")
def potential(tungsten):
    return tungsten


@pytest.fixture(scope="module")
def evaluator(potential):
    with potential.evaluator(coordinates_of(vacancy_cell("W", 3.18, 2))) as evaluator:
        yield evaluator


@pytest.fixture(scope="module")
def q(evaluator):
    coordinates = evaluator.coordinates
    return 0.05 * np.random.default_rng(1).normal(size=coordinates.size) / coordinates.scale


def test_potentials_and_evaluators_keep_the_protocols(potential, evaluator):
    assert isinstance(potential, Potential)
    assert isinstance(evaluator, Evaluator)
    assert isinstance(evaluator, LinearEvaluator)


def test_the_library_is_imported_without_jax():
    program = "import sys, relaxdiff, relaxdiff.cli; print('jax' in sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_calculator_of_a_potential_says_what_its_evaluator_says(potential, evaluator, q):
    atoms = evaluator.coordinates.structure(q)
    atoms.calc = calculator(potential)
    expected = evaluator.energy(q, potential.theta) + potential.shift_of(atoms)
    assert atoms.get_potential_energy() == pytest.approx(expected, abs=1e-8)
    atoms.calc.close()


def test_parameters_have_one_unit_or_a_coordinate_of_them():
    assert Parameters(("a", "b"), ("eV", "eV"), np.ones(2)).unit == "eV"
    assert Parameters(("a", "b"), ("eV", "1"), np.ones(2)).unit == "parameter_unit"


def test_parameters_have_names_and_units(potential):
    parameters = potential.parameters
    assert len(parameters.names) == len(parameters.units) == potential.theta.size
    assert len(set(parameters.names)) == potential.theta.size
    assert np.array_equal(parameters.theta, potential.theta)


def test_gradients_are_those_of_energies(potential, evaluator, q):
    found = evaluator.gradient(q, potential.theta)
    for index, scale in enumerate(evaluator.coordinates.scale):
        step = STEP / scale * np.eye(len(q))[index]
        ahead, behind = (evaluator.energy(q + way, potential.theta) for way in (step, -step))
        assert found[index] == pytest.approx((ahead - behind) / (2 * step[index]), rel=1e-5)


def test_derivatives_by_parameters_are_differences(potential, evaluator, q):
    """Of an energy linear in theta to rounding, whatever the step."""
    rng = np.random.default_rng(2)
    change = rng.normal(size=potential.theta.size) * np.abs(potential.theta)
    ahead, behind = potential.theta + change, potential.theta - change
    energies = [evaluator.energy(q, theta) for theta in (ahead, behind)]
    slope = evaluator.parameter_gradient(q, potential.theta) @ change
    assert slope == pytest.approx((energies[0] - energies[1]) / 2, rel=1e-10)
    gradients = [evaluator.gradient(q, theta) for theta in (ahead, behind)]
    mixed = evaluator.mixed(q, potential.theta, change[:, None])[:, 0]
    np.testing.assert_allclose(mixed, (gradients[0] - gradients[1]) / 2, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(mixed, evaluator.mixed(q, potential.theta) @ change, rtol=1e-12)
    assert not evaluator.parameter_hessian(q, potential.theta).any()


def test_hessian_products_are_differences_of_gradients(potential, evaluator, q):
    scale = evaluator.coordinates.scale
    vector = np.random.default_rng(3).normal(size=len(q)) / scale  # the strains move as well
    found = evaluator.hessian_product(q, potential.theta, vector)
    ahead, behind = (
        evaluator.gradient(q + way * STEP * vector, potential.theta) for way in (1, -1)
    )
    expected = (ahead - behind) / (2 * STEP)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    nothing = evaluator.hessian_product(q, potential.theta, np.zeros(len(q)))
    assert not nothing.any()


def test_what_was_asked_before_costs_no_evaluation(potential, evaluator, q):
    evaluator.gradient(q, potential.theta)
    before = evaluator.n_evaluations
    for theta in (potential.theta, 2 * potential.theta):
        evaluator.energy(q, theta)
        evaluator.gradient(q.copy(), theta)
        evaluator.mixed(q, theta)
        evaluator.parameter_gradient(q, theta)
    assert evaluator.n_evaluations == before
    evaluator.gradient(q + 1e-12, potential.theta)
    assert evaluator.n_evaluations == before + 1
    evaluator.forget()
    evaluator.gradient(q + 1e-12, potential.theta)
    assert evaluator.n_evaluations == before + 2
