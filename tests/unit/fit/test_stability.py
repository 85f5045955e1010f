"""The lowest curvature of a relaxed structure."""

import numpy as np
import pytest

from relaxdiff.fit.stability import lowest_curvature


def test_as_the_fit_has_predicted(case, fits):
    """From differences of gradients; the fit has it from its second derivatives."""
    result, problem = fits["direct"][0], case.problem
    potential = problem.potential.with_theta(result["theta"].values[-1])
    atoms = problem.coordinates.structure(np.zeros(problem.coordinates.size))
    found = lowest_curvature(result, atoms, potential, problem.force_constants)
    # A Ritz value, which has converged to 10 percent.
    assert found == pytest.approx(float(result["lowest_curvature"][-1]), rel=0.15)


def test_unknown_of_a_structure_that_does_not_relax(case, fits, monkeypatch):
    result, problem = fits["direct"][0], case.problem
    monkeypatch.setattr("relaxdiff.fit.stability.SETTLED", 1e-30)
    atoms = problem.coordinates.structure(problem.start)
    found = lowest_curvature(result, atoms, problem.potential, problem.force_constants)
    assert np.isnan(found)
