"""Judge a fit by where plain LAMMPS relaxes to, and by the lowest curvature there."""

from pathlib import Path

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.fit.stability import lowest_curvature
from relaxdiff.fit.summary import fit_summary
from relaxdiff.fit.verdict import fitted_atoms, verdict, verdict_table
from relaxdiff.fit.written import read_fitted
from relaxdiff.minima.lattice_green import crystal_force_constants
from relaxdiff.minima.reference import crystal_of, relaxed_crystal
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior
from relaxdiff.potentials.snap.restricted import restricted
from relaxdiff.statistics.captions import escaped, substitutions
from relaxdiff.structures.lattices import crystal_of_settings

with job(snakemake) as log:
    given = potential_from_posterior(read_posterior(snakemake.input.posterior))
    fit, start = (read_dataset(snakemake.input[name]) for name in ("fit", "start"))
    ends = [read_dataset(path) for path in snakemake.input.ends]
    coeff, param = snakemake.input.potential[:2]
    fitted = read_fitted(coeff, param, given, fit.attrs["alchemical_of"])
    crystal = crystal_of_settings(snakemake.params.crystal)
    crystal = crystal_of(relaxed_crystal(given, crystal), crystal)
    atoms = fitted_atoms(fit)
    atoms.positions = ends[0]["relaxed_positions"].values
    lowest = lowest_curvature(
        fit,
        atoms,
        restricted(fitted, snakemake.params.free),
        crystal_force_constants(given, crystal),
        start["axes"].values if "axes" in start else None,
    )
    found = verdict(fit, ends, lowest)
    log.info("%s", found.attrs["verdict"])
    verdict_table(found).to_csv(snakemake.output.table, index=False, float_format="%.6g")
    fit_summary(fit, found).to_csv(snakemake.output.summary, index=False, float_format="%.6g")
    words = {
        "fit verdict": escaped(found.attrs["verdict"]),
        "fit status": escaped(fit.attrs["status"]),
    }
    Path(snakemake.output.captions).write_text(substitutions(words), encoding="utf-8")
    write_dataset(found, snakemake.output.verdict, {})
