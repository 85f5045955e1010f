"""Every relaxer finds the same minima, and has a status for everything that goes wrong."""

import numpy as np
import pytest
from small_study import CRYSTAL, run

import relaxdiff.minima.relaxers
import relaxdiff.minima.walk
from relaxdiff.exceptions import InputError
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.relaxers import Relaxer


def test_sparse_relaxer_gives_the_same_truth(tungsten, posterior, study, monkeypatch):
    for module in (relaxdiff.minima.relaxers, relaxdiff.minima.walk):
        monkeypatch.setattr(module, "TOLERANCE", 1e-9)
    green = crystal_green(tungsten, study["minimum"].atoms, CRYSTAL, 2)
    ours, sparse = (
        run(posterior, {**study, "constants": constants}, relaxer, samples=[0, 2])
        for relaxer, constants in (("newton", study["constants"]), ("sparse", green))
    )
    assert np.array_equal(sparse["status"], ours["status"])
    assert (sparse["status"] == "converged").sum() > 10
    for name, bound in (("formation_energy", 1e-10), ("formation_volume", 1e-7)):
        assert sparse[name].values == pytest.approx(ours[name].values, abs=bound, nan_ok=True)
    # What is learnt at one variant serves at the next: without that a sixth more.
    assert sparse["evaluations"].sum() < 1.1 * ours["evaluations"].sum()


def test_lammps_relaxer_gives_the_same_truth(truth, tungsten, posterior, study):
    few = {**study, "crystal": study["crystal"].sel({"lambda": [-4.0, 0.0, 4.0]})}
    theirs = run(posterior, few, "lammps", samples=[1])
    ours = truth.sel({"sample": [1], "lambda": theirs["lambda"]})
    assert np.array_equal(theirs["status"], ours["status"])
    assert np.abs(theirs["formation_energy"] - ours["formation_energy"]).max() < 1e-8
    assert np.abs(theirs["formation_volume"] - ours["formation_volume"]).max() < 1e-4
    assert np.abs(theirs["coordinates"] - ours["coordinates"]).max() < 1e-5


def test_unconverged_variants_are_marked_and_left_empty(tungsten, posterior, study, monkeypatch):
    monkeypatch.setattr(relaxdiff.minima.relaxers, "MAX_STEPS", 0)
    result = run(posterior, study, "newton", samples=[2])
    failed = result["status"].values == "not_converged"
    assert failed.any()
    assert np.isnan(result["formation_energy"].values[failed]).all()
    assert (result["max_gradient"].values[failed] > 1e-6).all()


def test_a_lammps_error_costs_its_variant_only(tungsten, posterior, study, monkeypatch):
    relax_one = Relaxer.relax
    calls = []

    def failing(self, theta, start, limit):
        calls.append(theta)
        if len(calls) > 2 and np.array_equal(theta, calls[2]):  # one variant, however often
            start = start * np.nan
        return relax_one(self, theta, start, limit)

    monkeypatch.setattr(Relaxer, "relax", failing)
    result = run(posterior, study, "newton", samples=[0])
    broken = result["status"].values == "lammps_error"
    assert broken.sum() == 1
    assert "too far from the reference" in str(result["message"].values[broken][0])
    assert (result["status"].values[~broken] == "converged").all()


def test_unknown_relaxer_is_refused(tungsten, posterior, study):
    with pytest.raises(InputError, match="newton, sparse, lammps"):
        run(posterior, study, "fire")


def test_a_nan_from_lammps_costs_its_variant_only(tungsten, posterior, study, monkeypatch):
    relax_one, slopes, calls = Relaxer.relax, OrbitColumns._slopes, []

    def watching(self, theta, start, limit):
        calls.append(theta)
        return relax_one(self, theta, start, limit)

    def broken(self):
        one = len(calls) > 2 and np.array_equal(calls[-1], calls[2])  # one variant, however often
        return slopes(self) * (np.nan if one else 1.0)

    monkeypatch.setattr(Relaxer, "relax", watching)
    monkeypatch.setattr(OrbitColumns, "_slopes", broken)
    result = run(posterior, study, "newton", samples=[0])
    status = result["status"].values
    assert (status == "lammps_error").sum() == 1
    assert "not finite" in str(result["message"].values[status == "lammps_error"][0])
    assert (status[status != "lammps_error"] == "converged").all()
