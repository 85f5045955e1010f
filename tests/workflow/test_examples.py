"""The example configs are complete: they can be planned, built and run."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
import yaml

from relaxdiff.cli import main
from relaxdiff.posterior.trial import shipped_file
from relaxdiff.study.fit_settings import fit_settings

EXAMPLES = Path(__file__).parents[2] / "config/examples"
CORES = ("easy", "hard")
FIGURES = ("formation_curves.png", "interactive.html")
# A potential of LAMMPS's own for the examples that need files of the user's.
POTENTIALS = {
    "tantalum": "Ta06A",
    "tungsten_beryllium": "WBe_Wood_PRB2019",
    "paper_ensemble": "W_2940_2017_2",
}
# Studies of other crystals: a potential of LAMMPS's own, its element and lattice, and a pair style
# laid over it, which it was not fitted with.
WEAK = {"style": "lj/smooth/linear", "settings": [4.0], "coefficients": {"Ni Ni": [0.01, 2.2]}}
CRYSTALS = {
    "quadratic": ("Cu_Zuo_JPCA2020.quadratic", "Cu", "fcc", None),
    "diamond": ("Si_Zuo_JPCA2020", "Si", "diamond", {"style": "sw", "file": "Si.sw"}),
    "hexagonal": ("Ni_Zuo_JPCA2020", "Ni", "hcp", WEAK),
}

FITS = {"hard": "dislocation_hard_core", "split": "dislocation_split_core"}  # from the easy core
SOLUTE_IN_CORE = ("tungsten_beryllium_target", "tungsten_beryllium_core")


@pytest.fixture
def example(clone, monkeypatch):
    """Takes an example's name; writes it into the clone with the files it needs, returns it."""

    def make(name):
        shutil.copy(EXAMPLES / f"{name}.yaml", clone.folder / "mine.yaml")
        config = yaml.safe_load((clone.folder / "mine.yaml").read_text(encoding="utf-8"))
        if name in POTENTIALS and not (clone.folder / f"trial/{name}").exists():
            monkeypatch.chdir(clone.folder)
            assert main(["ensemble", POTENTIALS[name], f"trial/{name}", "--samples", "10"]) == 0
        return config

    return make


def tables(config):
    """Targets: all that a study finds. Figures of each structure would take as long again."""
    return [
        f"results/{config['study']}/{entry['name']}/{name}.csv"
        for entry in config["structures"]
        for name in ("summary", "truth_check")
    ]


def test_every_example_is_run_here():
    needs_nothing = {"tungsten_defects", "dislocation_cores", "lennard_jones_alloy"}
    needs_nothing |= {*FITS.values(), *SOLUTE_IN_CORE}
    needs_nothing |= {
        "silicon_elastic",
        "silicon_phonons",
        "tungsten_properties",
    }  # test_fit_properties
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == needs_nothing | {*POTENTIALS}


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
    clone.run(*tables(config))
    for entry in config["structures"]:
        folder = clone.folder / "results/tantalum" / entry["name"]
        truth = xr.open_dataset(folder / "truth.nc")
        assert (truth["status"] == "converged").sum() > 9
        assert "agrees" in (folder / "truth_check.csv").read_text()
    bulk = xr.open_dataset(clone.folder / "results/tantalum/bulk.nc")
    # Ta06A: 3.316 Angstrom (Thompson et al., J. Comput. Phys. 285, 316 (2015), table 3).
    assert float(bulk["reference_lattice_parameter"]) == pytest.approx(3.316, abs=0.002)


def test_beryllium_in_a_core_has_its_target_as_its_comments_say(example, clone):
    """In a smaller disk; the fit itself, two minutes, is planned only."""
    example("tungsten_beryllium")
    config = example("tungsten_beryllium_target")
    (target,) = config["structures"]
    target["radius"] = 15.5
    clone.write_config(config)
    made = f"results/tungsten_beryllium_target/{target['name']}/reference.nc"
    clone.run(made)
    config = example("tungsten_beryllium_core")
    assert config["fit"]["targets"][0]["file"] == made
    assert {"fit_parameters", "fit_in_crystal"} <= clone.planned("fit")


