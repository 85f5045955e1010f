"""Compare solvers with truth at a strong perturbation, and the energy with the dense solver."""

from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.statistics.solvers import compare_alphas, compare_displacements
from relaxdiff.structures.lattices import starting_crystal

with job(snakemake) as log:
    params = snakemake.params
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    minimum = minimum_from_dataset(read_dataset(snakemake.input.reference), potential)
    truth = read_dataset(snakemake.input.truth)
    displacements = compare_displacements(
        minimum, posterior, truth, starting_crystal(**params.crystal), params.supercell
    )
    displacements.to_csv(snakemake.output.displacements, index=False)
    alphas = compare_alphas(minimum, posterior)
    alphas.to_csv(snakemake.output.alphas, index=False)
    log.info("error of the energy solver:\n%s", alphas.to_string(index=False))
