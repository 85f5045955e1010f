"""Draw the parameter sets of the study from the posterior."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.distribution import read_posterior, sample_posterior

with job(snakemake) as log:
    source, params = snakemake.input[0], snakemake.params
    posterior = sample_posterior(read_posterior(source), params.samples, params.seed)
    log.info("%d samples of %s", posterior.sizes["sample"], posterior.attrs["name"])
    made_from = {"source": source, "samples": params.samples, "seed": params.seed}
    write_dataset(posterior, snakemake.output[0], made_from)
