"""Relax the vacancy in a supercell of another size, at the mean of the posterior."""

from common import job

from relaxdiff.datasets import write_dataset
from relaxdiff.minimise import minimum_dataset
from relaxdiff.posterior import potential_from_posterior, read_posterior
from relaxdiff.reference import relax_reference

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
