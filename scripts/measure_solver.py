"""Measure what one solver needs for one derivative, or LAMMPS for one relaxation, at one size."""

import pandas as pd
from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.statistics.solvers import measure_solver
from relaxdiff.structures.lattices import starting_crystal

with job(snakemake) as log:
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    row = measure_solver(
        snakemake.wildcards.solver,
        minimum_from_dataset(read_dataset(snakemake.input.reference), potential),
        posterior,
        starting_crystal(**snakemake.params.crystal),
        int(snakemake.wildcards.supercell),
    )
    log.info("%(solver)s, %(atoms)d atoms: %(seconds).2f s, %(peak_MiB).0f MiB", row)
    pd.DataFrame([row]).to_csv(snakemake.output[0], index=False)
