"""Inputs that tests share: LAMMPS's own tungsten potential and a posterior around it."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from relaxdiff.files.datasets import variable
from relaxdiff.lammps.session import load_lammps
from relaxdiff.potentials.snap.baseline import ZblReference
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.structures.kinds import build_structure, bulk_cell
from relaxdiff.structures.lattices import PerfectCrystal

LATTICE_PARAMETER = 3.18046  # Angstrom, that of W_2940_2017_2


def pytest_collection_modifyitems(items):
    """The file that takes longest first: beside it the other workers do all the rest."""
    items.sort(key=lambda item: item.path.name != "test_slurm.py")


@pytest.fixture(scope="session")
def tungsten_files():
    """Paths of W_2940_2017_2's .snapcoeff and .snapparam, as they come with LAMMPS."""
    folder = Path(load_lammps().__file__).parent / "share/lammps/potentials"
    if not folder.is_dir():  # conda's layout
        folder = Path(load_lammps().__file__).parents[4] / "share/lammps/potentials"
    return folder / "W_2940_2017_2.snapcoeff", folder / "W_2940_2017_2.snapparam"


@pytest.fixture(scope="session")
def tungsten(tungsten_files):
    """W_2940_2017_2 with its ZBL part."""
    return read_snap(*tungsten_files, reference=ZblReference(4.0, 4.8))


@pytest.fixture(scope="session")
def low_symmetry():
    """2x2x3 cells of tungsten with 4 vacancies that inversion maps on each other, nothing else.

    All six strains are totally symmetric, 30 of the 57 displacements too.
    """
    atoms = bulk_cell("W", LATTICE_PARAMETER).repeat((2, 2, 3))
    del atoms[[0, 1, 8, 9]]
    return atoms


@pytest.fixture(scope="session")
def built():
    """Function from a kind of structure and its settings to its unrelaxed Atoms."""

    def build(kind, **settings):
        entry = {"name": kind, "kind": kind, **settings}
        return build_structure(entry, PerfectCrystal("W", "bcc", LATTICE_PARAMETER))

    return build


@pytest.fixture(scope="session")
def samples_around(tungsten):
    """Parameter sets near the potential's: lambda up to about 6 keeps most crystals stable."""

    def make(n_samples, spread=2e-2):
        noise = np.random.default_rng(7).normal(size=(n_samples, tungsten.theta.size))
        return tungsten.theta * (1 + spread * noise)

    return make


@pytest.fixture(scope="session")
def posterior(tungsten, samples_around):
    """A posterior Dataset of 3 samples around W_2940_2017_2, in memory."""
    theta = samples_around(3)
    names = [f"beta_{i + 1}" for i in range(tungsten.theta.size)]
    return xr.Dataset(
        {
            "theta_mean": variable("parameter", tungsten.theta, "eV", "mean"),
            "theta": variable(("sample", "parameter"), theta, "eV", "samples"),
            "energy_shift_mean": variable((), tungsten.energy_shift, "eV", "mean shift"),
            "energy_shift": variable("sample", np.array([0.1, -0.1, 0.0]), "eV", "shifts"),
        },
        coords={"parameter": names, "sample": np.arange(3)},
        attrs={"element": "W"},
    )
