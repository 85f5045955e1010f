"""Relax a structure once, at the mean of the posterior."""

from pathlib import Path

from ase.io import write
from common import job

from relaxdiff.exceptions import LeftStructureError, RelaxationError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.minima.reference import relax_reference
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.running.ranks import is_first


def kept(left, path):
    """A RelaxationError that says where the structure of a LeftStructureError is now, and how to
    use it. path: beside the job's output, with which it must not be confused."""
    if is_first():
        write(path, left.relaxed.atoms)
    return RelaxationError(
        f"{left}. That one is a minimum, in {path}: give it an entry of its own in structures, "
        "with kind: file, path: a copy of that file, "
        f"lattice_parameter: {left.lattice_parameter:.6f}, or leave it out"
    )


with job(snakemake) as log:
    crystal, structure = snakemake.params.crystal, snakemake.params.structure
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    try:
        minimum = relax_reference(potential, crystal, structure, report=log.info)
    except LeftStructureError as left:
        raise kept(left, Path(snakemake.output[0]).with_name("lower_structure.extxyz")) from None
    log.info(
        "%d atoms, %d evaluations, largest gradient %.1e eV/Angstrom",
        len(minimum.atoms),
        minimum.n_evaluations,
        minimum.max_gradient,
    )
    if is_first():
        made_from = {"crystal": crystal, "structure": structure}
        write_dataset(minimum_dataset(minimum), snakemake.output[0], made_from)
