"""Relax all stable variants of a few samples."""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.minima.preconditioner import inverse_of_crystal
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.running.checkpoints import Checkpoints
from relaxdiff.running.progress import Progress
from relaxdiff.running.ranks import is_first
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.relaxed_variants import relax_variants

with job(snakemake) as log:
    first, last = map(int, snakemake.wildcards.chunk.split("-"))
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    reference = minimum_from_dataset(read_dataset(snakemake.input.reference), potential)
    params = snakemake.params
    if "force_constants" in snakemake.input.keys():
        constants = read_dataset(snakemake.input.force_constants)
    else:
        crystal = starting_crystal(**params.crystal)
        constants = inverse_of_crystal(reference, crystal, params.supercell)
    truth = relax_variants(
        reference,
        posterior,
        read_dataset(snakemake.input.crystal),
        read_dataset(snakemake.input.derivative),
        constants,
        samples=range(first, last + 1),
        relaxer=params.relaxer,
        report=Progress(log, last + 1 - first),
        checkpoints=Checkpoints(
            params.finished,
            snakemake.input,
            [params.relaxer, params.code],
        ),
    )
    if is_first():
        write_dataset(truth, snakemake.output[0], {"relaxer": params.relaxer})
