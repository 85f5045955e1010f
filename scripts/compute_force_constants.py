"""Second derivatives of the reference's energy in each symmetry block: is it a minimum?"""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.running.ranks import is_first

with job(snakemake) as log:
    potential = potential_from_posterior(read_posterior(snakemake.input.posterior))
    minimum = minimum_from_dataset(read_dataset(snakemake.input.reference), potential)
    constants = force_constants(minimum)
    lowest = float(constants["lowest_curvature"])
    log.info("lowest curvature in the full space: %.3f eV/Angstrom^2", lowest)
    if is_first():
        write_dataset(constants, snakemake.output[0], {})
