"""The three sources of a posterior and the two relaxers, each through a real run."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from entries import vacancy

from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell

BAR_PER_EV_PER_CUBIC_ANGSTROM = 1602176.6


@pytest.fixture
def training_folder(tungsten, tmp_path):
    """FitSNAP JSON groups whose "DFT" is W_2940_2017_2: what a smaller SNAP cannot quite fit."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "json data"  # a path with a space
    cells = {
        "bulk": [bulk_cell("W", 3.18 * s, 2) for s in np.linspace(0.96, 1.04, 15)],
        "vacancy": [vacancy_cell("W", 3.18 * s, 2) for s in np.linspace(0.98, 1.02, 9)],
    }
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        for group, members in cells.items():
            (folder / group).mkdir(parents=True)
            for number, atoms in enumerate(members):
                atoms.rattle(0.06, rng=rng)
                found = calculator.evaluate(atoms)
                stress = found.strain_gradient @ tungsten.weights / atoms.get_volume()
                entry = {
                    "Positions": atoms.positions.tolist(),
                    "Lattice": atoms.cell.array.tolist(),
                    "Energy": found.values @ tungsten.weights - 8.9 * len(atoms),
                    "Forces": (-found.gradient @ tungsten.weights).tolist(),
                    "Stress": (-stress * BAR_PER_EV_PER_CUBIC_ANGSTROM).tolist(),
                    "AtomTypes": list(atoms.symbols),
                    "NumAtoms": len(atoms),
                }
                text = json.dumps({"Dataset": {"Data": [entry], "StressStyle": "bar"}})
                (folder / group / f"{number}.json").write_text(f"# made by a test\n{text}")
    (tmp_path / "weights.csv").write_text(
        "group,energy_weight,force_weight,stress_weight\nbulk,1000,1,1e-4\nvacancy,1000,1,1e-4\n"
    )
    return folder


def test_study_from_training_data(fresh_clone, training_folder):
    fresh_clone.write_config(
        {
            "study": "fitted",
            "posterior": {
                "samples": 4,
                "file": None,
                "training": {
                    "data": str(training_folder),
                    "group_weights": str(training_folder.parent / "weights.csv"),
                    "element": "W",
                    "hyperparameters": {
                        "twojmax": 6,
                        "cutoff": 4.73442,
                        "rfac0": 0.99363,
                        "rmin0": 0.0,
                    },
                    "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
                    "held_out_fraction": 0.2,
                    "seed": 1,
                    "pops": {
                        "percentile_clipping": 5.0,
                        "leverage_percentile": 50,
                        "mode_threshold": 1.0e-8,
                    },
                },
            },
            "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
            "crystal": {"supercell": 2},
            "structures": [vacancy(2)],
            "truth": {"enabled": False},
        }
    )
    fresh_clone.run()
    results = fresh_clone.folder / "results/fitted"
    posterior = xr.load_dataset(results / "posterior.nc")
    assert posterior.sizes["sample"] == 4
    assert posterior.sizes["parameter"] == 30
    assert np.ptp(posterior["theta"].values, axis=0).max() > 0
    written = read_snap(*(results / f"training/fit.{kind}" for kind in ("snapcoeff", "snapparam")))
    np.testing.assert_array_equal(written.theta, posterior["theta_mean"])
    coverage = pd.read_csv(results / "training/coverage.csv")
    assert set(coverage["group"]) == {"bulk", "vacancy"}
    summary = pd.read_csv(results / "vacancy/summary.csv", keep_default_na=False)
    assert summary["item"].str.startswith("force, group vacancy, coverage of 2 held-out").any()
    bulk = xr.load_dataset(results / "bulk.nc")
    assert float(bulk["reference_lattice_parameter"]) == pytest.approx(3.18046, abs=0.01)
    predictions = xr.load_dataset(results / "vacancy/predictions.nc")
    assert np.isfinite(predictions["formation_energy"].sel({"lambda": 0.0})).all()
    assert not (results / "vacancy/truth.nc").exists()
    # The sampled posterior is a complete starting point for another study.
    fresh_clone.write_config(
        {
            "study": "again",
            "posterior": {"samples": 4, "file": "results/fitted/posterior.nc"},
            "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
            "crystal": {"supercell": 2},
            "structures": [vacancy(2)],
        }
    )
    fresh_clone.run("results/again/vacancy/predictions.nc")
    again = xr.load_dataset(fresh_clone.folder / "results/again/vacancy/predictions.nc")
    xr.testing.assert_equal(again["formation_energy"], predictions["formation_energy"])


def test_shipped_posterior_with_both_relaxers(fresh_clone):
    truth = {}
    for relaxer in ("newton", "lammps"):
        fresh_clone.write_config(
            {
                "study": relaxer,
                "posterior": {"samples": 2},
                "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
                "crystal": {"supercell": 2},
                "structures": [vacancy(2)],
                "truth": {"relaxer": relaxer, "samples_per_job": 2, "checked_variants": 1},
            }
        )
        fresh_clone.run(f"results/{relaxer}/vacancy/truth.nc")
        truth[relaxer] = xr.load_dataset(fresh_clone.folder / f"results/{relaxer}/vacancy/truth.nc")
    one, other = truth.values()
    assert (one["status"] == "converged").sum() >= 4
    assert np.array_equal(one["status"], other["status"])
    assert np.abs(one["formation_energy"] - other["formation_energy"]).max() < 1e-7
    assert np.abs(one["formation_volume"] - other["formation_volume"]).max() < 1e-3


def test_deviations_and_a_covariance_become_posteriors(fresh_clone, small_config, tmp_path):
    """Their draws are in posterior.nc, which another study takes as it is."""
    files = small_config["posterior"]["ensemble"]
    rows = np.loadtxt(files["samples"], delimiter=",")
    deviations = (rows[1:] - rows[0]).T
    found = {}
    for key, array in {"deviations": deviations, "covariance": np.cov(deviations)}.items():
        np.save(tmp_path / f"{key}.npy", array)
        ensemble = files | {"samples": None, key: str(tmp_path / f"{key}.npy")}
        source = small_config["posterior"] | {"ensemble": ensemble}
        fresh_clone.write_config(small_config | {"study": key, "posterior": source})
        fresh_clone.run("posterior")
        results = fresh_clone.folder / "results" / key
        found[key] = xr.load_dataset(results / "posterior.nc")
        made_from = json.loads(xr.load_dataset(results / "ensemble.nc").attrs["made_from"])
        assert made_from["ensemble"][key] == ensemble[key]
    np.testing.assert_allclose(found["deviations"]["theta"], rows[1:], rtol=1e-12, atol=1e-15)
    draws = found["covariance"]["theta"].values - rows[0]
    # What is drawn is a combination of the three deviations, about as large.
    left = draws.T - deviations @ np.linalg.lstsq(deviations, draws.T)[0]
    assert np.abs(left).max() < 1e-6 * np.abs(draws).max()
    assert 0.1 < draws.std() / deviations.std() < 10
    assert found["covariance"].attrs["sampling_seed"] == 2024
