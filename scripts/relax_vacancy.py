"""Relax the vacancy in a supercell of another size, at the mean of the posterior."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.minima.reference import relax_reference
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior

with job(snakemake) as log:
    potential = potential_from_posterior(read_posterior(snakemake.input.posterior))
    crystal, supercell = snakemake.params.crystal, int(snakemake.wildcards.supercell)
    structure = {
        "name": f"vacancy_{supercell}",
        "kind": "vacancy",
        "supercell": supercell,
        "cell": "isotropic",
    }
    minimum = relax_reference(potential, crystal, structure)
    log.info("%d atoms, %d evaluations", len(minimum.atoms), minimum.n_evaluations)
    made_from = {"crystal": crystal, "structure": structure}
    write_dataset(minimum_dataset(minimum), snakemake.output[0], made_from)
