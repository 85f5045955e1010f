"""Relax some of the checked variants again with plain LAMMPS, from the shaken reference."""

from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.running.progress import Progress
from relaxdiff.running.ranks import is_first
from relaxdiff.truth.check import check_variants, choose_variants

with job(snakemake) as log:
    params = snakemake.params
    posterior = read_posterior(snakemake.input.posterior)
    truth = read_dataset(snakemake.input.truth)
    potential = potential_from_posterior(posterior)
    reference = minimum_from_dataset(read_dataset(snakemake.input.reference), potential)
    chosen = choose_variants(truth, params.variants, params.seed)
    chosen = chosen[int(snakemake.wildcards.part) :: params.parts]
    table = check_variants(
        reference,
        posterior,
        read_dataset(snakemake.input.crystal),
        truth,
        chosen,
        params.structure,
        report=Progress(log, len(chosen), "variants"),
    )
    if is_first():
        table.to_csv(snakemake.output[0], index=False)
