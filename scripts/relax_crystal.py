"""The reference crystal, which relaxes under the same constraint as the structure's cell."""

from ase import Atoms
from common import job

from relaxdiff.crystals.compared import crystal_of_variants, mean_crystal, strain_basis_of
from relaxdiff.crystals.solutes import with_solutes
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior

with job(snakemake) as log:
    structure = snakemake.params.structure
    posterior = read_posterior(snakemake.input.posterior)
    bulk = read_dataset(snakemake.input.bulk)
    mean = mean_crystal(bulk)
    crystal = crystal_of_variants(
        potential_from_posterior(posterior),
        posterior,
        bulk,
        strain_basis_of(structure, mean.lattice, mean.lengths),
    )
    if snakemake.input.reference:
        bulks = [read_dataset(path) for path in snakemake.input.solutes]
        solutes = {each.attrs["element"]: each for each in bulks}
        solutes |= snakemake.params.chemical_potentials
        structure_atoms = Atoms(read_dataset(snakemake.input.reference)["atomic_numbers"].values)
        crystal = with_solutes(crystal, structure_atoms.symbols.formula.count(), solutes)
    log.info("%d variants with a stable crystal", (crystal["status"] == "stable").sum())
    write_dataset(crystal, snakemake.output[0], {"structure": structure})
