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
STRUCTURES = [point_defect("octahedral", 2), SURFACE]
NAMES = [entry["name"] for entry in STRUCTURES]


@pytest.fixture(scope="module")
def config(small_config):
    return small_config | {
        "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 0.5},
        "crystal": {"supercell": 2},
        "structures": STRUCTURES,
    }


@pytest.fixture(scope="module")
def both(clone, config):
    """The study's folder, and its predictions and truth by sparse and by the defaults."""
    folder, found = clone.folder / "results/small", {}
    wanted = [f"results/small/{name}/errors.csv" for name in NAMES]
    checks = [f"results/small/{name}/truth_check.csv" for name in NAMES]
    for solver, relaxer in (("dense", "newton"), ("sparse", "sparse")):
        clone.write_config(
            config
            | {
                "derivative": {"solver": solver},
                "truth": config["truth"] | {"relaxer": relaxer},
            }
        )
        clone.run(*wanted, *checks)
        for name in NAMES:
            for result in ("predictions", "truth"):
                data = xr.load_dataset(folder / name / f"{result}.nc")
                found[solver, name, result] = data
    return folder, found


@pytest.mark.parametrize("name", NAMES)
def test_results_are_those_of_the_defaults(both, name):
    folder, found = both
    for result, tolerance in (("predictions", 1e-6), ("truth", 1e-5)):
        sparse, dense = (found[solver, name, result] for solver in ("sparse", "dense"))
        known = dense["formation_energy"]
        if result == "predictions":
            known = known.sel(level=sparse["level"])  # newton needs the dense solver
        else:
            assert (sparse["status"] == dense["status"]).all()
            assert (sparse["status"] == "converged").any()
        assert sparse["formation_energy"].values == pytest.approx(
            known.values, abs=tolerance, nan_ok=True
        )
    check = pd.read_csv(folder / name / "truth_check.csv")
    assert list(check["verdict"]) == ["agrees"] * 2
