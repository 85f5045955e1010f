"""Fit a SNAP potential and its parameter uncertainty to the design rows of all groups."""

from pathlib import Path

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.posterior.coverage import coverage_table
from relaxdiff.posterior.distribution import potential_from_posterior
from relaxdiff.posterior.fit_quality import fit_warnings
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.pops import error_table, fit_posterior
from relaxdiff.potentials.snap.potential import write_snap

with job(snakemake) as log:
    params = snakemake.params
    posterior = fit_posterior(
        [read_dataset(path) for path in snakemake.input.designs],
        read_weights(snakemake.input.weights),
        held_out_fraction=params.held_out_fraction,
        seed=params.seed,
        pops=params.pops,
        name=params.study,
    )
    table = error_table(posterior).T.to_string(float_format="{:.4g}".format)
    log.info("errors and coverage by group:\n%s", table)
    for warning in fit_warnings(posterior):
        log.warning("Warning: %s", warning)
    coverage_table(posterior).to_csv(snakemake.output.coverage, index=False, float_format="%.6g")
    made_from = {key: params[key] for key in ("held_out_fraction", "seed", "pops")}
    write_snap(potential_from_posterior(posterior), Path(snakemake.output[0]).with_suffix(""))
    write_dataset(posterior, snakemake.output[0], {"weights": snakemake.input.weights, **made_from})
