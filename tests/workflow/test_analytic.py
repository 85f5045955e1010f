"""One small study of silicon by Stillinger and Weber, a potential that is not linear.

Angles of which the ideal one is not that of diamond strain the bonds around the vacancy; otherwise
its atoms would not move at all.
"""

import copy

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from clones import Clone
from entries import vacancy

pytest.importorskip("jax")  # which `make jax` adds

DEVIATIONS = {"epsilon": 0.02, "sigma": 0.01, "lambda": 0.5, "costheta0": 0.01, "B": 0.01}
CONFIG = {
    "study": "silicon",
    "posterior": {
        "samples": 3,
        "file": None,
        "analytic": {"potential": "stillinger_weber", "deviations": DEVIATIONS},
    },
    "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 0.5},
    "crystal": {"element": "Si", "lattice": "diamond", "lattice_parameter": None, "supercell": 2},
    "structures": [vacancy(2)],
    "truth": {"checked_variants": 1},
}
# All but figures, which take as long as all else; a dry run tells that these are what is left.
TABLES = ("calibration", "error_slopes", "errors", "errors_by_window", "summary", "truth_check")
DATASETS = (
    "crystal",
    "derivative",
    "evaluations",
    "force_constants",
    "predictions",
    "reference",
    "truth",
)
FIGURE_RULES = {"plot_figures", "plot_structure", "write_interactive", "write_tables"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone in which the study was run, apart from its figures."""
    clone = Clone(tmp_path_factory.mktemp("silicon"))
    clone.write_config(CONFIG)
    clone.run(*(f"results/silicon/vacancy/{name}.csv" for name in TABLES))
    return clone


@pytest.fixture(scope="module")
def results(clone):
    """The folder of its one structure."""
    return clone.folder / "results/silicon/vacancy"


def planned_with(clone, **changes):
    """Rules that a run would execute with a changed config."""
    config = copy.deepcopy(CONFIG)
    for block, keys in changes.items():
        config.setdefault(block, {}).update(keys)
    clone.write_config(config)
    try:
        return clone.planned()
    finally:
        clone.write_config(CONFIG)


def test_files_are_those_of_any_study(clone, results):
    assert {path.stem for path in results.glob("*.nc")} >= set(DATASETS)
    assert {path.stem for path in results.glob("*.csv")} >= set(TABLES)
    for name in ("analytic", "posterior", "bulk"):
        assert (results.parent / f"{name}.nc").is_file()
    for path in results.parent.rglob("*.nc"):
        for variable in xr.load_dataset(path).data_vars.values():
            assert {"units", "long_name"} <= set(variable.attrs), (path, variable.name)
    assert clone.planned() == FIGURE_RULES


def test_all_variants_have_a_truth_and_lammps_agrees(results):
    truth = xr.load_dataset(results / "truth.nc")
    assert truth["status"].shape == (3, 5)
    assert (truth["status"] == "converged").all()
    check = pd.read_csv(results / "truth_check.csv")
    assert list(check["verdict"]) == ["agrees"]
    assert check["formation_energy_difference_eV"].abs().max() < 1e-8


def test_errors_shrink_with_the_orders_that_are_expected(results):
    table = pd.read_csv(results / "error_slopes.csv").set_index(["quantity", "level"])
    for level in ("c", "ih", "h+ih", "newton"):
        row = table.loc["formation_energy", level]
        assert row["expected_slope"] == (3 if level in ("h+ih", "newton") else 2)
        assert row["slope"] == pytest.approx(row["expected_slope"], abs=0.3)
        row = table.loc["positions", level]
        if level != "c":
            assert row["slope"] == pytest.approx(row["expected_slope"], abs=0.3)
    errors = np.abs(
        xr.load_dataset(results / "predictions.nc")["formation_energy"]
        - xr.load_dataset(results / "truth.nc")["formation_energy"]
    ).max(("sample", "lambda"))
    assert errors.sel(level="newton") < 0.1 * errors.sel(level="c")
    evaluated = xr.load_dataset(results / "evaluations.nc")["formation_energy"]
    truth = xr.load_dataset(results / "truth.nc")["formation_energy"]
    assert np.abs(evaluated.sel(level="newton@x") - truth).max() < 1e-5


def test_edits_rerun_what_they_change(clone):
    assert planned_with(clone, figures={"dpi": 120}) == FIGURE_RULES
    wider = planned_with(clone, perturbation={"lambda_max": 1.5})
    before = {"describe_analytic", "sample_posterior", "relax_reference"}
    assert {"relax_bulk", "predict_variants", "relax_variants"} <= wider
    assert not wider & (before | {"differentiate_reference"})
    analytic = CONFIG["posterior"]["analytic"] | {"deviations": DEVIATIONS | {"B": 0.02}}
    edited = planned_with(clone, posterior={"analytic": analytic})
    assert before | {"relax_bulk", "differentiate_reference", "relax_variants"} <= edited
