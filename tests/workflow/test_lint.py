"""Snakemake's own advice on rules: none is left, whichever rules a config brings."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from entries import vacancy

TRAINING = {
    "data": "training.xyz",
    "group_weights": "weights.csv",
    "element": "W",
    "hyperparameters": {"twojmax": 2, "cutoff": 4.73442, "rfac0": 0.99363, "rmin0": 0.0},
    "reference": None,
    "held_out_fraction": 0.2,
    "seed": 1,
    "pops": {"percentile_clipping": 5.0, "leverage_percentile": 50, "mode_threshold": 1.0e-8},
}


@pytest.fixture
def configs(small_config, clone):
    """A config for each set of rules."""
    atoms = bulk("W", cubic=True)
    atoms.calc = SinglePointCalculator(atoms, energy=-17.0, forces=np.zeros((2, 3)))
    atoms.info["config_type"] = "bulk"
    write(clone.folder / "training.xyz", [atoms], format="extxyz")
    weights = "group,energy_weight,force_weight,stress_weight\nbulk,1,1,0\n"
    (clone.folder / "weights.csv").write_text(weights)
    return {
        "default": {},
        "ensemble": small_config,
        "training": {"posterior": {"file": None, "training": TRAINING}},
        "without truth": {"truth": {"enabled": False}},
        "large cells": {
            "derivative": {"solver": "sparse"},
            "truth": {"relaxer": "sparse"},
            "ranks": 2,
            "structures": [vacancy(4)],
        },
    }


@pytest.mark.parametrize(
    "name", ["default", "ensemble", "training", "without truth", "large cells"]
)
def test_snakemake_has_no_advice(clone, configs, name):
    clone.write_config(configs[name])
    said = clone.run("--lint")
    assert "Congratulations" in said
    assert "Lints for" not in said
    assert "not present" not in said  # a rule of localrules that this config does not bring
