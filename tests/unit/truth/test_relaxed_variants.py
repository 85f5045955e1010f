"""Truth: relaxed variants against LAMMPS, and a status for everything that goes wrong."""

import numpy as np
import pytest

import relaxdiff.minima.relaxers
import relaxdiff.minima.walk
from relaxdiff import implicit_derivative, predict_variants, relax, relax_variants
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.crystals.walked_variants import join_chunks
from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.relaxers import Relaxer
from relaxdiff.minima.saddle_test import StabilityTest, Verdict
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.check import check_variants, choose_variants, judge

LAMBDAS = lambda_grid(-4, 4, 1)
CRYSTAL = starting_crystal("W", "bcc")
STRUCTURE = {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "isotropic"}


def crystal_of(potential, posterior):
    bulk = bulk_of_variants(potential, posterior, LAMBDAS, CRYSTAL, 2)
    return crystal_of_variants(potential, posterior, bulk, strain_basis_of(STRUCTURE, "bcc"))


@pytest.fixture(scope="module")
def study(tungsten, posterior):
    """Everything before truth, for a 15-atom cell: a dict."""
    crystal = crystal_of(tungsten, posterior)
    minimum = relax(vacancy_cell("W", crystal.attrs["lattice_parameter"], 2), tungsten)
    return {
        "crystal": crystal,
        "minimum": minimum,
        "derivative": implicit_derivative(minimum),
        "constants": force_constants(minimum),
    }


@pytest.fixture(scope="module")
def truth(tungsten, posterior, study):
    return run(posterior, study, "newton")


def run(posterior, study, relaxer, samples=(0, 1, 2)):
    lines = []
    result = relax_variants(
        study["minimum"],
        posterior,
        study["crystal"],
        study["derivative"],
        study["constants"],
        list(samples),
        relaxer,
        lines.append,
    )
    assert len(lines) == len(samples)
    return result


def test_every_stable_variant_converges(truth, study):
    stable = study["crystal"]["status"].values == "stable"
    assert np.array_equal(truth["status"].values == "converged", stable)
    assert truth["max_gradient"].max() < 1e-6
    assert truth["evaluations"].sum() < 4 * stable.sum()


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


def test_truth_does_not_depend_on_how_samples_are_shared_out(truth, tungsten, posterior, study):
    alone = run(posterior, study, "newton", samples=[2])
    for name in ("formation_energy", "coordinates", "evaluations"):
        assert np.array_equal(alone[name][0], truth[name][2], equal_nan=True)


def test_chunks_are_joined_to_the_truth_of_all(truth, posterior, study):
    chunks = (run(posterior, study, "newton", samples=few) for few in ([0, 1], [2]))
    assert join_chunks(chunks).identical(truth)


class Kept:
    """Checkpoints in memory."""

    def __init__(self):
        parts = {}
        self.read, self.write = parts.get, parts.__setitem__


def test_samples_that_an_earlier_job_finished_are_told_as_found(truth, posterior, study):
    known = [study[name] for name in ("minimum", "crystal", "derivative", "constants")]
    known.insert(1, posterior)
    told, kept = [], Kept()

    def report(line, found=False):
        told.append((line.split(":")[0], found))

    relax_variants(*known, [1], "newton", report, kept)
    again = relax_variants(*known, [0, 1], "newton", report, kept)
    assert told == [("sample 1", False), ("sample 0", False), ("sample 1", True)]
    energies = truth["formation_energy"].isel(sample=[0, 1])
    np.testing.assert_allclose(again["formation_energy"], energies, atol=1e-12)


def test_lammps_relaxer_gives_the_same_truth(truth, tungsten, posterior, study):
    few = {**study, "crystal": study["crystal"].sel({"lambda": [-4.0, 0.0, 4.0]})}
    theirs = run(posterior, few, "lammps", samples=[1])
    ours = truth.sel({"sample": [1], "lambda": theirs["lambda"]})
    assert np.array_equal(theirs["status"], ours["status"])
    assert np.abs(theirs["formation_energy"] - ours["formation_energy"]).max() < 1e-8
    assert np.abs(theirs["formation_volume"] - ours["formation_volume"]).max() < 1e-4
    assert np.abs(theirs["coordinates"] - ours["coordinates"]).max() < 1e-5


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


