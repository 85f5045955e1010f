"""What jobs need to run: MPI ranks, progress, checkpoints, Slurm."""
