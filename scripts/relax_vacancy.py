"""Relax the vacancy in a supercell of another size, at the mean of the posterior."""

from common import job

from relaxdiff.datasets import write_dataset
from relaxdiff.minimise import minimum_dataset, relax_reference
from relaxdiff.posterior import potential_from_posterior, read_posterior

with job(snakemake) as log:
    potential = potential_from_posterior(read_posterior(snakemake.input.posterior))
    given = {"element": snakemake.params.element, "lattice": snakemake.params.lattice}
    given["supercell"] = int(snakemake.wildcards.supercell)
    minimum = relax_reference(potential, **given)
    log.info("%d atoms, %d evaluations", len(minimum.atoms), minimum.n_evaluations)
    write_dataset(minimum_dataset(minimum), snakemake.output[0], given)