def test_unconverged_variants_are_marked_and_left_empty(tungsten, posterior, study, monkeypatch):
    monkeypatch.setattr(relaxdiff.minima.relaxers, "MAX_STEPS", 0)
    result = run(posterior, study, "newton", samples=[2])
    failed = result["status"].values == "not_converged"
    assert failed.any()
    assert np.isnan(result["formation_energy"].values[failed]).all()
    assert (result["max_gradient"].values[failed] > 1e-6).all()


def test_another_basin_is_marked(tungsten, posterior, study, monkeypatch):
    monkeypatch.setattr(relaxdiff.minima.relaxers, "BASIN_RADIUS", 1e-6)
    result = run(posterior, study, "newton", samples=[0])
    status = list(result["status"].values[0])
    zero = status.index("converged")
    assert status.count("converged") == 1
    assert status[zero - 1] == status[zero + 1] == "left_basin"
    assert set(status[: zero - 1] + status[zero + 2 :]) <= {"cut", "bulk_unstable"}
    assert np.isnan(result["energy"].values[result["status"].values != "converged"]).all()


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


def test_unknown_relaxer_is_refused(tungsten, posterior, study):
    with pytest.raises(InputError, match="newton, sparse, lammps"):
        run(posterior, study, "fire")


@pytest.fixture(scope="module")
def check(posterior, study):
    def make(truth, count=2):
        chosen = choose_variants(truth, count, seed=1)
        return check_variants(
            study["minimum"], posterior, study["crystal"], truth, chosen, STRUCTURE, print
        )

    return make


def test_check_by_plain_lammps_agrees(check, truth):
    table = check(truth)
    assert list(table["verdict"]) == ["agrees", "agrees"]
    assert table["formation_energy_difference_eV"].abs().max() < 1e-5
    assert table["formation_volume_difference_A3"].abs().max() < 1e-3
    assert "2 agrees" in judge(table)


def test_check_catches_a_false_truth(check, truth):
    false = truth.copy(deep=True)
    false["formation_energy"] = truth["formation_energy"] + 1e-4
    table = check(false, count=1)
    assert list(table["verdict"]) == ["disagrees"]
    with pytest.raises(RelaxationError, match="contradicts the truth of 1 of 1"):
        judge(table)


def test_check_finds_a_truth_that_is_no_minimum(check, truth):
    elsewhere = truth.copy(deep=True)
    elsewhere["formation_energy"] = truth["formation_energy"] + 0.3
    elsewhere["coordinates"] = truth["coordinates"].copy()
    elsewhere["coordinates"][..., 0] += 0.5
    table = check(elsewhere, count=1)
    assert list(table["verdict"]) == ["saddle point"]
    assert "1 saddle point" in judge(table)


def test_check_reports_lammps_errors(check, truth, monkeypatch):
    import relaxdiff.truth.check

    def failing(*_, **__):
        raise LammpsError("ERROR: out of luck")

    monkeypatch.setattr(relaxdiff.truth.check, "lammps_minimise", failing)
    table = check(truth, count=1)
    assert list(table["verdict"]) == ["LAMMPS error"]
    assert table["message"][0] == "ERROR: out of luck"


def test_choice_is_random_reproducible_and_of_converged_variants(truth):
    chosen = choose_variants(truth, 5, seed=3)
    assert chosen == choose_variants(truth, 5, seed=3)
    assert chosen != choose_variants(truth, 5, seed=4)
    assert all(truth["status"].values[place] == "converged" for place in chosen)
    assert len(choose_variants(truth, 10**6, seed=3)) == (truth["status"] == "converged").sum()


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
