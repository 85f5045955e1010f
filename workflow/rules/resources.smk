# How much memory and time jobs need: functions of their wildcards. docs/cluster.md has the
# measurements behind the numbers.

import math

from relaxdiff.structures.lattices import BRAVAIS
from relaxdiff.structures.kinds import kind_of
from relaxdiff.posterior.variants import lambda_grid

LAMBDAS = len(lambda_grid(**config["perturbation"]))
VARIANTS = config["posterior"]["samples"] * LAMBDAS  # of one structure
# The two Snakemake processes that Slurm runs a job under.
BASE_MB = 400
# Resources of jobs that spread each evaluation over MPI ranks; with one rank it is one process.
RANKS = config["ranks"]
MPI = {"mpi": "mpiexec", "tasks": RANKS, "cpus_per_task": 1} if RANKS > 1 else {}
# Seconds for one variant of a 4^3 cell with a vacancy, several times the measured time, and the
# power of the number of atoms with which they grow. LAMMPS does not use symmetry.
SECONDS_4 = {"newton": 0.05, "sparse": 0.3, "lammps": 10.0}
GROWTH = {"newton": 0.8, "sparse": 0.8, "lammps": 1.3}
# Number of jobs that the checks by plain LAMMPS are divided into.
CHECK_JOBS = min(4, config["truth"]["checked_variants"])


def grows(amount):
    """A resource that grows with each attempt after a failure; amount may depend on wildcards."""

    def needed(wildcards, attempt):
        return math.ceil(attempt * (amount(wildcards) if callable(amount) else amount))

    return needed


def mb_of_cell(wildcards):
    """Memory of a job: for each process Python, libraries and data that grow with the cell."""
    return BASE_MB + RANKS * (400 + 0.1 * ATOMS[wildcards.structure])


def mb_of_sparse(wildcards):
    """The same with what preconditions the solver and the relaxer sparse.

    Vacancies and the like have the crystal's Green's function, all others factorised force constants.
    """
    factors = 0 if kind_of(entry_of(wildcards)).on_lattice else 200
    return mb_of_cell(wildcards) + RANKS * factors * (ATOMS[wildcards.structure] / 1000) ** 2


def asymmetry(wildcards):
    """Factor by which memory and time exceed those of a vacancy, for lack of symmetry."""
    return kind_of(entry_of(wildcards)).asymmetry


def mb_of_force_constants(wildcards):
    """The same with the second derivatives of all symmetry blocks."""
    tensors = 500 * asymmetry(wildcards) * (ATOMS[wildcards.structure] / 1000) ** 2
    return mb_of_cell(wildcards) + RANKS * tensors


def mb_of_predictions(wildcards):
    """Memory for the predictions of all variants and, if used, those second derivatives."""
    return 2000 + (mb_of_force_constants(wildcards) if BLOCKS else 0)


def minutes_to_set_up(wildcards):
    """Time that does not depend on the number of variants: a few hundred evaluations."""
    return 5 + 10 * asymmetry(wildcards) * ATOMS[wildcards.structure] / 8000


def mb_of_reference(wildcards):
    """With the second derivatives that detect saddle points, except where cells may be large."""
    kind = kind_of(entry_of(wildcards))
    on_lattice = kind.on_lattice and config["crystal"]["lattice"] in BRAVAIS
    sparse = on_lattice or kind.is_disk
    return (mb_of_cell if sparse else mb_of_force_constants)(wildcards)


def minutes_of_bulk(lattice):
    """Crystals with one lattice parameter are interpolated, others are relaxed one by one."""
    return 5 + VARIANTS / (3_000 if lattice in ("hcp", "file") else 50_000)


def minutes_to_evaluate(wildcards):
    """Time limit of one chunk: up to two evaluations for each variant, if all are stable."""
    first, last = map(int, wildcards.chunk.split("-"))
    variants = (last - first + 1) * LAMBDAS
    seconds = 0.05 * asymmetry(wildcards) * (ATOMS[wildcards.structure] / 128) ** 0.8
    return minutes_to_set_up(wildcards) + variants * seconds / 60


def seconds_per_variant(relaxer, wildcards):
    slower = 1 if relaxer == "lammps" else asymmetry(wildcards)
    return slower * SECONDS_4[relaxer] * (ATOMS[wildcards.structure] / 128) ** GROWTH[relaxer]


def minutes_to_relax(wildcards):
    """Time limit of one chunk, if all its variants are stable."""
    first, last = map(int, wildcards.chunk.split("-"))
    variants = (last - first + 1) * LAMBDAS
    seconds = seconds_per_variant(config["truth"]["relaxer"], wildcards)
    return minutes_to_set_up(wildcards) + variants * seconds / 60


def minutes_to_check(wildcards):
    """Time limit of one share of the checks by plain LAMMPS."""
    variants = math.ceil(config["truth"]["checked_variants"] / CHECK_JOBS)
    return minutes_to_set_up(wildcards) + variants * seconds_per_variant("lammps", wildcards) / 60


def mb_of_fit(wildcards):
    """Second derivatives by the free parameters, and a sparse factorised Hessian."""
    return BASE_MB + 2500 + 0.5 * ATOMS[FIT_TARGET["structure"]]


def minutes_to_fit(wildcards):
    """Time of a fit, and of one relaxation by plain LAMMPS with the fitted potential."""
    return 15 + 60 * ATOMS[FIT_TARGET["structure"]] / 1000
