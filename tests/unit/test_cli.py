"""`relaxdiff doctor`, on a sound installation and on broken ones, and `relaxdiff ensemble`."""

import os
import subprocess
import sys

import pytest

import relaxdiff.cli
from relaxdiff.exceptions import LammpsError


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
