"""Curvatures in the full space, from one atom of each orbit, against finite differences."""

import numpy as np
import pytest

from relaxdiff import RelaxationError, implicit_derivative, relax
from relaxdiff.curvature import FullSpace, StabilityTest, force_constants
from relaxdiff.descriptors import DescriptorCalculator
from relaxdiff.minimise import Minimum
from relaxdiff.structures import bulk_cell, vacancy_cell


@pytest.fixture(scope="module")
def minimum(tungsten):
    return relax(vacancy_cell("W", 3.18, 2), tungsten)


@pytest.fixture(scope="module")
def constants(minimum):
    return force_constants(minimum)


def test_hessian_is_the_derivative_of_every_gradient(minimum, constants, tungsten):
    hessian = FullSpace(minimum.atoms, constants).hessian(tungsten.weights)
    direction = np.random.default_rng(4).normal(size=(15, 3))
    direction -= direction.mean(axis=0)
    gradients = []
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.reference) as calculator:
        for step in (1e-4, -1e-4):
            moved = minimum.atoms.copy()
            moved.positions += step * direction
            gradients.append(calculator.evaluate(moved).gradient @ tungsten.weights)
    expected = (gradients[0] - gradients[1]).ravel() / 2e-4
    assert hessian @ direction.ravel() == pytest.approx(expected, abs=1e-4)
    assert hessian == pytest.approx(hessian.T, abs=1e-12)


def test_lowest_curvature_is_the_lowest_eigenvalue(minimum, constants, tungsten):
    hessian = FullSpace(minimum.atoms, constants).hessian(tungsten.weights)
    lowest = np.linalg.eigvalsh(hessian)[0]
    assert float(constants["lowest_curvature"]) == pytest.approx(lowest)
    with StabilityTest(tungsten, minimum.coordinates, constants) as test:
        found = test.lowest_curvature(tungsten.weights, np.zeros(minimum.coordinates.size))
    assert found == pytest.approx(lowest, rel=1e-3)


def test_a_wrong_guess_is_refined(minimum, constants, tungsten):
    """The test must find the curvature of the variant, also if the force constants mislead."""
    misleading = constants.copy(deep=True)
    misleading["force_constants"] = constants["force_constants"] * 0.7
    misleading["force_constants"][0, 0] *= 0.8
    q = np.zeros(minimum.coordinates.size)
    with StabilityTest(tungsten, minimum.coordinates, misleading) as test:
        found = test.lowest_curvature(tungsten.weights, q)
    assert found == pytest.approx(float(constants["lowest_curvature"]), rel=0.1)


def test_a_symmetric_saddle_point_is_found_out(tungsten):
    """An atom midway between two sites of a row of vacancies keeps its symmetry and is unstable."""
    atoms = bulk_cell("W", 3.18, 3)
    sites = atoms.get_scaled_positions()
    near = [
        int(np.argmin(np.linalg.norm(sites - np.array(s) / 3, axis=1)))
        for s in ((0, 0, 0), (0.5, 0.5, 0.5))
    ]
    atoms.positions[near[1]] *= 0.5  # between the two, with both sites empty
    del atoms[near[0]]
    saddle = relax(atoms, tungsten)
    assert saddle.converged
    assert implicit_derivative(saddle) is not None  # a minimum as far as symmetry can see
    with pytest.raises(RelaxationError, match="saddle point"):
        force_constants(saddle)


def test_nothing_to_test_without_symmetry(tungsten, constants):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=2)
    full = relax(shaken, tungsten, symmetry=False, max_steps=1)
    assert isinstance(full, Minimum)
    with StabilityTest(tungsten, full.coordinates, force_constants_of(full)) as test:
        assert test.lowest_curvature(tungsten.weights, np.zeros(full.coordinates.size)) == np.inf


def force_constants_of(minimum):
    """Zeros of the right shape: they must not be looked at."""
    import xarray as xr

    count = len(minimum.atoms)
    return xr.Dataset(
        {
            "force_constants": (("r", "a", "n", "b", "c"), np.zeros((count, 3, count, 3, 56))),
            "representative_atom": ("r", np.arange(count)),
        }
    )
