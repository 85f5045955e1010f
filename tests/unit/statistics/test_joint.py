"""Joint uncertainty: derivatives of all quantities against relaxations, and what follows."""

import numpy as np
import pytest
import xarray as xr
from joint_study import (
    N_SAMPLES,
    QUANTITIES,
    changed,
    without_truth,
)

from relaxdiff import InputError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.statistics.joint import joint_posterior, joint_table


def test_linear_values_are_those_of_small_deviations(joint):
    """Samples near the mean: spread and correlation of all quantities to first order."""
    assert list(joint["source"].values) == ["linear", "predicted", "truth"]
    assert joint.attrs["best_level"] == "newton"
    linear, predicted = joint["correlation"].values[:2]
    assert linear == pytest.approx(predicted, abs=0.02)
    assert np.diag(predicted) == pytest.approx(1)
    spread = joint["value"].std("sample").values
    assert spread[0] == pytest.approx(spread[1], rel=0.02)


def test_truth_has_its_own_values(joint):
    apart = (joint["value"].sel(source="truth") - joint["value"].sel(source="predicted")).values
    expected = np.zeros((len(QUANTITIES), N_SAMPLES))
    expected[[name.endswith("formation_energy") for name in QUANTITIES]] = 0.01
    assert apart == pytest.approx(expected, abs=1e-12)


def test_shares_and_sensitivities_make_up_the_variance(joint):
    """g^T C g, with C written out, is the variance of the linear values and the sum of shares."""
    gradients = joint["derivative"].values
    posterior_covariance = np.einsum(
        "kp,k,kr->pr",
        joint["direction_vector"].values,
        joint["direction_variance"].values,
        joint["direction_vector"].values,
    )
    variance = np.einsum("qp,pr,qr->q", gradients, posterior_covariance, gradients)
    linear = joint["value"].sel(source="linear")
    assert variance == pytest.approx(linear.var("sample", ddof=1).values, rel=1e-9)
    shares = joint["variance_share"].values
    assert shares.sum(axis=1) == pytest.approx(1)
    strongest = joint["direction_vector"].values[0]
    carried = joint["direction_variance"].values[0] * (gradients @ strongest) ** 2
    assert shares[:, 0] == pytest.approx(carried / variance, rel=1e-9)
    spreads = np.sqrt(np.diag(posterior_covariance))
    assert joint["sensitivity"].values == pytest.approx(gradients * spreads)


def test_draws_are_those_of_all_structures(joint, joint_study):
    """Of a posterior without a distribution its own samples: the same values as predicted ones."""
    drawn, predicted = joint["drawn"].values, joint["value"].sel(source="predicted").values
    linear = joint["value"].sel(source="linear").values
    assert drawn[:5] == pytest.approx(linear[:5], rel=1e-12)
    assert drawn[5:] == pytest.approx(predicted[5:], rel=1e-9)
    table = joint_table(joint).set_index("quantity")
    assert (table["draws"] == N_SAMPLES).all()
    row = table.loc["held_formation_energy"]
    assert row["drawn_mean"] == pytest.approx(row["mean"])
    assert row["drawn_mean_error"] == pytest.approx(row["standard_deviation"] / N_SAMPLES**0.5)
    draws = joint_study["structures"]["held"]["draws"].copy(deep=True)
    draws["formation_energy"][:, 7] = np.nan
    fewer = joint_posterior(**changed(joint_study, "held", draws=draws))
    assert fewer.sizes["draw"] == N_SAMPLES - 1
    assert fewer["drawn"].values == pytest.approx(np.delete(drawn, 7, axis=1))


def test_table_names_the_directions_that_count(joint):
    table = joint_table(joint).set_index("quantity")
    assert list(table.index) == QUANTITIES
    assert (table["samples"] == N_SAMPLES).all()
    assert (table["left_out"] == 0).all()
    row = table.loc["held_formation_energy"]
    shares = joint["variance_share"].sel(quantity="held_formation_energy")
    assert row["share_1"] == float(shares.max())
    assert row["direction_1"] == int(shares.idxmax("direction"))
    assert row["share_1"] >= row["share_2"] >= row["share_3"]
    assert row["true_mean"] - row["mean"] == pytest.approx(0.01)
    assert row["standard_deviation_linear"] == pytest.approx(row["standard_deviation"], rel=0.02)


