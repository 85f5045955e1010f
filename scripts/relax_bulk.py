"""Relax the perfect crystal of every variant and judge its stability."""

import numpy as np
from common import job

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.running.progress import Progress
from relaxdiff.structures.lattices import starting_crystal

with job(snakemake) as log:
    params = snakemake.params
    posterior = read_posterior(snakemake.input.posterior)
    lambdas = lambda_grid(**params.perturbation)
    start = starting_crystal(**params.crystal)
    # A cubic crystal takes seconds.
    walked = start.c is not None or not start.is_simple
    report = {"report": Progress(log, posterior.sizes["sample"])} if walked else {}
    bulk = bulk_of_variants(
        potential_from_posterior(posterior), posterior, lambdas, start, params.supercell, **report
    )
    for status, count in zip(*np.unique(bulk["status"], return_counts=True), strict=True):
        log.info("%d variants: bulk %s", count, status)
    made_from = {key: params[key] for key in ("perturbation", "crystal", "supercell")}
    write_dataset(bulk, snakemake.output[0], made_from)
