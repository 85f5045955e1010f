"""Predict energy and volume of every stable variant, at every level, from the one derivative."""

from common import job

from relaxdiff.derivative.levels import EVALUATION, HESSIAN, names_of_levels
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.symmetry_blocks import block_tensors
from relaxdiff.posterior.distribution import read_posterior
from relaxdiff.predictions.predicted_variants import predict_variants

with job(snakemake) as log:
    given = snakemake.input
    crystal = read_dataset(given.crystal)
    constants = "force_constants" in given.keys()
    predictions = predict_variants(
        read_posterior(given.posterior),
        crystal,
        read_dataset(given.derivative),
        block_tensors(read_dataset(given.force_constants)) if constants else (),
    )
    log.info("%d variants predicted", (crystal["status"] == "stable").sum())
    if "minimum_in_doubt" in predictions:
        log.info("the minimum of %d is in doubt", predictions["minimum_in_doubt"].sum())
    first, *others, last = names_of_levels(HESSIAN) + names_of_levels(EVALUATION)
    if first not in predictions["level"]:
        log.info(
            "no levels %s and %s: only derivative.solver: dense makes the second derivatives that "
            "they need",
            ", ".join([first, *others]),
            last,
        )
    write_dataset(predictions, snakemake.output[0], {})
