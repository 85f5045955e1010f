"""What tests share: a potential, a posterior around it, small studies, clones, a browser."""

import os
import shutil
from pathlib import Path

import ase.io
import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from bad_input import MORSE, PROJECT, WEIGHTS, json_text
from clones import Clone
from entries import vacancy
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from small_study import SmallStudy

from relaxdiff.files.datasets import variable
from relaxdiff.lammps.session import load_lammps
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.potentials.snap.potential import write_snap
from relaxdiff.structures.kinds import build_structure, bulk_cell
from relaxdiff.structures.lattices import PerfectCrystal

LATTICE_PARAMETER = 3.18046  # Angstrom, that of W_2940_2017_2


# The files that take longest come first: beside Slurm's, which waits more than it works, the other
# workers do all the rest.
LONGEST = ("slurm", "examples", "faults", "study_of_structures", "report", "study")


def pytest_collection_modifyitems(items):
    """Long files first, so that no worker is left with one at the end; those that use JAX last.

    Each run of LAMMPS counts the pieces of free memory in its process (mallinfo), which compiling
    with JAX leaves in great numbers: up to 40 ms instead of 1 ms for a small cell.
    """
    order = {f"workflow/test_{name}.py": place for place, name in enumerate(LONGEST)}
    compiles = {path: _uses_jax(path) for path in {item.path for item in items}}

    def place(item):
        name = f"{item.path.parent.name}/{item.path.name}"
        return order.get(name, len(order) + compiles[item.path])

    items.sort(key=place)


def _uses_jax(path):
    """Whether the tests in a file compile with JAX in their own process."""
    text = path.read_text(encoding="utf-8")
    tells = "analytic" in path.parts or "jax" in text or "bad_analytic_input" in text
    return tells and "workflow" not in path.parts


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
    return read_snap(*tungsten_files, baseline=ZblBaseline(4.0, 4.8))


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


@pytest.fixture(scope="session")
def small_study(tungsten, posterior):
    """A vacancy in 2x2x2 cells, its parts made when they are first asked for: a SmallStudy."""
    return SmallStudy(tungsten, posterior)


@pytest.fixture(scope="session")
def input_files(tungsten, samples_around, tmp_path_factory):
    """Bytes of each file that a study here can name, by path."""
    folder = tmp_path_factory.mktemp("files")
    write_snap(tungsten, folder / "W")
    (folder / "W.snap").unlink()
    table = np.vstack([tungsten.theta, samples_around(3)])
    np.savetxt(folder / "samples.csv", table, delimiter=",")
    np.save(folder / "samples.npy", table)
    (folder / "posterior.nc").write_bytes((PROJECT / "resources/tungsten.nc").read_bytes())
    (folder / "morse.py").write_text(MORSE)
    (folder / "weights.csv").write_text(f"{WEIGHTS}bulk,1000,1,0\nvacancy,1000,1,0\n")
    for group in ("bulk", "vacancy"):
        (folder / "training" / group).mkdir(parents=True)
        (folder / "training" / group / "0.json").write_text(f"# made by a test\n{json_text()}")
    ase.io.write(folder / "loop.xyz", bulk("W", "bcc", 3.18, cubic=True) * 2, format="extxyz")
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """One clone for a test file."""
    return Clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def fresh_clone(tmp_path):
    """A clone of its own for one test."""
    return Clone(tmp_path)


@pytest.fixture(scope="session")
def finished_study(small_config, tmp_path_factory):
    """A clone in which the small study was run: copied, never run in, by several test files."""
    finished = Clone(tmp_path_factory.mktemp("finished"))
    finished.write_config(small_config)
    finished.run()
    return finished


@pytest.fixture(scope="module")
def study_clone(finished_study, tmp_path_factory):
    """A copy of that clone for a test file."""
    return Clone(tmp_path_factory.mktemp("study"), of=finished_study)


@pytest.fixture(scope="session")
def small_config(tungsten_files, tungsten, samples_around, tmp_path_factory):
    """A small study on W_2940_2017_2 and samples around it: 27 conventional cells, 3 samples."""
    folder = tmp_path_factory.mktemp("inputs")
    table = np.vstack([tungsten.theta, samples_around(3)])
    np.savetxt(folder / "samples.csv", table, delimiter=",")
    return {
        "study": "small",
        "posterior": {
            "samples": 3,
            "file": None,
            "ensemble": {
                "coefficients": str(tungsten_files[0]),
                "parameters": str(tungsten_files[1]),
                "samples": str(folder / "samples.csv"),
                "reference": {"style": "zbl", "inner": 4.0, "outer": 4.8},
            },
        },
        "perturbation": {"lambda_min": -4, "lambda_max": 4, "lambda_step": 1},
        "crystal": {"supercell": 3},
        "structures": [vacancy(3)],
        "prediction": {"evaluate": ["h+ih@x", "newton@x"]},
        "truth": {"samples_per_job": 3, "checked_variants": 2},
    }


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. Without it tests are skipped, but fail in CI, which installs it."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        reason = "needs Chromium: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1400,2000"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options, Service(driver))
    yield running
    running.quit()
