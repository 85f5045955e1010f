"""The whole fit as a Dataset."""

from dataclasses import replace

import numpy as np
import pytest

from relaxdiff.files.datasets import write_dataset
from relaxdiff.fit.fitted import METHODS, fit_parameters
from relaxdiff.fit.setup import fit_problem
from relaxdiff.potentials.snap.restricted import restricted


def test_what_a_fit_is_written_as(fits, case, tmp_path):
    result, lines = fits["direct"]
    problem = case.problem
    write_dataset(result, tmp_path / "fit.nc", {})
    assert result.attrs["element"] == "X"
    assert result.attrs["like"] == "changed"
    assert result.attrs["status"].startswith("direct: within 0.000")
    assert len(lines) >= result.sizes["step"]
    assert result["target"].values == pytest.approx(problem.coordinates.reference.positions)
    assert result["positions"].values[0] == pytest.approx(
        problem.coordinates.structure(problem.start).positions
    )
    assert result["theta"].values[0] == pytest.approx(problem.potential.theta)
    whole = result["theta_whole"].values
    assert whole[:, :55] == pytest.approx(np.tile(problem.potential.whole.theta[:55], (2, 1)))
    assert whole[:, 55:] == pytest.approx(result["theta"].values)
    assert list(result["atomic_numbers"].values[:2]) == [0, 74]
    assert not result["fixed"].values.any()
    assert result["in_region"].values.all()


def test_coefficients_of_a_single_element(case, settings):
    """Their names do not begin with its symbol."""
    own = settings | {"alchemical": None, "free": ["beta_*"], "method": "published", "steps": 0}
    problem = fit_problem(case.start, case.target, case.crystal, own)
    assert fit_parameters(problem, own).attrs["element"] == "W"


def test_a_solution_that_is_not_near_enough_is_polished(case, settings):
    """With `relaxed`, from where `direct` has ended."""
    few = restricted(case.problem.potential.whole, [f"X_beta_{n}" for n in range(1, 7)])
    problem, lines = replace(case.problem, potential=few), []
    result = fit_parameters(problem, settings | {"steps": 1, "largest_change": 10.0}, lines.append)
    loss = result["loss"].values
    assert loss[1] < loss[0]
    assert result.sizes["step"] > 2 or any("taken back" in each for each in lines)
    assert (np.diff(loss) < 0).all()


def test_methods_are_those_of_the_config():
    assert list(METHODS) == ["direct", "relaxed", "published"]