def test_an_alloy_is_distorted_as_its_comments_say(example, clone):
    config = example("lennard_jones_alloy")
    config["perturbation"] |= {"lambda_min": -0.5, "lambda_max": 0.5, "lambda_step": 0.25}
    config["structures"][0]["supercell"] = 2
    config["truth"] = {"checked_variants": 1}
    clone.write_config(config)
    folder = clone.folder / "results/lennard_jones_alloy/alloy"
    clone.run(*tables(config), "results/lennard_jones_alloy/alloy/figures/distortion.png")
    truth = xr.open_dataset(folder / "truth.nc")
    assert (truth["status"] == "converged").all()
    assert "agrees" in (folder / "truth_check.csv").read_text()  # by LAMMPS, from a table
    errors = pd.read_csv(folder / "errors.csv")
    assert {"c", "h+ih", "newton"} <= set(errors["level"])
    assert (folder / "figures/distortion.png").stat().st_size > 10_000


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
    config["perturbation"] |= {"lambda_min": -2, "lambda_max": 2, "lambda_step": 1}
    config["posterior"]["samples"] = 3
    config["truth"] = {"enabled": False}
    clone.write_config(config)
    clone.run("results/paper_ensemble/vacancy/summary.csv")
    predictions = xr.open_dataset(clone.folder / "results/paper_ensemble/vacancy/predictions.nc")
    assert predictions.sizes["sample"] == 3


def test_beryllium_in_tungsten_runs_as_its_comments_say(example, clone):
    config = example("tungsten_beryllium")
    config["posterior"]["samples"] = 2
    config["perturbation"] |= {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1}
    config["truth"] = {"checked_variants": 1}
    config["crystal"]["supercell"] = 2
    for entry in config["structures"]:
        entry["supercell"] = 2
    clone.write_config(config)
    drawn = [f"results/tungsten_beryllium/dumbbell_111/figures/{name}" for name in FIGURES]
    clone.run(*tables(config), *drawn, "joint", "adaptive")
    folder = clone.folder / "results/tungsten_beryllium"
    crystals = {name: xr.open_dataset(folder / name) for name in ("bulk.nc", "bulk_Be.nc")}
    here = {"sample": 1, "lambda": 2}
    e_w, e_be = (float(each["energy"][here]) for each in crystals.values())
    for entry in config["structures"]:
        result = folder / entry["name"]
        truth = xr.open_dataset(result / "truth.nc")
        assert (truth["status"] == "converged").all()
        n_be = int("element" in entry)
        n_w = {"vacancy": 15, "substitutional": 15}.get(entry["kind"], 16)
        expected = float(truth["energy"][here]) - n_w * e_w - n_be * e_be
        assert float(truth["formation_energy"][here]) == pytest.approx(expected, abs=1e-9)
        predicted = xr.open_dataset(result / "evaluations.nc")["formation_energy"]
        error = predicted.sel(level="newton@x") - truth["formation_energy"]
        assert float(abs(error).max()) < 1e-4
        assert "agrees" in (result / "truth_check.csv").read_text()
    joint = xr.open_dataset(folder / "joint.nc")
    assert {"W_beta_0", "Be_beta_0", "Be_beta_55"} <= set(joint["parameter"].values)
    # Hexagonal beryllium: 2.2395 and 3.6043 Angstrom by LAMMPS's own minimiser.
    lengths = [
        float(crystals["bulk_Be.nc"][f"reference_lattice_parameter{end}"]) for end in ("", "_c")
    ]
    assert lengths == pytest.approx([2.2395, 3.6043], abs=1e-3)


