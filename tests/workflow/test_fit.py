"""The target fit, from a config to the verdict of plain LAMMPS, on a vacancy in 15 atoms."""

import ase.io
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from bad_input import PROJECT
from entries import vacancy

from relaxdiff.minima.reference import relax_reference, relaxed_crystal
from relaxdiff.minima.relaxation import relax
from relaxdiff.potentials.snap.alchemical import alchemical
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.structures.lattices import starting_crystal

NEIGHBOUR = 0  # of the vacancy, and the alchemical atom
CRYSTAL = {"element": "W", "lattice": "bcc", "lattice_parameter": None}
STRUCTURE = vacancy(2, cell="fixed")
TABLES = ("fit", "verdict", "in_crystal")
FIGURES = ("fit_path", "fit_cores")


@pytest.fixture(scope="module")
def target(tungsten):
    """Where the atoms are with other parameters of X: positions that a fit can reach."""
    start = relax_reference(tungsten, CRYSTAL, STRUCTURE).atoms
    other = alchemical(tungsten, "W")
    theta, size = other.theta.copy(), other.hyperparameters.n_of_element
    theta[size:] *= 1 + 0.2 * np.random.default_rng(3).normal(size=size)
    atoms = start.copy()
    atoms.symbols[NEIGHBOUR] = "X"
    end = relax(atoms, other.with_theta(theta), "fixed")
    assert end.converged
    moved = np.linalg.norm(end.atoms.positions - start.positions, axis=1).max()
    assert 0.02 < moved < 0.2
    found = start.copy()
    found.positions = end.atoms.positions
    return found


@pytest.fixture(scope="module")
def config(small_config, target, clone):
    """The small study with a fit; the target is a file."""
    ase.io.write(clone.folder / "target.xyz", target, format="extxyz")
    wanted = {"quantity": "positions", "structure": "vacancy", "file": "target.xyz"}
    settings = {"alchemical": [NEIGHBOUR], "free": ["X_beta_*"], "targets": [wanted]}
    return small_config | {"structures": [STRUCTURE], "fit": settings}


@pytest.fixture(scope="module")
def fitted(clone, config):
    """The folder of the fit, and what the run said."""
    clone.write_config(config)
    said = clone.run("fit")
    return clone.folder / "results/small/fit", said


def test_the_fit_reaches_its_target_and_says_so(fitted, target):
    folder, said = fitted
    fit, verdict = (xr.load_dataset(folder / f"{name}.nc") for name in ("fit", "verdict"))
    for variable in [*fit.data_vars.values(), *verdict.data_vars.values()]:
        assert {"units", "long_name"} <= set(variable.attrs), variable.name
    assert fit["largest_deviation"].values[0] > 0.02
    assert fit["largest_deviation"].values[-1] < 1e-3
    assert (fit["atomic_numbers"].values == 0).tolist() == [n == NEIGHBOUR for n in range(15)]
    assert fit["prior_change"].values[0] == 0
    assert fit["prior_change"].values[-1] > 0
    assert verdict.attrs["is_minimum"] == "yes"
    assert (verdict["reached"] == 1).all()
    assert float(verdict["lowest_curvature"]) > 0.05
    relaxed = verdict["relaxed_positions"].sel(begin="start").values
    assert relaxed - relaxed.mean(axis=0) == pytest.approx(
        target.positions - target.positions.mean(axis=0), abs=1e-3
    )
    summary = pd.read_csv(folder / "fit.csv", index_col="item")["value"]
    assert summary["verdict"] == verdict.attrs["verdict"]
    assert float(summary["change_of_parameters"]) == pytest.approx(
        100 * fit["relative_change"].values[-1], rel=1e-4
    )
    assert f"Verdict: {verdict.attrs['verdict']}." in said


