"""Relax the defect's supercell once, at the mean of the posterior."""

from common import job

from relaxdiff.datasets import write_dataset
from relaxdiff.minimise import minimum_dataset, relax_reference
from relaxdiff.parallel import is_first
from relaxdiff.posterior import potential_from_posterior, read_posterior

with job(snakemake) as log:
    structure = snakemake.params.structure
    posterior = read_posterior(snakemake.input.posterior)
    minimum = relax_reference(
        potential_from_posterior(posterior),
        structure["element"],
        structure["lattice"],
        structure["supercell"],
    )
    log.info(
        "%d atoms, %d evaluations, largest gradient %.1e eV/Angstrom",
        len(minimum.atoms),
        minimum.n_evaluations,
        minimum.max_gradient,
    )
    if is_first():
        write_dataset(minimum_dataset(minimum), snakemake.output[0], {"structure": structure})
