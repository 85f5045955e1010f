"""Turn a SNAP potential and a description of its uncertainty into a posterior file."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.ensemble import ENSEMBLE_SOURCES
from relaxdiff.potentials.snap.baseline import baseline_from_settings

with job(snakemake) as log:
    files, reference = snakemake.input, snakemake.params.reference
    source = snakemake.params.source
    paths = {
        "coefficients": files.coefficients,
        "parameters": files.parameters,
        source: files.uncertainty,
    }
    posterior = ENSEMBLE_SOURCES[source](
        *paths.values(), baseline=baseline_from_settings(reference)
    )
    samples = posterior.sizes.get("sample")
    held = "a normal distribution" if samples is None else f"the mean and {samples} samples"
    log.info("%s: %s", files.uncertainty, held)
    write_dataset(posterior, snakemake.output[0], {"ensemble": {**paths, "reference": reference}})
