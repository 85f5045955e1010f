"""A study by another solver, and the targets that compare solvers: in this order on one clone."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

SUPERCELLS = {"dense": [2, 3], "sparse": [3], "energy": [2], "lammps": [2]}


@pytest.fixture(scope="module")
def small(study_clone, small_config):
    """The results folder of the small study with two cells, and a way to run it by a solver."""

    def run(solver, *targets):
        derivative = {"solver": solver, "scaling_supercells": SUPERCELLS}
        study_clone.write_config(small_config | {"derivative": derivative})
        study_clone.run(*targets)
        return study_clone.folder / "results/small"

    return run


def test_sparse_study_predicts_as_the_dense_one(small):
    folder = small("dense", "results/small/vacancy/predictions.nc")
    here = folder / "vacancy"
    dense = xr.load_dataset(here / "predictions.nc")
    assert "hessian_tensor" in xr.load_dataset(here / "derivative.nc")
    small("sparse", "results/small/vacancy/errors.csv")
    sparse = xr.load_dataset(here / "predictions.nc")
    assert "hessian_tensor" not in xr.load_dataset(here / "derivative.nc")
    for name in ("formation_energy", "formation_volume"):
        known = dense[name].sel(level=sparse["level"])  # newton needs the dense solver
        assert sparse[name].values == pytest.approx(known.values, abs=1e-6, nan_ok=True)
    truth = xr.load_dataset(here / "truth.nc")
    bulk = xr.load_dataset(folder / "bulk.nc")
    assert np.array_equal(truth["status"] == "converged", bulk["status"] == "stable")
    table = pd.read_csv(here / "errors.csv")
    assert set(table["quantity"]) >= {"positions", "strain"}


def test_solver_scaling_measures_and_draws(small):
    folder = small("sparse", "solver_scaling")
    table = pd.read_csv(folder / "solver_scaling.csv")
    measured = table.groupby("solver")["supercell"].apply(list).to_dict()
    assert measured == SUPERCELLS
    assert (table["atoms"] == 2 * table["supercell"] ** 3 - 1).all()
    assert (table[["seconds", "peak_MiB", "grown_MiB", "evaluations"]] > 0).all(axis=None)
    assert list(table["solver"][table["iterations"] > 0]) == ["sparse"]
    png = folder / "figures/solver_scaling.png"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert png.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_solver_accuracy_compares_and_draws(small):
    folder = small("sparse", "solver_accuracy")
    moved = pd.read_csv(folder / "solvers/displacements.csv")
    by_solver = {name: rows["predicted"].to_numpy() for name, rows in moved.groupby("solver")}
    assert set(by_solver) == {"dense", "sparse", "energy"}
    for name in ("sparse", "energy"):
        assert by_solver[name] == pytest.approx(by_solver["dense"], abs=1e-4)
    errors = pd.read_csv(folder / "solvers/alphas.csv")
    assert errors["alpha"].min() == pytest.approx(1e-9)
    assert errors["alpha"].max() == pytest.approx(1e-1)
    between = errors["alpha"].between(1e-6, 1e-4)
    assert (errors["error"][between] < 1e-3).all()
    assert (folder / "figures/solver_accuracy.png").read_bytes().startswith(b"\x89PNG")