def test_two_cores_of_a_dislocation_are_compared(example, clone):
    """In a smaller disk, of fewer samples."""
    config = example("dislocation_cores")
    config["posterior"]["samples"] = 3
    for entry in config["structures"]:
        entry["radius"] = 15.5
    clone.write_config(config)
    picture = "results/dislocation_cores/hard/figures/structure.png"
    clone.run(*tables(config), picture, "results/dislocation_cores/joint.csv")
    folder = clone.folder / "results/dislocation_cores"
    truth = {name: xr.open_dataset(folder / name / "truth.nc") for name in CORES}
    predicted = {name: xr.open_dataset(folder / name / "predictions.nc") for name in CORES}
    for name in CORES:
        assert (truth[name]["status"] == "converged").all()
        best = predicted[name]["formation_energy"].sel(level="h+ih")
        error = best - truth[name]["formation_energy"]
        assert float(abs(error).max()) < 0.01
        assert "agrees" in (folder / name / "truth_check.csv").read_text()
        summary = pd.read_csv(folder / name / "summary.csv").set_index(["topic", "item"])["value"]
        assert summary.get(("reference", "held_columns"), 0) == (3 if name == "hard" else 0)
    said = (folder / "hard/summary.rst").read_text()
    assert "all that may move, with 3 columns held" in said
    reference = xr.open_dataset(folder / "hard/reference.nc")
    assert reference.attrs["held"] == "with 3 columns held"
    joint = pd.read_csv(folder / "joint.csv").set_index("quantity")
    row = joint.loc["hard_minus_easy_core_energy"]
    energies = [float(truth[name]["formation_energy"].sel({"lambda": 0})[0]) for name in CORES]
    assert row["at_mean"] == pytest.approx(energies[1] - energies[0], abs=1e-6)
    assert 0.05 < row["standard_deviation_linear"] < 0.5
    assert row["standard_deviation"] == pytest.approx(row["true_standard_deviation"], rel=0.1)


@pytest.mark.parametrize("name", CRYSTALS)
def test_other_crystals_and_pair_styles_run_through(name, clone, monkeypatch):
    potential, element, lattice, reference = CRYSTALS[name]
    monkeypatch.chdir(clone.folder)
    assert (
        main(["ensemble", potential, f"trial/{name}", "--samples", "2", "--spread", "0.002"]) == 0
    )
    if reference and "file" in reference:
        shutil.copy(shipped_file(reference["file"]), reference["file"])
    ensemble = {
        "coefficients": f"trial/{name}/{potential}.snapcoeff",
        "parameters": f"trial/{name}/{potential}.snapparam",
        "samples": f"trial/{name}/samples.csv",
        "reference": reference,
    }
    config = {
        "study": name,
        "posterior": {"samples": 2, "file": None, "ensemble": ensemble},
        "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
        "crystal": {"element": element, "lattice": lattice, "supercell": 2},
        "structures": [
            {
                "name": "vacancy",
                "kind": "vacancy",
                "supercell": 3 if lattice == "hcp" else 2,
                "cell": "full",
            }
        ],
        "truth": {"checked_variants": 2},
    }
    clone.write_config(config)
    clone.run(*tables(config), f"results/{name}/potentials/sample001_lambda+01.0.snapcoeff")
    result = clone.folder / f"results/{name}/vacancy"
    truth = xr.open_dataset(result / "truth.nc")
    assert (truth["status"] == "converged").all()
    assert (result / "truth_check.csv").read_text().count("agrees") == 2
    kept = clone.folder / f"results/{name}/potentials/sample001_lambda+01.0.reference"
    assert kept.exists() == bool(reference and "file" in reference)


@pytest.mark.parametrize("core", FITS)
def test_the_easy_core_is_fitted_to_another(example, clone, core):
    """In a smaller disk, whose easy core serves both; a vacancy's fit is judged in test_fit.py."""
    config = example(FITS[core])
    assert {"judge_fit", "fit_in_crystal", "write_fit_page"} <= clone.planned("fit")
    config["study"] = "from_easy_core"
    easy, other = config["structures"]
    others = [{**other, "name": name, "core": name} for name in FITS]
    config["structures"] = [{**entry, "radius": 18} for entry in (easy, *others)]
    clone.write_config(config)
    clone.run("results/from_easy_core/fit/fit.nc")
    fit = xr.load_dataset(clone.folder / "results/from_easy_core/fit/fit.nc")
    assert (fit["atomic_numbers"] == 0).sum() == 1
    assert float(fit["largest_deviation"][0]) > 0.2
    assert float(fit["largest_deviation"][-1]) < 0.002
    assert float(fit["lowest_curvature"][-1]) > 0.04
    largest = fit_settings(config)["largest_change"]
    assert 0.05 < float(fit["relative_change"][-1]) < largest
