"""Predict energy and volume of every stable variant, at every level, from the one derivative."""

from common import job

from relaxdiff.derivative.levels import EVALUATION, HESSIAN, names_of_levels
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.posterior.distribution import read_posterior
from relaxdiff.predictions.predicted_variants import predict_variants

with job(snakemake) as log:
    crystal = read_dataset(snakemake.input.crystal)
    derivative = read_dataset(snakemake.input.derivative)
    predictions = predict_variants(read_posterior(snakemake.input.posterior), crystal, derivative)
    log.info("%d variants predicted", (crystal["status"] == "stable").sum())
    first, *others, last = names_of_levels(HESSIAN) + names_of_levels(EVALUATION)
    if first not in predictions["level"]:
        log.info(
            "no levels %s and %s: only derivative.solver: dense makes the second derivatives that "
            "they need",
            ", ".join([first, *others]),
            last,
        )
    write_dataset(predictions, snakemake.output[0], {})
