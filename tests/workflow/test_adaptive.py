"""Adaptive relaxation: certified predictions are good, the others are relaxed as in the truth."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

RESULTS = "results/small/vacancy"


@pytest.fixture(scope="module")
def adapted(study_clone, small_config):
    """A function that runs the target with a tolerance (meV): adaptive.nc and its table."""

    def run(tolerance):
        study_clone.write_config(small_config | {"prediction": {"tolerance": tolerance}})
        study_clone.run("adaptive")
        folder = study_clone.folder / RESULTS
        return xr.load_dataset(folder / "adaptive.nc"), pd.read_csv(folder / "adaptive.csv")

    return run


def test_what_is_certified_is_good_and_the_rest_is_relaxed(study_clone, adapted):
    found, table = adapted(1.0)
    truth = xr.load_dataset(study_clone.folder / RESULTS / "truth.nc")
    kept = truth["status"].values == "converged"
    predicted = found["status"].values == "predicted"
    relaxed = found["status"].values == "converged"
    assert predicted.sum() > 0.5 * kept.sum()
    assert relaxed.sum() > 0
    assert np.array_equal(predicted | relaxed, kept)
    error = np.abs(found["formation_energy"].values - truth["formation_energy"].values)
    assert error[predicted].max() < 5e-3
    assert error[relaxed].max() < 1e-9
    assert found["error_estimate"].values[predicted].max() <= 1e-3
    assert set(found["level"].values[predicted]) <= {
        "c",
        "h",
        "ih",
        "h+ih",
        "newton",
        "newton@x",
        "neighbours@x",
    }
    assert table["variants"].sum() == kept.sum()
    assert table["fraction"].sum() == pytest.approx(1)
    assert found["evaluations"].sum() < truth["evaluations"].sum()


def test_the_tolerance_decides_who_is_relaxed(study_clone, adapted):
    strict, _ = adapted(1e-9)
    # lambda = 0 alone is exact: the reference itself.
    assert set(strict["lambda"].values[(strict["status"] == "predicted").any("sample")]) <= {0.0}
    loose, table = adapted(1e6)
    # Whose minimum is in doubt is relaxed whatever the tolerance.
    predictions = xr.load_dataset(study_clone.folder / RESULTS / "predictions.nc")
    doubt = predictions["minimum_in_doubt"].values
    assert np.array_equal((loose["status"] == "converged").values, doubt)
    assert table.set_index("level")["variants"]["c"] == (loose["status"] == "predicted").sum()


def test_without_second_derivatives_the_user_is_told(study_clone, adapted, small_config):
    study_clone.write_config(
        small_config | {"derivative": {"solver": "energy"}, "truth": {"enabled": False}}
    )
    output = study_clone.run("adaptive", fails=True)
    assert "Error: derivative.solver: energy makes no second derivatives" in output
    assert "Traceback" not in output
    assert "adapt_variants" not in output
