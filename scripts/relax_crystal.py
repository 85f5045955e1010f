"""The perfect crystal that a structure is compared with, as free to strain as its cell."""

from common import job

from relaxdiff.crystal import crystal_of_variants, strain_basis_of
from relaxdiff.datasets import read_dataset, write_dataset
from relaxdiff.posterior import potential_from_posterior, read_posterior

with job(snakemake) as log:
    structure = snakemake.params.structure
    posterior = read_posterior(snakemake.input.posterior)
    crystal = crystal_of_variants(
        potential_from_posterior(posterior),
        posterior,
        read_dataset(snakemake.input.bulk),
        strain_basis_of(structure),
    )
    log.info("%d variants with a stable crystal", (crystal["status"] == "stable").sum())
    write_dataset(crystal, snakemake.output[0], {"structure": structure})
