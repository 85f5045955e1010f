"""A study of three structures, and what an edit of the list runs: in this order on one clone."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from ase.io import read
from entries import point_defect, vacancy

SURFACE = {
    "name": "surface_110",
    "kind": "surface",
    "plane": [1, 1, 0],
    "layers": 6,
    "vacuum": 10,
    "cell": "in_plane_fixed",
}
STRUCTURES = [vacancy(2), vacancy(2, name="vacancy_fixed", cell="fixed"), SURFACE]
NAMES = [entry["name"] for entry in STRUCTURES]
# Not on the crystal's sites: by the sparse solver and relaxer, too, of fewer variants.
OFF_SITES = [SURFACE, point_defect("dumbbell_110", 3)]
SPARSE = {
    "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 0.5},
    "derivative": {"solver": "sparse"},
    "structures": OFF_SITES,
}
TABLES = (
    "truth_check.csv",
    "errors.csv",
    "errors_by_window.csv",
    "error_slopes.csv",
    "calibration.csv",
    "summary.csv",
    "posterior_distribution.csv",
)
FIGURES = (
    "overview",
    "formation_curves",
    "volume_error",
    "energy_error",
    "posterior_distribution",
    "error_scaling",
    "calibration",
)


@pytest.fixture(scope="module")
def config(small_config):
    return small_config | {
        "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 0.25},
        "crystal": {"supercell": 2},
        "structures": STRUCTURES,
    }


@pytest.fixture(scope="module")
def study(clone, config):
    clone.write_config(config)
    clone.run("all", "joint")
    return clone.folder / "results/small"


@pytest.fixture
def edited(clone, config, study):
    """Write the config with other structures; the three are put back afterwards."""
    yield lambda *structures: clone.write_config(config | {"structures": list(structures)})
    clone.write_config(config)


def planned_for(clone, *targets):
    """Names of the structures that a run would have jobs for."""
    told = clone.run("--quiet", "host", "--dry-run", *targets)
    return set(re.findall(r"wildcards: structure=([\w-]+)", told))


@pytest.mark.parametrize("name", NAMES)
def test_every_structure_has_all_results(study, name):
    for table in TABLES:
        assert len(pd.read_csv(study / name / table)) > 0, table
    negative = pd.read_csv(study / name / "negative_formation_energies.csv")
    summary = pd.read_csv(study / name / "summary.csv").set_index("topic")
    assert len(negative) == summary.loc["formation energy below zero", "value"].sum()
    for figure in FIGURES:
        png = study / name / "figures" / f"{figure}.png"
        assert png.read_bytes().startswith(b"\x89PNG")
        assert png.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    check = pd.read_csv(study / name / "truth_check.csv")
    assert list(check["verdict"]) == ["agrees"] * 2
    assert (study / "logs" / name / "relax_reference.log").stat().st_size > 0


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_good_near_the_mean(study, name):
    predictions, truth = (
        xr.load_dataset(study / name / f"{kind}.nc") for kind in ("predictions", "truth")
    )
    errors = np.abs(predictions["formation_energy"] - truth["formation_energy"])
    errors = errors.sel(level="h+ih")
    assert errors.sel({"lambda": 0.0}).max() < 1e-8
    near, far = (errors.sel({"lambda": [-size, size]}).mean() for size in (0.25, 1.0))
    assert near < 1e-3
    assert near < 0.1 * far


def test_cells_relax_as_far_as_they_may(study):
    volumes = {}
    for name in NAMES:
        truth = xr.load_dataset(study / name / "truth.nc")
        volumes[name] = truth["volume"].values[truth["status"].values == "converged"]
    assert np.ptp(volumes["vacancy"]) > 0.1
    # A vacuum takes up what strain the slab would have.
    for name in ("vacancy_fixed", "surface_110"):
        assert np.ptp(volumes[name]) == pytest.approx(0, abs=1e-9)


def test_surfaces_have_an_energy_per_area(study):
    rows = {name: pd.read_csv(study / name / "summary.csv").set_index("item") for name in NAMES}
    assert "energy_per_area" not in rows["vacancy"].index
    energy, per_area = rows["surface_110"].loc[["formation_energy", "energy_per_area"], "value"]
    edge = float(xr.load_dataset(study / "bulk.nc")["reference_lattice_parameter"])
    # ASE's cell of the plane holds two primitive ones; 1 eV/Angstrom^2 is 16.02 J/m^2.
    assert per_area == pytest.approx(16.0218 * energy / (2 * 2**0.5 * edge**2), rel=1e-4)


def test_joint_has_the_quantities_of_all_structures(study):
    table = pd.read_csv(study / "joint.csv")
    for name in NAMES:
        assert table["quantity"].str.contains(name).any(), name
    assert table["quantity"].is_unique


def test_report_shows_each_structure_under_its_name(clone, study):
    clone.run("all", "joint", "--report", "report.html")
    page = (clone.folder / "report.html").read_text()
    for name in NAMES:
        assert f"<strong>{name}.</strong>" in page  # where the answers are
        assert re.search(rf"<h\d>{name}</h\d>", page)
    assert "Energy per area" in page
    assert "This report is of a part of the study" not in page
    for complaint in ("Undefined substitution", "system-message"):
        assert complaint not in page


def test_an_added_structure_runs_alone(clone, edited):
    edited(*STRUCTURES, vacancy(3, name="larger"))
    assert planned_for(clone, "all") == {"larger"}


def test_a_changed_structure_runs_alone(clone, edited):
    edited(*STRUCTURES[:2], SURFACE | {"layers": 8})
    assert planned_for(clone, "all") == {SURFACE["name"]}


def test_left_out_or_reordered_nothing_runs(clone, edited):
    edited(*STRUCTURES[:0:-1])
    assert "Nothing to be done" in clone.run()


def test_the_joint_follows_the_list(clone, edited):
    edited(*STRUCTURES[:2])
    assert clone.planned("all", "joint") == {
        "join_quantities",
        "plot_joint",
        "write_joint_table",
    }


def test_a_structure_of_a_file_follows_the_file(clone, edited, study):
    path = clone.folder / "mine.extxyz"
    name = "results/small/vacancy/structures/sample000_lambda+00.0.extxyz"
    clone.run(name)
    path.write_bytes((clone.folder / name).read_bytes())
    entry = {"name": "mine", "kind": "file", "path": "mine.extxyz", "cell": "fixed"}
    edited(*STRUCTURES, entry | {"lattice_parameter": 3.18})
    clone.run("results/small/mine/predictions.nc")
    atoms = read(path)
    assert planned_for(clone, "results/small/mine/predictions.nc") == set()
    atoms.rattle(0.01, seed=1)
    atoms.write(path)
    assert planned_for(clone, "results/small/mine/predictions.nc") == {"mine"}


@pytest.fixture(scope="module")
def by_sparse(clone, config, study):
    """Of each of OFF_SITES the predictions of dense, and the folder with the results of sparse."""

    def run(changes, *results):
        clone.write_config(config | changes)
        names = [entry["name"] for entry in changes["structures"]]
        clone.run(*(f"results/small/{name}/{result}" for name in names for result in results))

    run({"structures": OFF_SITES[1:]}, "predictions.nc")
    folders = {entry["name"]: study / entry["name"] for entry in OFF_SITES}
    dense = {name: xr.load_dataset(path / "predictions.nc") for name, path in folders.items()}
    truth = config["truth"] | {"relaxer": "sparse"}
    run(SPARSE | {"truth": truth}, "predictions.nc", "truth.nc", "truth_check.csv")
    return {name: (dense[name], folders[name]) for name in folders}


@pytest.mark.parametrize("entry", OFF_SITES, ids=lambda entry: entry["name"])
def test_sparse_predicts_what_dense_does(by_sparse, entry):
    dense, folder = by_sparse[entry["name"]]
    sparse = xr.load_dataset(folder / "predictions.nc")
    assert sparse.sizes["lambda"] == 5
    kept = {"level": sparse["level"], "lambda": sparse["lambda"]}  # newton needs dense
    known = dense["formation_energy"].sel(kept)
    assert sparse["formation_energy"].values == pytest.approx(known.values, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("entry", OFF_SITES, ids=lambda entry: entry["name"])
def test_truth_by_sparse_is_that_of_plain_lammps(by_sparse, entry):
    _, folder = by_sparse[entry["name"]]
    assert (xr.load_dataset(folder / "truth.nc")["status"] == "converged").any()
    check = pd.read_csv(folder / "truth_check.csv")
    assert list(check["verdict"]) == ["agrees"] * 2
