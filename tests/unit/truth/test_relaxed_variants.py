"""Truth: relaxed variants against LAMMPS, and a status for everything that goes wrong."""

import numpy as np
import pytest
from small_study import crystal_of, run

import relaxdiff.minima.relaxers
import relaxdiff.minima.walk
from relaxdiff import implicit_derivative, predict_variants, relax
from relaxdiff.minima.symmetry_blocks import force_constants


def test_every_stable_variant_converges(truth, study):
    stable = study["crystal"]["status"].values == "stable"
    assert np.array_equal(truth["status"].values == "converged", stable)
    assert truth["max_gradient"].max() < 1e-6
    assert truth["evaluations"].sum() < 4 * stable.sum()


def test_truth_does_not_depend_on_how_samples_are_shared_out(truth, tungsten, posterior, study):
    alone = run(posterior, study, "newton", samples=[2])
    for name in ("formation_energy", "coordinates", "evaluations"):
        assert np.array_equal(alone[name][0], truth[name][2], equal_nan=True)


def test_truth_with_and_without_symmetry_agrees(tungsten, posterior, study, monkeypatch):
    for module in (relaxdiff.minima.relaxers, relaxdiff.minima.walk):
        monkeypatch.setattr(module, "TOLERANCE", 1e-9)
    few = {**study, "crystal": study["crystal"].sel({"lambda": [-2.0, 0.0, 3.0]})}
    symmetric = run(posterior, few, "newton", samples=[1])
    minimum = relax(study["minimum"].atoms, tungsten, symmetry=False)
    alone = {
        "minimum": minimum,
        "derivative": implicit_derivative(minimum),
        "constants": force_constants(minimum),
    }
    full = run(posterior, {**few, **alone}, "newton", samples=[1])
    assert full.sizes["mode"] > symmetric.sizes["mode"]
    assert (full["status"] == "converged").all()
    for name in ("energy", "volume", "formation_energy", "formation_volume"):
        assert full[name].values == pytest.approx(symmetric[name].values, rel=1e-9)


def test_truth_at_zero_is_the_reference_for_all_samples(truth, study, posterior, tungsten):
    at_zero = truth.sel({"lambda": 0.0})
    assert np.ptp(at_zero["formation_energy"].values) < 1e-10
    without_shift = float(study["derivative"]["energy"])
    expected = without_shift + 15 * tungsten.energy_shift
    assert at_zero["energy"].values == pytest.approx(expected, abs=1e-9)


def test_energy_shifts_drop_out_of_formation_energies(truth, posterior, study, tungsten):
    moved = posterior.copy()
    moved["energy_shift"] = posterior["energy_shift"] + 1.0
    again = {**study, "crystal": crystal_of(tungsten, moved)}
    other = run(moved, again, "newton", samples=[0])
    assert np.abs(other["energy"] - truth["energy"][:1]).max() > 1
    assert other["formation_energy"].values == pytest.approx(
        truth["formation_energy"][:1].values, abs=1e-9, nan_ok=True
    )


def test_predictions_approach_truth_at_small_lambda(truth, posterior, study):
    predictions = predict_variants(posterior, study["crystal"], study["derivative"])
    errors = np.abs(predictions["formation_energy"] - truth["formation_energy"])
    full = errors.sel(level="h+ih")
    assert full.sel({"lambda": 1.0}).max() < full.sel({"lambda": 4.0}).max()
    assert full.sel({"lambda": 1.0}).max() < errors.sel({"level": "c", "lambda": 1.0}).max()
    unstable = study["crystal"]["status"].values != "stable"
    assert np.isnan(predictions["formation_energy"].values[:, unstable]).all()
