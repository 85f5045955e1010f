"""The example configs are complete: they can be planned, built and run."""

import shutil
from pathlib import Path

import pytest
import xarray as xr
import yaml

from relaxdiff.cli import main

EXAMPLES = Path(__file__).parents[2] / "config/examples"
# A potential of LAMMPS's own for the examples that need files of the user's.
POTENTIALS = {"tantalum": "Ta06A", "paper_ensemble": "W_2940_2017_2"}


@pytest.fixture
def example(clone, monkeypatch):
    """Takes an example's name; writes it into the clone with the files it needs, returns it."""

    def make(name):
        shutil.copy(EXAMPLES / f"{name}.yaml", clone.folder / "mine.yaml")
        config = yaml.safe_load((clone.folder / "mine.yaml").read_text(encoding="utf-8"))
        if name in POTENTIALS:
            monkeypatch.chdir(clone.folder)
            assert main(["ensemble", POTENTIALS[name], f"trial/{name}", "--samples", "10"]) == 0
        return config

    return make


def test_every_example_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == {"tungsten_defects", *POTENTIALS}


def test_the_ten_structures_of_tungsten_are_built_and_differentiated(example, clone):
    config = example("tungsten_defects")
    assert {"relax_variants", "plot_figures", "join_quantities"} <= clone.planned("all", "joint")
    results = f"results/{config['study']}"
    # Interstitials take a minute; tests of the library relax them in smaller cells.
    quick = [each for each in config["structures"] if not each["kind"].startswith("dumbbell")]
    targets = [f"{results}/{each['name']}/derivative.nc" for each in quick]
    clone.run(*targets)
    for target, entry in zip(targets, quick, strict=True):
        strains = xr.open_dataset(clone.folder / target).sizes["strain"]
        rigid = entry["cell"] == "fixed" or entry["kind"] == "surface"
        assert (strains == 0) == rigid


def test_tantalum_runs_as_its_comments_say(example, clone):
    config = example("tantalum")
    config["posterior"]["samples"] = 2
    config["truth"] = {"checked_variants": 2}
    for entry in config["structures"]:
        entry |= {"supercell": 2} if entry["kind"] == "vacancy" else {"layers": 8}
    clone.write_config(config)
    clone.run()
    for entry in config["structures"]:
        folder = clone.folder / "results/tantalum" / entry["name"]
        truth = xr.open_dataset(folder / "truth.nc")
        assert (truth["status"] == "converged").sum() > 9
        assert "agrees" in (folder / "truth_check.csv").read_text()
    bulk = xr.open_dataset(clone.folder / "results/tantalum/bulk.nc")
    # Ta06A: 3.316 Angstrom (Thompson et al., J. Comput. Phys. 285, 316 (2015), table 3).
    assert float(bulk["reference_lattice_parameter"]) == pytest.approx(3.316, abs=0.002)


def test_the_papers_ensemble_runs_with_its_paths_filled_in(example, clone):
    config = example("paper_ensemble")
    files = sorted((clone.folder / "trial/paper_ensemble").iterdir())
    coefficients, parameters, samples = (
        next(str(path) for path in files if path.suffix == suffix)
        for suffix in (".snapcoeff", ".snapparam", ".csv")
    )
    config["posterior"]["ensemble"] |= {
        "coefficients": coefficients,
        "parameters": parameters,
        "samples": samples,
        # The paper's potential has none; this one does.
        "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
    }
    config["perturbation"] |= {"lambda_min": -2, "lambda_max": 2}
    config["posterior"]["samples"] = 3
    config["truth"] = {"enabled": False}
    clone.write_config(config)
    clone.run()
    predictions = xr.open_dataset(clone.folder / "results/paper_ensemble/vacancy/predictions.nc")
    assert predictions.sizes["sample"] == 3
