"""The loss, what is exact, and the response of positions to parameters."""

import numpy as np
import pytest
from fit_case import LATTICE_PARAMETER

from relaxdiff import implicit_derivative, relax
from relaxdiff.fit.problem import FitProblem, response
from relaxdiff.fit.setup import fit_problem
from relaxdiff.structures.dislocations import dislocation_disk
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", LATTICE_PARAMETER)
FREE_ATOMS = 4


@pytest.fixture(scope="module")
def disk(tungsten):
    """A screw dislocation in tungsten, a small disk in which only atoms of the core may move."""
    atoms = dislocation_disk({"radius": 12.0, "ring": 5.0}, CRYSTAL)
    places = atoms.arrays["crystal_positions"][:, :2]
    nearest = np.linalg.norm(places - atoms.info["core"], axis=1).argsort()[:FREE_ATOMS]
    held = np.ones(len(atoms), dtype=bool)
    held[nearest] = False
    atoms.set_constraint()
    found = relax(atoms, tungsten, "fixed", 1e-10, symmetry=False, fixed=held)
    assert found.converged
    return found


def test_response_is_the_implicit_derivative(disk, settings):
    """Of all 55 coefficients, from force constants of parts of the structure."""
    free = settings | {"alchemical": None, "free": ["beta_*"]}
    problem = fit_problem(disk, disk.atoms, CRYSTAL, free)
    assert problem.exact.sum() == FREE_ATOMS  # held atoms need no rows
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        mixed = evaluator.mixed(problem.start, problem.potential.theta)
    found = problem.coordinates.modes @ response(
        problem.hessian(problem.start, problem.potential), mixed
    )
    dense = implicit_derivative(disk, "dense")["position_derivative"].values
    assert dense.shape == (55, len(disk.atoms), 3)
    found = found.T.reshape(dense.shape)
    for column, expected in zip(found, dense, strict=True):
        np.testing.assert_allclose(column, expected, atol=1e-8 * np.abs(expected).max(), rtol=0)


def test_the_loss_and_its_gradient(case):
    """Of the atoms of the region only."""
    problem = FitProblem(
        case.problem.potential,
        case.problem.coordinates,
        case.problem.start,
        np.arange(15) < 6,
        case.problem.force_constants,
    )
    chance = np.random.default_rng(0)
    q, direction = chance.normal(scale=0.1, size=(2, problem.coordinates.size))
    apart = (
        problem.coordinates.structure(q).positions - case.problem.coordinates.reference.positions
    )
    assert problem.loss(q) == pytest.approx(0.5 * np.sum(apart[:6] ** 2))
    assert problem.largest_deviation(q) == pytest.approx(np.linalg.norm(apart[:6], axis=1).max())
    step = 1e-4
    slope = (problem.loss(q + step * direction) - problem.loss(q - step * direction)) / (2 * step)
    assert problem.loss_gradient(q) @ direction == pytest.approx(slope)


def test_a_change_counts_relative_to_the_parameters_or_to_the_prior(case):
    theta = case.problem.potential.theta
    assert case.problem.scale @ np.ones(55) == pytest.approx(np.full(55, np.linalg.norm(theta)))
    root = np.ones((55, 2))
    problem = FitProblem(
        case.problem.potential,
        case.problem.coordinates,
        case.problem.start,
        case.problem.region,
        case.problem.force_constants,
        root=root,
    )
    assert problem.scale is root


def test_relaxed_from_the_target_or_from_the_start_it_is_the_same_minimum(case):
    problem = case.problem
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        at_target = np.zeros(problem.coordinates.size)
        theta = problem.potential.theta
        end = problem.relax(evaluator, at_target, theta)
        known = problem.relax(evaluator, problem.start, case.theta)
        step = problem.step_at(evaluator, known.q, case.theta)
        left = problem.relax(evaluator, at_target, theta, inside=lambda q: False)
    assert end.converged
    assert end.q == pytest.approx(problem.start, abs=1e-5)
    assert known.q == pytest.approx(at_target, abs=1e-5)
    assert not left.converged
    assert step.largest_deviation < 1e-5
    assert step.max_force < 1e-5
    assert step.relative_change == pytest.approx(0.02)
    assert np.isnan(step.lowest_curvature)
