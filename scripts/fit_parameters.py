"""Fit parameters to a structure, and write the potential as files that LAMMPS reads."""

import time
from pathlib import Path

from common import job

from relaxdiff.files.datasets import read_dataset, variable, write_dataset
from relaxdiff.fit.fitted import fit_parameters
from relaxdiff.fit.prior import prior_distance, prior_root
from relaxdiff.fit.setup import fit_problem
from relaxdiff.fit.targets import target_from_file
from relaxdiff.fit.written import write_fitted
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.minima.reference import crystal_of, relaxed_crystal
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.structures.lattices import crystal_of_settings

with job(snakemake) as log:
    begun = time.perf_counter()
    settings = snakemake.params.fit
    posterior = read_posterior(snakemake.input.posterior)
    potential = potential_from_posterior(posterior)
    start = minimum_from_dataset(read_dataset(snakemake.input.start), potential)
    target = target_from_file(snakemake.input.target)
    crystal = crystal_of_settings(snakemake.params.crystal)
    crystal = crystal_of(relaxed_crystal(potential, crystal), crystal)
    problem = fit_problem(start, target, crystal, settings, posterior)
    fit = fit_parameters(problem, settings, log.info)
    root = prior_root(posterior, problem.potential, problem.host)
    fit["prior_change"] = variable(
        "step",
        prior_distance(root, fit["theta"].values - problem.potential.theta),
        "1",
        "change of the free parameters, in standard deviations of the posterior",
    )
    log.info(fit.attrs["status"])
    fit.attrs["seconds"] = round(time.perf_counter() - begun, 1)
    write_fitted(fit, problem.potential, Path(snakemake.output.potential[0]).with_suffix(""))
    write_dataset(fit, snakemake.output.fit, {"fit": settings})
