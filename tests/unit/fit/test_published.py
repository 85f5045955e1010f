"""Steepest descent on the implicit loss."""

import numpy as np
import pytest

from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.fit.published import published
from relaxdiff.minima.relaxation import relax


def test_the_loss_falls(fits):
    loss = fits["published"][0]["loss"].values
    assert (np.diff(loss) < 0).all()
    assert loss[-1] < 0.02 * loss[0]


def test_the_first_step_goes_down_the_gradient_of_the_loss(case, fits):
    """Which the adjoint derivative gives, too, and to the lowest point of a linear model."""
    problem = case.problem
    atoms = problem.coordinates.structure(problem.start)
    minimum = relax(atoms, problem.potential, "fixed", tolerance=1e-9, symmetry=False)
    gradient = adjoint_derivative(minimum, problem.coordinates.displacements(problem.start)).values
    theta = fits["published"][0]["theta"].values
    moved = theta[1] - theta[0]
    assert moved @ -gradient == pytest.approx(
        np.linalg.norm(moved) * np.linalg.norm(gradient), rel=1e-6
    )
    places = fits["published"][0]["positions"].values
    apart = places[1] - fits["published"][0]["target"].values
    assert np.sum(apart * (places[1] - places[0])) == pytest.approx(0, abs=1e-9)


def test_as_many_steps_as_wanted(case, settings):
    assert len(published(case.problem, settings | {"steps": 0}, lambda line: None)) == 1
