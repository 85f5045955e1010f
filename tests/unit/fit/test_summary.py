"""A fit in numbers, of a made-up one."""

import pytest
from fit_results import dislocation_fit

from relaxdiff.files.datasets import variable
from relaxdiff.fit.summary import fit_summary


def test_the_summary_has_the_first_and_last_of_the_fit():
    fit, verdict = dislocation_fit(minimum=False)
    fit["prior_change"] = variable("step", 3.0 * fit["step"].values, "1", "in deviations")
    fit.attrs["seconds"] = 12.5
    verdict["lowest_curvature"] = variable((), -0.25, "1", "lowest")
    table = fit_summary(fit, verdict).set_index("item")
    value = table["value"]
    assert value["verdict"] == verdict.attrs["verdict"]
    assert value["is_minimum"] == "no"
    assert value["steps"] == fit.sizes["step"] - 1
    assert float(value["change_of_parameters"]) == pytest.approx(
        100 * fit["relative_change"].values[-1]
    )
    assert float(value["change_in_standard_deviations"]) == 3.0 * (fit.sizes["step"] - 1)
    for place, step in (("start", 0), ("end", -1)):
        assert float(value[f"loss_at_{place}"]) == pytest.approx(fit["loss"].values[step], rel=1e-5)
    assert value["lowest_curvature"] == "-0.25"
    assert table.loc["loss_at_end", "unit"] == "Angstrom^2"
