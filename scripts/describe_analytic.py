"""Turn a potential written in JAX and the uncertainty of its parameters into a posterior file."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.named_parameters import posterior_from_named

with job(snakemake) as log:
    settings = snakemake.params.settings
    posterior = posterior_from_named(settings)
    names = ", ".join(posterior["parameter"].values)
    log.info("%s: parameters %s", settings["potential"], names)
    write_dataset(posterior, snakemake.output[0], {"analytic": settings})