def test_what_is_in_the_files_is_described(fitted):
    page = (PROJECT / "docs/files.md").read_text(encoding="utf-8")
    for path in (*fitted[0].glob("*.nc"), *fitted[0].glob("*.csv")):
        text = page.split(f"\n### {path.name}\n")[1].split("\n### ")[0]
        is_table = path.suffix == ".csv"
        for name in pd.read_csv(path) if is_table else xr.load_dataset(path).data_vars:
            assert f"`{name}`" in text, path.name


def test_the_potential_in_the_files_is_the_one_that_was_fitted(fitted):
    folder, _ = fitted
    fit = xr.load_dataset(folder / "fit.nc")
    written = read_snap(folder / "potential.snapcoeff", folder / "potential.snapparam")
    assert written.elements == ("W", "X")
    assert written.theta == pytest.approx(fit["theta_whole"].values[-1], rel=1e-15)
    commands = (folder / "potential.snap").read_text()
    # X repels like the atom that it was.
    assert f"hybrid/overlay {ZblBaseline(4.0, 4.8).style_line()} snap" in commands
    assert "pair_coeff 2 2 zbl 74 74" in commands


def test_the_alchemical_atom_is_looked_at_alone_in_the_crystal(fitted, tungsten):
    table = pd.read_csv(fitted[0] / "in_crystal.csv")
    assert list(table["element"]) == ["X"]
    assert list(table["kind"]) == ["substitutional"]
    assert table["status_before"][0] == "stable"
    # Before the fit X is an atom of the crystal.
    crystal = relaxed_crystal(tungsten, starting_crystal("W", "bcc"))
    per_atom = crystal.energy / len(crystal.atoms)
    assert table["energy_eV_before"][0] == pytest.approx(per_atom, abs=1e-3)
    assert abs(table["energy_change_eV"][0]) > 0.01


def test_nothing_runs_again_but_what_has_changed(fitted, clone, config):
    said = clone.run("fit")
    assert "Nothing to be done" in said
    assert "Verdict: a minimum" in said
    clone.write_config(config | {"figures": {"dpi": 60}})
    assert clone.planned("fit") == {"plot_fit"}
    clone.write_config(config)


def test_the_report_shows_the_fit(fitted, clone):
    folder, _ = fitted
    clone.run("fit", "--report", "fit_report.html")
    page = (clone.folder / "fit_report.html").read_text()
    assert "6. Fit" in page
    for name in (*FIGURES, "where plain LAMMPS relaxes to", "the fit, step by step"):
        assert name.replace("_", " ") in page
    assert "Verdict of plain LAMMPS: a minimum" in page
    for name in FIGURES:
        assert (folder / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
    for name in TABLES:
        assert (folder / f"tables/{name}.html").is_file()
    assert "is_minimum" in (folder / "fit.csv").read_text()


def test_another_method_comes_near(fitted, clone, config):
    """In the same study, of which only the fit runs again: the tests above need it no more.

    A fit by the third one is in tests of the library.
    """
    changes = {"method": "published", "steps": 3, "largest_change": 1.0}
    clone.write_config(config | {"fit": config["fit"] | changes})
    said = clone.run("results/small/fit/fit.nc")
    assert "relax_reference" not in said
    fit = xr.load_dataset(fitted[0] / "fit.nc")
    assert fit.attrs["method"] == "published"
    assert float(fit["loss"][0]) > 1e-4
    assert float(fit["loss"][-1]) < 0.1 * float(fit["loss"][0])


def test_a_fit_without_a_solution_ends_with_a_sentence(fitted, clone, config):
    clone.write_config(config | {"fit": config["fit"] | {"largest_change": 1e-4}})
    said = clone.run("fit", fails=True)
    assert "Error: fit: no change of up to 0.01% of the free parameters makes the target" in said
    assert "Traceback" not in said
    assert not (fitted[0] / "fit.nc").exists()


def test_without_a_fit_in_the_config_the_target_is_refused(clone, config):
    clone.write_config(config | {"study": "none", "fit": None})
    said = clone.run("fit", fails=True)
    assert "Error: fit: is null" in said
    assert "Traceback" not in said
    assert not (clone.folder / "results/none").exists()
