# What all rules share: the checked config, the names of results, the library of this clone, and
# what jobs need on a cluster.

import math
import os
import sys
from pathlib import Path

# Jobs, also those in conda environments and on other hosts, import the library of this clone.
LIBRARY = str(Path(workflow.basedir) / "src")
sys.path.insert(0, LIBRARY)
os.environ["PYTHONPATH"] = os.pathsep.join(
    [LIBRARY, *filter(None, [os.environ.get("PYTHONPATH")])]
)
# One thread in each job: the parallelism is between jobs.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

from relaxdiff.config import check_config
from relaxdiff.datasets import code_digest
from relaxdiff.exceptions import InputError, SlurmError
from relaxdiff.slurm import cancel_leftovers, closing_summary
from relaxdiff.structures import atoms_per_cubic_cell
from relaxdiff.variants import lambda_grid


configfile: "config.yaml"


try:
    check_config(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
except InputError as error:
    # Not a WorkflowError: that would wrap the sentence in file names and line numbers.
    print(f"Error in the config: {error}", file=sys.stderr)
    sys.exit(1)

STUDY = f"results/{config['study']}"
VARIANT = r"sample\d\d\d+_lambda[+-]\d+(\.\d+)?"


wildcard_constraints:
    variant=VARIANT,
    chunk=r"\d+-\d+",
    part=r"\d+",
    supercell=r"\d+",
    solver="dense|sparse|energy|lammps",


def chunks():
    """Names of the truth jobs: ranges of samples such as 000-004, both ends included."""
    size, total = config["truth"]["samples_per_job"], config["posterior"]["samples"]
    return [
        f"{first:03d}-{min(first + size, total) - 1:03d}" for first in range(0, total, size)
    ]


# Sizes that decide how much a job needs; the measurements behind the numbers: docs/cluster.md.
ATOMS = atoms_per_cubic_cell(config["structure"]["lattice"]) * config["structure"]["supercell"] ** 3
LAMBDAS = len(lambda_grid(**config["perturbation"]))
VARIANTS = config["posterior"]["samples"] * LAMBDAS
# The two Snakemake processes that Slurm runs a job under. Then, for each process of the job: Python
# with its libraries and what grows with the cell, without and with the second derivatives of all
# symmetry blocks.
BASE_MB = 400
SPARSE_MB = 400 + 0.1 * ATOMS
FORCE_CONSTANTS_MB = SPARSE_MB + 500 * (ATOMS / 1000) ** 2
# What does not depend on the number of variants: a few hundred evaluations.
SET_UP_MINUTES = 10 * ATOMS / 8000
# Jobs that spread each evaluation over MPI ranks ask for these. One rank: a plain process.
RANKS = config["ranks"]
MPI = {"mpi": "mpiexec", "tasks": RANKS, "cpus_per_task": 1} if RANKS > 1 else {}


def grows(amount):
    """A resource that an attempt after a failure gets more of; amount may depend on wildcards."""

    def needed(wildcards, attempt):
        return math.ceil(attempt * (amount(wildcards) if callable(amount) else amount))

    return needed


def cancel_leftover_jobs():
    """At the start of a run: those of a run that was killed would write the same files."""
    try:
        cancelled = cancel_leftovers(os.getcwd())
    except SlurmError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    if cancelled:
        print(
            f"Cancelled {len(cancelled)} Slurm jobs that an earlier, killed run left here: "
            + ", ".join(cancelled),
            file=sys.stderr,
        )


def print_closing_summary(logs):
    """At the end of a run under Slurm: what became of its jobs."""
    for line in closing_summary(logs):
        print(line, file=sys.stderr)
