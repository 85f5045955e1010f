"""Walks along lambda, and how they end."""

import numpy as np
from small_study import LAMBDAS, run

import relaxdiff.minima.relaxers
from relaxdiff.exceptions import LammpsError
from relaxdiff.minima.saddle_test import StabilityTest, Verdict


def test_another_basin_is_marked(tungsten, posterior, study, monkeypatch):
    monkeypatch.setattr(relaxdiff.minima.relaxers, "BASIN_RADIUS", 1e-6)
    result = run(posterior, study, "newton", samples=[0])
    status = list(result["status"].values[0])
    zero = status.index("converged")
    assert status.count("converged") == 1
    assert status[zero - 1] == status[zero + 1] == "left_basin"
    assert set(status[: zero - 1] + status[zero + 2 :]) <= {"cut", "bulk_unstable"}
    assert np.isnan(result["energy"].values[result["status"].values != "converged"]).all()


def test_a_branch_ends_where_it_becomes_a_saddle_point(tungsten, posterior, study, monkeypatch):
    """Curvatures lowered by hand: this potential keeps its minima in so small a cell."""
    exact = StabilityTest.verdict_on_block
    first, second = 1, 3  # one block turns negative, and another one even before it

    def lowered(self, index, theta, q):
        assert exact(self, index, theta, q).is_minimum
        size = np.abs(theta - tungsten.theta).max()
        stable = size < {first: 3.5, second: 2.5}.get(index, np.inf) * unit
        return Verdict() if stable else Verdict(block=index)

    delta = posterior["theta"].values[0] - tungsten.theta
    unit = np.abs(delta).max()
    monkeypatch.setattr(StabilityTest, "verdict_on_block", lowered)
    result = run(posterior, study, "newton", samples=[0])
    status = result["status"].values[0]
    at = {float(stretch): str(word) for stretch, word in zip(LAMBDAS, status, strict=True)}
    assert at[2.0] == at[-2.0] == at[0.0] == "converged"
    assert at[3.0] == at[-3.0] == "saddle_point"
    assert at[4.0] == at[-4.0] == "cut"
    assert np.isnan(result["energy"].values[0][status != "converged"]).all()


def test_a_failing_stability_test_costs_its_branch_end_only(
    tungsten, posterior, study, monkeypatch
):
    exact = StabilityTest._lowest
    far = tungsten.theta + 4 * (posterior["theta"].values[0] - tungsten.theta)

    def failing(self, index, theta, q):
        if np.allclose(theta, far):
            raise LammpsError("ERROR: out of luck")
        return exact(self, index, theta, q)

    monkeypatch.setattr(StabilityTest, "_lowest", failing)
    result = run(posterior, study, "newton", samples=[0])
    assert str(result["status"].sel({"lambda": 4.0}).values[0]) == "lammps_error"
    assert str(result["message"].sel({"lambda": 4.0}).values[0]) == "ERROR: out of luck"
    assert (result["status"].sel({"lambda": slice(-4, 3)}) == "converged").all()
    assert (result["stability_evaluations"] > 0).all()
