"""Differentiate the reference minimum with respect to all parameters, once."""

from common import job

from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.derivative.solvers.named import solver_of
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_from_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.running.ranks import is_first
from relaxdiff.structures.lattices import starting_crystal

with job(snakemake) as log:
    potential = potential_from_posterior(read_posterior(snakemake.input.posterior))
    minimum = minimum_from_dataset(read_dataset(snakemake.input.reference), potential)
    params = snakemake.params
    crystal = starting_crystal(**params.crystal)
    solver = solver_of(params.solver, minimum, crystal, params.supercell)
    derivative = implicit_derivative(minimum, solver)
    log.info(
        "%d atoms, %d symmetric coordinates, %d parameters",
        len(minimum.atoms),
        minimum.coordinates.size,
        derivative.sizes["parameter"],
    )
    if is_first():
        write_dataset(derivative, snakemake.output[0], {"solver": params.solver})
