"""Predict every stable variant, and many draws of the posterior, from the one derivative."""

from common import job

from relaxdiff.derivative.levels import EVALUATION, HESSIAN, names_of_levels
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.minima.symmetry_blocks import block_tensors
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.predictions.draws import predict_draws
from relaxdiff.predictions.predicted_variants import predict_variants

with job(snakemake) as log:
    given = snakemake.input
    posterior, seed = read_posterior(given.posterior), snakemake.params.seed
    crystal, derivative = read_dataset(given.crystal), read_dataset(given.derivative)
    constants = "force_constants" in given.keys()
    blocks = block_tensors(read_dataset(given.force_constants)) if constants else ()
    potential = potential_from_posterior(posterior)
    minimum = minimum_from_dataset(read_dataset(given.reference), potential)
    predictions = predict_variants(posterior, crystal, derivative, blocks, minimum)
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
    write_dataset(predictions, snakemake.output.predictions, {})
    draws = predict_draws(posterior, crystal, derivative, seed=seed)
    log.info(
        "%d draws from the posterior, at the levels %s",
        draws.sizes["draw"],
        " and ".join(draws["level"].values),
    )
    if draws.attrs["drawn_from"] == "samples":
        log.info("the posterior has no distribution to draw from: its samples are the draws")
    write_dataset(draws, snakemake.output.draws, {"seed": seed})
