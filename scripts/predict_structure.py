"""Write the predicted relaxed structure (level h+ih) of one variant as extended XYZ."""

from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.posterior.distribution import read_posterior
from relaxdiff.predictions.exported import predicted_atoms

with job(snakemake) as log:
    posterior = read_posterior(snakemake.input.posterior)
    reference = read_dataset(snakemake.input.reference)
    derivative = read_dataset(snakemake.input.derivative)
    atoms = predicted_atoms(posterior, reference, derivative, snakemake.wildcards.variant)
    atoms.write(snakemake.output[0], format="extxyz")
