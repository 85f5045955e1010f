"""The target fit for quantities: the examples as they are, another study from one, a killed run."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import ase.io
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from ase.build import bulk
from bad_input import MORSE
from entries import vacancy

EXAMPLES = Path(__file__).parents[2] / "config/examples"


def read_config(clone, name):
    """Write an example as the clone's config."""
    clone.write_config(yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")))


def run(clone, name):
    """Run the target fit of an example as it is; the folder of its results, and what was said."""
    read_config(clone, name)
    said = clone.run("fit")
    return clone.folder / f"results/{name}/fit", said


@pytest.fixture(scope="module")
def silicon(clone):
    pytest.importorskip("jax")  # which `make jax` adds
    return run(clone, "silicon_elastic")


@pytest.fixture(scope="module")
def tungsten(clone):
    return run(clone, "tungsten_properties")


def test_silicon_has_the_published_optimum(silicon):
    folder, said = silicon
    fit = xr.open_dataset(folder / "fit.nc")
    ended = fit["theta"].isel(step=-1)
    assert float(ended.sel(parameter="epsilon")) == pytest.approx(1.935161, abs=1e-4)
    assert float(ended.sel(parameter="lambda")) == pytest.approx(33.78673, abs=1e-4)
    assert fit["value"].isel(step=-1).sel(quantity="c44").item() == pytest.approx(70.442, abs=1e-3)
    assert "162.305" in said
    assert (folder / "figures/fit_quantities.png").stat().st_size > 10_000
    assert "162.3" in (folder / "tables/quantities.html").read_text()


def test_lammps_finds_the_same_with_the_written_file(silicon):
    table = pd.read_csv(silicon[0] / "quantities.csv").set_index("quantity")
    assert (silicon[0] / "potential.sw").exists()
    known = table.dropna(subset="lammps")
    assert {"c11", "c12", "c44", "cohesive_energy"} <= set(known.index)
    assert known["after"].tolist() == pytest.approx(known["lammps"].tolist(), rel=1e-4)


def test_tungsten_meets_all_targets_and_tells_what_else_changes(tungsten):
    folder, _ = tungsten
    table = pd.read_csv(folder / "quantities.csv").set_index("quantity")
    wanted = table.dropna(subset="target")
    assert len(wanted) == 4
    assert wanted["after"].tolist() == pytest.approx(wanted["target"].tolist(), rel=5e-3)
    assert table["after"].tolist() == pytest.approx(table["lammps"].tolist(), rel=1e-4)
    assert table.loc["cohesive_energy", "after"] == pytest.approx(8.909, abs=0.02)
    fit = xr.open_dataset(folder / "fit.nc")
    assert fit.sizes["step"] <= 15
    assert 1 < float(fit["distance"].isel(step=-1)) < 30  # standard deviations
    assert fit.attrs["stability"] == "stable"
    posterior = xr.open_dataset(folder / "posterior.nc")
    assert posterior["normal_energy_shift"].values.any()


def test_silicon_finds_the_potential_that_made_its_force_constants(clone):
    """A teacher's in place of DFT's, with two parameters that the example has not."""
    pytest.importorskip("jax")  # which `make jax` adds
    from phonopy.file_IO import write_FORCE_CONSTANTS

    read_config(clone, "silicon_phonons")
    crystal = bulk("Si", "diamond", a=5.46858165, cubic=True).repeat(2)
    wanted = {"epsilon": 1.9, "lambda": 25.0}
    config = yaml.safe_load((EXAMPLES / "silicon_phonons.yaml").read_text(encoding="utf-8"))
    given = config["posterior"]["analytic"]["parameters"]
    made = teacher_force_constants("stillinger_weber", given | wanted, crystal)
    write_FORCE_CONSTANTS(made, filename=clone.folder / "FORCE_CONSTANTS")
    ase.io.write(clone.folder / "SPOSCAR", crystal, format="vasp", direct=True)
    clone.run("fit")
    folder = clone.folder / "results/silicon_phonons/fit"
    ended = xr.open_dataset(folder / "fit.nc").isel(step=-1)
    for name, value in wanted.items():
        assert float(ended["theta"].sel(parameter=name)) == pytest.approx(value, rel=1e-5)
    phonons = xr.open_dataset(folder / "phonons.nc")["band_frequency"]
    before, after = (
        float(abs(phonons.sel(source=when) - phonons.sel(source="target")).max())
        for when in ("before", "after")
    )
    assert before > 0.5
    assert after < 1e-3
    assert (folder / "figures/phonons.png").stat().st_size > 10_000


def teacher_force_constants(name, parameters, atoms):
    """(N, N, 3, 3), by differences of a calculator's forces."""
    from relaxdiff.potentials.analytic import analytic_potential

    atoms.calc = analytic_potential(name, parameters).calculator()
    count, step = len(atoms), 1e-4
    found = np.empty((count, 3, count, 3))
    for atom, axis in np.ndindex(count, 3):
        change = []
        for sign in (1, -1):
            atoms.positions[atom, axis] += sign * step
            change.append(atoms.get_forces())
            atoms.positions[atom, axis] -= sign * step
        found[atom, axis] = (change[1] - change[0]) / (2 * step)
    return found.transpose(0, 2, 1, 3)


def test_an_energy_of_the_users_own_is_fitted(clone):
    """Without a file for LAMMPS; the depth of a Morse potential multiplies its moduli."""
    pytest.importorskip("jax")  # which `make jax` adds
    (clone.folder / "mine.py").write_text(MORSE)
    clone.write_config(
        {
            "study": "morse",
            "posterior": {
                "samples": 2,
                "file": None,
                "analytic": {"potential": "mine.py", "deviations": {"depth": 0.01}},
            },
            "crystal": {"supercell": 2},
            "structures": [vacancy(2)],
            "fit": {
                "free": ["depth"],
                "bounds": {"depth": [0.1, 2.0]},
                "targets": [{"quantity": "bulk_modulus", "value": 320, "tolerance": 1}],
            },
        }
    )
    clone.run("fit")
    folder = clone.folder / "results/morse/fit"
    fit = xr.open_dataset(folder / "fit.nc")
    first, last = fit.isel(step=0), fit.isel(step=-1)
    moduli = [float(each["value"].sel(quantity="bulk_modulus")) for each in (first, last)]
    depths = [float(each["theta"].sel(parameter="depth")) for each in (first, last)]
    assert moduli[1] == pytest.approx(320, abs=1e-4)
    assert depths[1] / depths[0] == pytest.approx(moduli[1] / moduli[0], rel=1e-8)
    assert fit.attrs["stability"] == "stable"
    assert not list(folder.glob("potential.*"))


def test_a_forward_study_takes_the_new_posterior(tungsten, clone):
    folder, _ = tungsten
    clone.write_config(
        {
            "study": "forward",
            "posterior": {"file": str(folder / "posterior.nc"), "samples": 3},
            "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
            "crystal": {"supercell": 2},
            "structures": [vacancy(2)],
        }
    )
    clone.run("results/forward/vacancy/predictions.nc")
    predictions = xr.open_dataset(clone.folder / "results/forward/vacancy/predictions.nc")
    at_one = predictions["formation_energy"].sel({"lambda": 1, "level": "newton"})
    assert at_one.notnull().all()
    assert float(at_one.std()) > 0


def test_a_killed_fit_goes_on_where_it_was(tungsten, clone):
    """And ends with the same numbers to the last digit."""
    folder, _ = tungsten
    read_config(clone, "tungsten_properties")
    before = xr.open_dataset(folder / "fit.nc").load()
    shutil.rmtree(folder)
    process = subprocess.Popen(
        clone.command("fit"),
        cwd=clone.folder,
        env=clone.environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    unfinished = folder / ".evaluations"
    while process.poll() is None and len(list(unfinished.glob("*.npz"))) < 4:
        time.sleep(0.05)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(list(unfinished.glob("*.npz")))
    assert kept >= 4
    clone.run("--unlock")
    clone.run("fit", "--rerun-incomplete")
    after = xr.open_dataset(folder / "fit.nc")
    for name in ("theta", "value", "loss"):
        assert after[name].equals(before[name])
    assert not unfinished.exists()