def test_only_samples_with_all_quantities_count(joint_study):
    truth = joint_study["structures"]["held"]["truth"].copy(deep=True)
    truth["status"][4, 2] = "not_converged"
    some = joint_posterior(**changed(joint_study, "held", truth=truth))
    assert list(some["sample"].values) == [*range(4), *range(5, N_SAMPLES)]
    table = joint_table(some).set_index("quantity")
    assert (table["samples"] == N_SAMPLES - 1).all()
    assert table["left_out"].to_dict() == dict.fromkeys(QUANTITIES, 0) | {
        "held_formation_energy": 1
    }
    truth["status"][1:] = "not_converged"
    with pytest.raises(InputError, match="fewer than two samples .* lost by held, 59 of 60"):
        joint_posterior(**changed(joint_study, "held", truth=truth))


def test_truth_is_that_of_all_structures_or_none(joint_study):
    for less in (without_truth(joint_study), changed(joint_study, "fault", truth=None)):
        found = joint_posterior(**less)
        assert list(found["source"].values) == ["linear", "predicted"]
        assert "true_mean" not in joint_table(found)


def test_evaluations_are_what_is_predicted(joint_study, joint):
    given = joint_study["structures"]["vacancy"]["predictions"]
    evaluations = given.sel(level=["newton"]).assign_coords(level=["newton@x"])
    evaluations["formation_energy"] = evaluations["formation_energy"] + 0.5
    found = joint_posterior(**changed(joint_study, "vacancy", evaluations=evaluations))
    assert found.attrs["best_level"] == "newton@x, newton"
    more = (found["value"] - joint["value"]).sel(source="predicted")
    assert more.sel(quantity="vacancy_formation_energy").values == pytest.approx(0.5)
    others = more.drop_sel(quantity="vacancy_formation_energy")
    assert np.abs(others).max() == 0


def test_a_joint_file_can_be_written(joint, tmp_path):
    write_dataset(joint, tmp_path / "joint.nc", {})
    read = xr.load_dataset(tmp_path / "joint.nc")
    assert read["sensitivity"].dims == ("quantity", "parameter")
    assert list(read["quantity"].values) == QUANTITIES
    assert list(read["structure"].values[:6]) == [""] * 5 + ["vacancy"]
    assert read["unit"].sel(quantity="fault_formation_volume") == "Angstrom^3"


def test_cores_are_compared_within_a_sample(joint_study, joint):
    """Vacancies stand in for dislocations: only differences of their energies are taken."""
    found = joint_posterior(**joint_study, cores={"held": "vacancy"})
    assert list(found["quantity"].values) == [*QUANTITIES, "held_minus_vacancy_core_energy"]
    assert found["unit"].values[-1] == "eV"
    assert found["structure"].values[-1] == "held"
    own, other = (QUANTITIES.index(f"{name}_formation_energy") for name in ("held", "vacancy"))
    for name in ("value_at_mean", "derivative", "drawn", "sensitivity"):
        values = found[name].values
        assert values[-1] == pytest.approx(values[own] - values[other], abs=1e-12)
        assert np.array_equal(values[:-1], joint[name].values)
    values = found["value"].values
    assert values[:, -1] == pytest.approx(values[:, own] - values[:, other], abs=1e-12)
    assert found["variance_share"].values[-1].sum() == pytest.approx(1)


def test_a_difference_lacks_the_samples_that_either_lacks(joint_study):
    truth = joint_study["structures"]["held"]["truth"].copy(deep=True)
    truth["status"][4, :] = "not_converged"
    truth["formation_energy"][4, :] = np.nan
    less = changed(joint_study, "held", truth=truth)
    found = joint_posterior(**less, cores={"fault": "held"})
    left_out = dict(zip(found["quantity"].values, found["left_out"].values, strict=True))
    assert left_out["fault_minus_held_core_energy"] == left_out["held_formation_energy"] == 1
    assert left_out["fault_formation_energy"] == 0
