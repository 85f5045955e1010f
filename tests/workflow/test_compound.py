"""A study of a compound: defects on both of its sites, compared with it and with an element."""

import numpy as np
import pytest
import xarray as xr
from ase.io import write
from crystal_study import random_changes, two_of_copper

from relaxdiff.structures.lattices import starting_crystal

POINT_DEFECT = {"supercell": 2, "cell": "isotropic"}
STRUCTURES = [
    {"name": "vacancy", "kind": "vacancy", "site": "Ni", **POINT_DEFECT},
    {"name": "antisite", "kind": "substitutional", "element": "Cu", "site": "Ni", **POINT_DEFECT},
    {"name": "perfect", "kind": "file", "path": "perfect.extxyz", "lattice_parameter": 3.6}
    | {"cell": "isotropic"},
]
# Atoms of Cu3Ni that hold the copper atoms, and nickel atoms beyond these.
BEYOND = {"vacancy": (32, -1), "antisite": (25 / 0.75, 7 - 25 / 3), "perfect": (32, 0)}


@pytest.fixture(scope="module")
def compound(clone, tmp_path_factory):
    """A clone with a potential for Cu and Ni and samples around it; returns it and its config."""
    here = type(clone)(tmp_path_factory.mktemp("compound"))
    potential = two_of_copper(0.05)
    coefficients, parameters, *_ = potential.write(here.folder / "both")
    theta = potential.theta + np.vstack([0 * potential.theta, random_changes(potential, 2, 3e-3)])
    np.savetxt(here.folder / "samples.csv", theta, delimiter=",")
    atoms = starting_crystal("Cu", "L1_2", 3.6, ["Cu", "Ni"]).conventional(2)
    write(here.folder / "perfect.extxyz", atoms)
    ensemble = {"coefficients": str(coefficients), "parameters": str(parameters)}
    config = {
        "study": "compound",
        "posterior": {
            "samples": 2,
            "file": None,
            "ensemble": ensemble | {"samples": "samples.csv"},
        },
        "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
        "crystal": {
            "element": "Cu",
            "lattice": "L1_2",
            "sites": ["Cu", "Ni"],
            "lattice_parameter": 3.6,
            "supercell": 2,
            "solutes": {"Ni": "fcc"},
        },
        "structures": STRUCTURES,
        "truth": {"checked_variants": 1},
    }
    return here, config


def formation_energies(folder, structure):
    return xr.open_dataset(folder / "results/compound" / structure / "truth.nc")["formation_energy"]


def test_defects_are_compared_with_the_compound_and_an_element(compound):
    here, config = compound
    here.write_config(config)
    tables = ("summary", "truth_check")
    here.run(
        *(f"results/compound/{each['name']}/{name}.csv" for each in STRUCTURES for name in tables),
        "joint",
        "adaptive",
    )
    results = here.folder / "results/compound"
    variant = {"sample": 1, "lambda": 2}
    own, element = (
        float(xr.open_dataset(results / name)["energy"][variant])
        for name in ("bulk.nc", "bulk_Ni.nc")
    )
    for name, (atoms, beyond) in BEYOND.items():
        truth = xr.open_dataset(results / name / "truth.nc")
        assert (truth["status"] == "converged").all()
        expected = float(truth["energy"][variant]) - atoms * own - beyond * element
        assert float(truth["formation_energy"][variant]) == pytest.approx(expected, abs=1e-8)
        predicted = xr.open_dataset(results / name / "evaluations.nc")["formation_energy"]
        error = predicted.sel(level="newton@x") - truth["formation_energy"]
        assert float(abs(error).max()) < 1e-4
        assert "agrees" in (results / name / "truth_check.csv").read_text()
    assert float(abs(formation_energies(here.folder, "perfect")).max()) < 1e-6


def test_a_chemical_potential_stands_for_the_element(compound):
    here, config = compound
    before = formation_energies(here.folder, "vacancy").load()
    bulk = xr.open_dataset(here.folder / "results/compound/bulk_Ni.nc")["energy"].load()
    crystal = config["crystal"] | {"solutes": {"Ni": -3.0}}
    here.write_config(config | {"crystal": crystal, "structures": STRUCTURES[:1]})
    here.run("results/compound/vacancy/truth_check.csv")
    after = formation_energies(here.folder, "vacancy")
    # One nickel atom less: what the reservoir gives up counts once.
    assert (after - before).values == pytest.approx((-3.0 - bulk).values, abs=1e-8)
    table = (here.folder / "results/compound/vacancy/truth_check.csv").read_text()
    assert "agrees" in table
