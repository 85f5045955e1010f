"""Write the predicted relaxed structure (level h+ih) of one variant as extended XYZ."""

from common import job

from relaxdiff.derivative.expansion import predicted_structure
from relaxdiff.files.datasets import read_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.posterior.variants import variant_potential

with job(snakemake) as log:
    posterior = read_posterior(snakemake.input.posterior)
    mean = potential_from_posterior(posterior)
    variant = variant_potential(mean, posterior, snakemake.wildcards.variant)
    reference = minimum_from_dataset(read_dataset(snakemake.input.reference), mean).atoms
    derivative = read_dataset(snakemake.input.derivative)
    atoms = predicted_structure(reference, derivative, variant.theta - mean.theta)
    atoms.info["potential"] = variant.name
    atoms.write(snakemake.output[0], format="extxyz")
