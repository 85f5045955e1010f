"""What tests of posteriors share: training data, a fit, tables of samples."""

import numpy as np
import pytest
from fits import POPS, WEIGHTS, designs
from training_files import fitsnap_entry, fitsnap_text, strained

from relaxdiff.files.datasets import write_dataset
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.posterior.distribution import (
    read_posterior,
)
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.posterior.pops import fit_posterior
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.potential import write_snap
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell


@pytest.fixture(scope="session")
def calculations(tungsten):
    """Group -> list of (atoms, energy, forces, stress in ASE's sign) of the potential itself."""
    rng = np.random.default_rng(7)
    cells = {
        "bulk": [bulk_cell("W", 3.17, repeats) for repeats in (1, 2, 2, 2)],
        "vacancy": [vacancy_cell("W", 3.19, 2) for _ in range(3)],
    }
    found = {group: [] for group in cells}
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        for group, members in cells.items():
            for cell in members:
                atoms = strained(cell, rng)
                descriptors = calculator.evaluate(atoms)
                weights = tungsten.weights
                energy = descriptors.values @ weights + len(atoms) * tungsten.energy_shift
                stress = descriptors.strain_gradient @ weights / atoms.get_volume()
                found[group].append((atoms, energy, -descriptors.gradient @ weights, stress))
    return found


@pytest.fixture
def folder(calculations, tmp_path):
    """Those calculations as FitSNAP's JSON files, a folder for each group."""
    for group, members in calculations.items():
        (tmp_path / "json" / group).mkdir(parents=True)
        for index, member in enumerate(members):
            path = tmp_path / "json" / group / f"{index}.json"
            path.write_text(fitsnap_text(fitsnap_entry(*member)))
    return tmp_path / "json"


@pytest.fixture
def fit():
    """A posterior fitted to made-up designs."""
    return fit_posterior(designs(), WEIGHTS, 0.25, seed=5, pops=POPS, name="made up")


@pytest.fixture
def table(tungsten):
    """The mean and 4 samples, (5, 55)."""
    noise = np.random.default_rng(1).normal(size=(4, 55))
    return np.vstack([tungsten.theta, tungsten.theta + 1e-3 * noise])


@pytest.fixture
def ensemble(tungsten_files, table, tmp_path):
    """Paths of coefficients, parameters and that table."""
    path = tmp_path / "samples.csv"
    np.savetxt(path, table, delimiter=",", header="row 1: the mean", fmt="%.17g")
    return (*tungsten_files, path)


@pytest.fixture
def alloy_posterior(tungsten_beryllium, tmp_path):
    """A posterior from a table with beta_0 columns, written and read."""
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    blocks = tungsten_beryllium.theta.reshape(2, -1)
    mean = np.column_stack([tungsten_beryllium.energy_shifts, blocks]).ravel()
    rows = mean * (1 + 0.01 * np.random.default_rng(3).normal(size=(4, mean.size)))
    np.savetxt(tmp_path / "samples.csv", [mean, *rows], delimiter=",", fmt="%.17g")
    found = posterior_from_ensemble(coeff, param, tmp_path / "samples.csv", ZblBaseline(4, 4.8))
    write_dataset(found, tmp_path / "posterior.nc", {})
    return read_posterior(tmp_path / "posterior.nc"), rows
