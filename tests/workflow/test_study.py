"""One whole small study, then what a config edit re-runs: run in this order on one clone."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from relaxdiff import predict_variants, read_snap

PROJECT = Path(__file__).parents[2]
FIGURE_RULES = {"plot_figures", "plot_structure"}
NETCDF_FILES = (
    "posterior",
    "bulk",
    "vacancy/reference",
    "vacancy/crystal",
    "vacancy/derivative",
    "vacancy/force_constants",
    "vacancy/predictions",
    "vacancy/evaluations",
    "vacancy/truth",
)


@pytest.fixture(scope="module")
def clone(study_clone):
    return study_clone


@pytest.fixture(scope="module")
def study(clone):
    return clone.folder / "results/small"


@pytest.fixture(scope="module")
def results(study):
    """Those of the one structure."""
    return study / "vacancy"


def predicted_from(results):
    """Files that predictions are made from, apart from force constants."""
    return results.parent / "posterior.nc", results / "crystal.nc", results / "derivative.nc"


@pytest.fixture
def edited(clone, small_config, study):
    """Run with a changed config; the small one is put back afterwards."""

    def edit(**changes):
        config = copy.deepcopy(small_config)
        for block, keys in changes.items():
            config.setdefault(block, {}).update(keys)
        clone.write_config(config)

    yield edit
    clone.write_config(small_config)


def test_promised_files_are_there(study):
    for name in NETCDF_FILES:
        dataset = xr.load_dataset(study / f"{name}.nc")
        assert {"versions", "made_from", "created", "source"} <= set(dataset.attrs), name
        for variable in dataset.data_vars.values():
            assert {"units", "long_name"} <= set(variable.attrs), (name, variable.name)
    assert len(pd.read_csv(study / "vacancy/errors.csv")) > 0
    pngs = sorted((study / "vacancy/figures").glob("*.png"))
    assert len(pngs) == 8
    for png in pngs:
        assert png.read_bytes().startswith(b"\x89PNG")
        assert png.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_predictions_and_truth_keep_their_contract(results):
    predictions = xr.load_dataset(results / "predictions.nc")
    truth = xr.load_dataset(results / "truth.nc")
    assert predictions["formation_energy"].dims == ("level", "sample", "lambda")
    assert list(predictions["level"].values) == ["c", "h", "ih", "h+ih", "newton"]
    assert truth["formation_energy"].dims == truth["status"].dims == ("sample", "lambda")
    assert predictions["formation_volume"].attrs["units"] == "Angstrom^3"
    crystal = xr.load_dataset(results / "crystal.nc")
    assert np.array_equal(truth["status"] == "converged", crystal["status"] == "stable")
    errors = np.abs(predictions["formation_energy"] - truth["formation_energy"])
    mean = errors.mean(("sample", "lambda"))
    assert mean.sel(level="h+ih") < 0.5 * mean.sel(level="c")
    assert errors.sel({"level": "h+ih", "lambda": 0.0}).max() < 1e-8


def test_evaluated_predictions_know_their_errors(results):
    evaluations = xr.load_dataset(results / "evaluations.nc")
    truth = xr.load_dataset(results / "truth.nc")
    assert list(evaluations["level"].values) == ["h+ih@x", "newton@x"]
    errors = np.abs(evaluations["formation_energy"] - truth["formation_energy"])
    assert np.array_equal(errors.notnull().all("level"), truth["status"] == "converged")
    predicted = xr.load_dataset(results / "predictions.nc")["formation_energy"]
    before = np.abs(predicted - truth["formation_energy"]).median(("sample", "lambda"))
    after = errors.median(("sample", "lambda"))
    assert after.sel(level="h+ih@x") < 0.1 * before.sel(level="h+ih")
    assert after.sel(level="newton@x") < 0.1 * before.sel(level="newton")
    rows = pd.read_csv(results / "calibration.csv").set_index(["estimate", "level"])
    table = rows.loc["all"]
    assert list(table.index) == ["c", "h", "ih", "h+ih", "newton", "h+ih@x", "newton@x"]
    assert (table["variants"] == (truth["status"] == "converged").sum().item()).all()
    # 20 or so variants, some of them far from the reference: one may be out.
    assert (rows.loc["below 10 meV", "within_twice"] > 0.94).all()
    assert table.loc["newton@x", "within_twice"] == 1
    predictions = xr.load_dataset(results / "predictions.nc")
    soft = predictions["softest_curvature"]
    assert np.array_equal(predictions["minimum_in_doubt"], soft < 0.15)
    # Symmetric displacements alone would be less soft somewhere.
    alone = predict_variants(*(xr.load_dataset(path) for path in predicted_from(results)))
    assert (soft <= alone["softest_curvature"]).where(soft.notnull()).all()
    assert (soft < alone["softest_curvature"] - 0.01).any()
    xr.testing.assert_equal(evaluations["minimum_in_doubt"], predictions["minimum_in_doubt"])


def test_truth_is_confirmed_by_lammps(results):
    check = pd.read_csv(results / "truth_check.csv")
    assert list(check["verdict"]) == ["agrees"] * 2


def test_nothing_is_left_to_do(clone, study):
    told = clone.run()
    assert "Nothing to be done" in told
    assert "truth check" in told  # in the table that every run ends with
    assert "Where to look:" in told
    assert "The run took" not in told


def test_a_variant_is_written_as_a_working_potential(clone, study):
    name = "results/small/potentials/sample002_lambda+04.0"
    clone.run(f"{name}.snapcoeff")
    potential = read_snap(clone.folder / f"{name}.snapcoeff", clone.folder / f"{name}.snapparam")
    posterior = xr.load_dataset(study / "posterior.nc")
    mean, sample = posterior["theta_mean"].values, posterior["theta"].values[2]
    assert potential.theta == pytest.approx(mean + 4 * (sample - mean), rel=1e-14)
    script = (
        "units metal\nregion r block 0 2 0 2 0 2\nlattice bcc 3.18\ncreate_box 1 r\n"
        "create_atoms 1 box\nmass 1 183.84\ninclude sample002_lambda+04.0.snap\nrun 0\n"
    )
    program = (
        "from relaxdiff.lammps.session import load_lammps, LAMMPS_ARGUMENTS\n"
        "lammps = load_lammps().lammps(cmdargs=LAMMPS_ARGUMENTS)\n"
        f"lammps.commands_string({script!r})\nprint(lammps.get_thermo('pe'))"
    )
    energy = subprocess.run(
        [sys.executable, "-c", program],
        cwd=(study / "potentials"),
        check=True,
        text=True,
        capture_output=True,
    ).stdout
    assert np.isfinite(float(energy))


def test_a_predicted_structure_is_written(clone, study):
    from ase.io import read

    name = "results/small/vacancy/structures/sample001_lambda-03.0.extxyz"
    clone.run(name)
    assert len(read(clone.folder / name)) == 53


def test_figures_edit_reruns_figures_only(clone, edited):
    edited(figures={"dpi": 120})
    assert clone.planned() == FIGURE_RULES


def test_perturbation_edit_does_not_differentiate_again(clone, edited):
    edited(perturbation={"lambda_max": 3})
    planned = clone.planned()
    assert {"relax_bulk", "relax_crystal", "predict_variants", "relax_variants"} <= planned
    untouched = {"convert_posterior", "sample_posterior", "relax_reference"}
    assert not planned & (untouched | {"differentiate_reference"})


def test_posterior_edit_reruns_all_that_follows(clone, edited):
    edited(posterior={"samples": 2})
    planned = clone.planned()
    assert "convert_posterior" not in planned
    followers = {
        "sample_posterior",
        "relax_bulk",
        "relax_crystal",
        "relax_reference",
        "differentiate_reference",
        "predict_variants",
        "evaluate_predictions",
        "relax_variants",
        "gather_truth",
        "check_truth",
        "compare_errors",
    }
    assert followers | FIGURE_RULES <= planned


def test_evaluations_can_be_left_out(clone, edited, study):
    edited(prediction={"evaluate": []})
    rules = {"compare_errors", "summarise_study", "plot_figures", "write_interactive"}
    rules |= {"write_tables"}
    assert clone.planned() == rules


def test_solver_edit_reruns_the_derivative_and_what_follows(clone, edited, study):
    edited(derivative={"solver": "sparse"})
    planned = clone.planned()
    assert {"differentiate_reference", "predict_variants", "relax_variants"} <= planned
    assert "evaluate_predictions" not in planned
    before = {"convert_posterior", "sample_posterior", "relax_bulk", "relax_reference"}
    assert not planned & (before | {"compute_force_constants"})


def test_edited_sample_table_reruns_all(clone, study, small_config):
    table = Path(small_config["posterior"]["ensemble"]["samples"])
    before, times = table.read_bytes(), table.stat()
    try:
        samples = np.loadtxt(table, delimiter=",")
        np.savetxt(table, samples * np.linspace(1, 1.001, 4)[:, None], delimiter=",")
        planned = clone.planned()
    finally:  # other studies are made from it too
        table.write_bytes(before)
        os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert {"convert_posterior", "differentiate_reference", "relax_variants"} <= planned


def test_library_edit_reruns_what_uses_it(clone, study):
    module = clone.folder / "src/relaxdiff/predictions/predicted_variants.py"
    text = module.read_text()
    try:
        module.write_text(text + "\n# edited\n")
        planned = clone.planned()
    finally:
        module.write_text(text)
    assert "predict_variants" in planned
    assert "differentiate_reference" not in planned


def test_solver_source_edit_differentiates_again(clone, study):
    module = clone.folder / "src/relaxdiff/derivative/solvers/sparse.py"
    text = module.read_text()
    try:
        module.write_text(text + "\n# edited\n")
        planned = clone.planned()
    finally:
        module.write_text(text)
    assert "differentiate_reference" in planned
    assert "relax_reference" not in planned


def test_the_readme_reads_the_results(clone, study):
    readme = (PROJECT / "README.md").read_text()
    code = readme.split("```python")[1].split("```")[0]
    assert "open_study" in code
    program = code.replace("results/tungsten", "results/small")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=clone.folder,
        check=True,
        text=True,
        capture_output=True,
    )
    assert "newton" in done.stdout


def test_report_is_one_page_with_captions(clone, study):
    clone.run("--report", "report.html")
    page = (clone.folder / "report.html").read_text()
    assert len(page) > 100_000
    for words in (
        "Uncertainty of relaxed structures in W",
        "relaxed again by",
        "evaluations of descriptors",
    ):
        assert words in page
