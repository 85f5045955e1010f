"""The target joint: all quantities of the posterior samples, with and without truth."""

import pandas as pd
import pytest
import xarray as xr


@pytest.fixture(scope="module")
def config(small_config):
    grid = {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1}
    return small_config | {"perturbation": grid}


def test_all_quantities_are_joined_drawn_and_explained(study_clone):
    clone = study_clone
    clone.run("all", "joint")
    study = clone.folder / "results/small"
    joint, truth = (xr.load_dataset(study / f"{name}.nc") for name in ("joint", "vacancy/truth"))
    for variable in joint.data_vars.values():
        assert {"units", "long_name"} <= set(variable.attrs), variable.name
    found = joint["value"].sel(source="truth", quantity="vacancy_formation_energy")
    expected = truth["formation_energy"].sel({"lambda": 1.0})
    assert found.values == pytest.approx(expected.values, abs=1e-12)
    draws = xr.load_dataset(study / "vacancy/posterior_draws.nc")
    for variable in draws.data_vars.values():
        assert {"units", "long_name"} <= set(variable.attrs), variable.name
    of_draws = joint["drawn"].sel(quantity="vacancy_formation_energy").values
    assert of_draws == pytest.approx(draws["formation_energy"].sel(level="newton").values)
    table = pd.read_csv(study / "joint.csv")
    assert list(table["quantity"]) == list(joint["quantity"].values)
    for name in ("sensitivities", "joint_posterior"):
        figure = study / "figures" / name
        assert figure.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        assert figure.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    clone.run("all", "joint", "--report", "joint.html")
    page = (clone.folder / "joint.html").read_text()
    for words in ("along each principal direction", "All quantities over the posterior"):
        assert words in page


def test_without_truth_predictions_are_joined(clone, config):
    clone.write_config(config | {"study": "untrue", "truth": {"enabled": False}})
    clone.run("joint")
    joint = xr.load_dataset(clone.folder / "results/untrue/joint.nc")
    assert list(joint["source"].values) == ["linear", "predicted"]
    assert not (clone.folder / "results/untrue/vacancy/truth.nc").exists()


def test_a_grid_without_lambda_one_is_told(clone, config):
    grid = {"lambda_min": -2, "lambda_max": 2, "lambda_step": 2}
    changes = {"study": "untrue", "truth": {"enabled": False}, "perturbation": grid}
    changes |= {"prediction": {"evaluate": []}}
    clone.write_config(config | changes)
    output = clone.run("joint", fails=True)
    assert "Error: joint: fewer than two samples" in output
    assert "Traceback" not in output
