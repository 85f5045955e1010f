"""Turn a SNAP potential and a table of parameter samples into a posterior file."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.potentials.snap.baseline import baseline_from_settings

with job(snakemake) as log:
    source, reference = snakemake.input, snakemake.params.reference
    posterior = posterior_from_ensemble(
        source.coefficients,
        source.parameters,
        source.samples,
        baseline=baseline_from_settings(reference),
    )
    log.info("%s: the mean and %d samples", source.samples, posterior.sizes["sample"])
    write_dataset(
        posterior, snakemake.output[0], {"ensemble": {**dict(source), "reference": reference}}
    )
