"""Certify the predictions of a few samples, and relax the variants that none is certified for."""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.predictions.adaptive import Certificate
from relaxdiff.running.checkpoints import Checkpoints
from relaxdiff.running.progress import Progress
from relaxdiff.running.ranks import is_first
from relaxdiff.truth.relaxed_variants import relax_variants

with job(snakemake) as log:
    first, last = map(int, snakemake.wildcards.chunk.split("-"))
    params, given = snakemake.params, snakemake.input
    posterior = read_posterior(given.posterior)
    potential = potential_from_posterior(posterior)
    reference = minimum_from_dataset(read_dataset(given.reference), potential)
    crystal, derivative = read_dataset(given.crystal), read_dataset(given.derivative)
    predictions = read_dataset(given.predictions)
    with Certificate(
        reference, posterior, crystal, derivative, predictions, params.tolerance / 1000
    ) as certificate:
        adapted = relax_variants(
            reference,
            posterior,
            crystal,
            derivative,
            read_dataset(given.force_constants),
            samples=range(first, last + 1),
            relaxer="newton",
            report=Progress(log, last + 1 - first),
            checkpoints=Checkpoints(params.finished, given, [params.tolerance, params.code]),
            certificate=certificate,
        )
    if is_first():
        write_dataset(adapted, snakemake.output[0], {"tolerance_meV": params.tolerance})
