"""The commands of `relaxdiff`; `doctor` on broken installations, too."""

import os
import subprocess
import sys

import ase.io
import pandas as pd
import pytest
import xarray as xr
import yaml

import relaxdiff.cli
from relaxdiff.cli import main
from relaxdiff.exceptions import LammpsError
from relaxdiff.structures.kinds import vacancy_cell


def test_doctor_finds_everything():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from relaxdiff.cli import main; sys.exit(main(['doctor']))",
        ],
        check=True,
        text=True,
        capture_output=True,
    )
    for word in ("lammps", "snakemake", "ML-SNAP is in it", "two atoms evaluated"):
        assert word in done.stdout


def test_doctor_says_what_is_missing(monkeypatch, capsys):
    def broken():
        raise LammpsError("LAMMPS does not load (libmpi.so.12: no such file): install it with ...")

    monkeypatch.setattr(relaxdiff.cli, "load_lammps", broken)
    assert relaxdiff.cli.main(["doctor"]) == 1
    assert "Error: LAMMPS does not load (libmpi.so.12" in capsys.readouterr().err


def test_doctor_answers_when_mpi_ends_the_process(monkeypatch, capsys, tmp_path):
    """No exception is raised then: the process that loads LAMMPS is gone."""
    (tmp_path / "lammps.py").write_text(
        "import os\nprint('Abort(1): MPI', flush=True)\nos._exit(15)"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert relaxdiff.cli.main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert "Error: loading LAMMPS ends the process with exit code 15 (Abort(1): MPI)" in said


def test_unknown_commands_are_refused(capsys):
    with pytest.raises(SystemExit):
        relaxdiff.cli.main(["cure"])
    assert "invalid choice" in capsys.readouterr().err


@pytest.fixture
def files(input_files, tmp_path, monkeypatch):
    """W.snapcoeff, W.snapparam, samples.csv and an unrelaxed vacancy.xyz in the working folder."""
    monkeypatch.chdir(tmp_path)
    for path, content in input_files.items():
        if path.name in ("W.snapcoeff", "W.snapparam", "samples.csv"):
            path.write_bytes(content)
    vacancy_cell("W", 3.165, 2).write("vacancy.xyz", format="extxyz")
    return ["W.snapcoeff", "W.snapparam"]


def test_without_arguments_it_says_what_it_can(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    for command in ("doctor", "ensemble", "init", "predict", "relax", "export", "summary"):
        assert f"    {command} " in said


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == relaxdiff.__version__


def test_init_writes_a_config_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["study"] == "tungsten"
    assert main(["init"]) == 1
    assert "mine.yaml exists: remove it, or name another file" in capsys.readouterr().err


def test_relax_writes_what_the_library_finds(files, capsys, tungsten):
    command = ["relax", *files, "vacancy.xyz", "relaxed.extxyz", "--zbl", "4.0", "4.8"]
    assert main(command) == 0
    expected = relaxdiff.relax(vacancy_cell("W", 3.165, 2), tungsten)
    relaxed = ase.io.read("relaxed.extxyz")
    assert relaxed.get_volume() == pytest.approx(expected.atoms.get_volume(), abs=1e-4)
    assert relaxed.get_potential_energy() == pytest.approx(expected.energy, abs=1e-5)
    assert f"{expected.energy:.6f} eV" in capsys.readouterr().out


def test_predict_prints_and_writes(files, capsys, small_study):
    command = ["predict", *files, "samples.csv", "vacancy.xyz", "found.nc"]
    command += ["--crystal", "W", "bcc", "--zbl", "4.0", "4.8"]
    assert main(command) == 0
    study = small_study.predictions.sel({"level": "newton", "lambda": 1})["formation_energy"]
    said = capsys.readouterr().out
    assert f"E_f = {float(study.mean()):.4f} +- {float(study.std()):.4f} eV" in said
    assert "3 of 3 samples have a stable crystal; level newton" in said
    with xr.open_dataset("found.nc") as found:
        energy = found["formation_energy"].sel(level="newton").values
    assert energy == pytest.approx(study.values, abs=1e-6)


def test_bad_input_is_one_sentence(files, capsys):
    given = ["samples.csv", "vacancy.xyz", "found.nc", "--crystal", "Xx", "bcc"]
    assert main(["predict", *files, *given]) == 1
    assert capsys.readouterr().err.startswith("Error: ")
    assert main(["relax", *files, "nothing.xyz", "relaxed.xyz"]) == 1
    assert "nothing.xyz is not a file" in capsys.readouterr().err
    assert main(["export", ".", "sample000_lambda+01.0", "w0"]) == 1
    assert "is no folder of a study" in capsys.readouterr().err


def test_summary_is_the_closing_table(tmp_path, capsys):
    folder = tmp_path / "vacancy"
    folder.mkdir()
    rows = [("study", "variants", 27), ("crystal", "stable", 25), ("truth", "converged", 24)]
    table = pd.DataFrame(rows, columns=["topic", "item", "value"])
    table.assign(units="").to_csv(folder / "summary.csv", index=False)
    assert main(["summary", str(tmp_path)]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["structure", "variants", "kept", "cut"]
    assert row.split()[:5] == ["vacancy", "27", "25", "2", "24"]
