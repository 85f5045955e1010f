"""A study of structures that are not on the crystal's sites, by the sparse solver and relaxer."""

import pandas as pd
import pytest
import xarray as xr
from entries import point_defect

SURFACE = {
    "name": "surface_110",
    "kind": "surface",
    "plane": [1, 1, 0],
    "layers": 6,
    "vacuum": 10,
    "cell": "in_plane_fixed",
}
STRUCTURES = [point_defect("dumbbell_110", 3), SURFACE]
NAMES = [entry["name"] for entry in STRUCTURES]


@pytest.fixture(scope="module")
def config(small_config):
    return small_config | {
        "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 0.5},
        "crystal": {"supercell": 2},
        "structures": STRUCTURES,
    }


@pytest.fixture(scope="module")
def study(clone, config):
    """The study's folder with the results of sparse, and the predictions of the defaults."""
    folder = clone.folder / "results/small"

    def run(solver, relaxer, *results):
        ways = {"derivative": {"solver": solver}, "truth": config["truth"] | {"relaxer": relaxer}}
        clone.write_config(config | ways)
        clone.run(*(f"results/small/{name}/{result}" for name in NAMES for result in results))
        return {name: xr.load_dataset(folder / name / "predictions.nc") for name in NAMES}

    dense = run("dense", "newton", "predictions.nc")
    run("sparse", "sparse", "predictions.nc", "truth.nc", "truth_check.csv")
    return folder, dense


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_the_dense_solver(study, name):
    folder, dense = study
    sparse = xr.load_dataset(folder / name / "predictions.nc")
    known = dense[name]["formation_energy"].sel(level=sparse["level"])  # newton needs dense
    assert sparse["formation_energy"].values == pytest.approx(known.values, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("name", NAMES)
def test_truth_is_that_of_plain_lammps(study, name):
    folder, _ = study
    assert (xr.load_dataset(folder / name / "truth.nc")["status"] == "converged").any()
    check = pd.read_csv(folder / name / "truth_check.csv")
    assert list(check["verdict"]) == ["agrees"] * 2
