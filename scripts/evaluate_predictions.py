"""Evaluate the structures predicted for all stable variants of a few samples."""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.predictions.evaluated import evaluate_predictions
from relaxdiff.running.progress import Progress
from relaxdiff.running.ranks import is_first

with job(snakemake) as log:
    first, last = map(int, snakemake.wildcards.chunk.split("-"))
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    evaluations = evaluate_predictions(
        minimum_from_dataset(read_dataset(snakemake.input.reference), potential),
        posterior,
        read_dataset(snakemake.input.crystal),
        read_dataset(snakemake.input.derivative),
        samples=range(first, last + 1),
        report=Progress(log, last + 1 - first),
        levels=snakemake.params.levels,
    )
    if is_first():
        write_dataset(evaluations, snakemake.output[0], {})
