"""Relax a structure once, at the mean of the posterior."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.minima.reference import relax_reference
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.running.ranks import is_first

with job(snakemake) as log:
    crystal, structure = snakemake.params.crystal, snakemake.params.structure
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    minimum = relax_reference(potential, crystal, structure, report=log.info)
    log.info(
        "%d atoms, %d evaluations, largest gradient %.1e eV/Angstrom",
        len(minimum.atoms),
        minimum.n_evaluations,
        minimum.max_gradient,
    )
    if is_first():
        made_from = {"crystal": crystal, "structure": structure}
        write_dataset(minimum_dataset(minimum), snakemake.output[0], made_from)
