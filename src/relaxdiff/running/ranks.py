"""One evaluation spread over ranks: processes of `mpiexec -n 2 python -m mpi4py script.py`.

Every rank runs the same program and has its own LAMMPS, which evaluates that rank's share of the
atoms. The sum of the shares is the same on all ranks, to the last digit, so that all of them
make the same decisions.
"""

import functools

from relaxdiff.exceptions import LammpsError
from relaxdiff.running.mpi_library import load_mpi_library, runs_as_ranks


@functools.cache
def _mpi():
    """mpi4py's MPI module in a process that is a rank, else None."""
    if not runs_as_ranks():
        return None
    load_mpi_library()  # which mpi4py and LAMMPS must share
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise LammpsError(f"running under mpiexec needs mpi4py ({error})") from None
    return MPI if MPI.COMM_WORLD.size > 1 else None


def rank_and_size():
    """This process's rank and the number of ranks; (0, 1) without mpiexec."""
    mpi = _mpi()
    return (mpi.COMM_WORLD.rank, mpi.COMM_WORLD.size) if mpi else (0, 1)


def is_first():
    """Whether this is the rank that reports and writes files."""
    return rank_and_size()[0] == 0


def of_first(make):
    """The result of `make()` on the first rank, given to all ranks."""
    mpi = _mpi()
    if mpi is None:
        return make()
    return mpi.COMM_WORLD.bcast(make() if is_first() else None, root=0)


def own_communicator():
    """The communicator of only this rank, for its own LAMMPS; None without mpiexec."""
    mpi = _mpi()
    return mpi.COMM_SELF if mpi else None


def add_up(share):
    """The sum over the ranks of the array that `share()` makes on each, the same on all ranks.

    A LammpsError of one rank is raised on all, so that none waits for a missing share.
    """
    mpi = _mpi()
    if mpi is None:
        return share()
    own, failure = None, None
    try:
        own = share()
    except LammpsError as error:
        failure = str(error)
    failures = [words for words in mpi.COMM_WORLD.allgather(failure) if words is not None]
    if failures:
        raise LammpsError(failures[0])
    total = mpi.COMM_WORLD.reduce(own, root=0)
    return mpi.COMM_WORLD.bcast(total, root=0)
