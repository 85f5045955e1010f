"""Relax all stable variants of a few samples."""

from common import job

from relaxdiff.datasets import read_dataset, write_dataset
from relaxdiff.minimise import minimum_from_dataset
from relaxdiff.posterior import potential_from_posterior, read_posterior
from relaxdiff.truth import relax_variants

with job(snakemake) as log:
    first, last = map(int, snakemake.wildcards.chunk.split("-"))
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    reference = minimum_from_dataset(read_dataset(snakemake.input.reference), potential)
    truth = relax_variants(
        reference,
        posterior,
        read_dataset(snakemake.input.bulk),
        read_dataset(snakemake.input.derivative),
        read_dataset(snakemake.input.force_constants),
        samples=range(first, last + 1),
        relaxer=snakemake.params.relaxer,
        report=log.info,
    )
    write_dataset(truth, snakemake.output[0], {"relaxer": snakemake.params.relaxer})
