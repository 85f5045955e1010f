"""What jobs need to run: MPI ranks, progress, checkpoints, Slurm."""

from relaxdiff.running.checkpoints import FOUND_AGAIN, Checkpoints
from relaxdiff.running.mpi_library import load_mpi_library
from relaxdiff.running.ranks import add_up, is_first, of_first, own_communicator, rank_and_size

__all__ = [
    "Checkpoints",
    "FOUND_AGAIN",
    "add_up",
    "is_first",
    "load_mpi_library",
    "of_first",
    "own_communicator",
    "rank_and_size",
]
