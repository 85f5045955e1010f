"""What a fit does to its solutes and alchemical atoms alone in the crystal."""

from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.fit.in_bulk import in_crystal_table
from relaxdiff.fit.written import read_fitted
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior

with job(snakemake) as log:
    given = potential_from_posterior(read_posterior(snakemake.input.posterior))
    fit = read_dataset(snakemake.input.fit)
    coeff, param = snakemake.input.potential[:2]
    after = read_fitted(coeff, param, given, fit.attrs["alchemical_of"])
    before = after.with_theta(fit["theta_whole"].values[0])
    table = in_crystal_table(
        before, after, snakemake.params.crystal, fit.attrs["element"].split(", ")
    )
    for row in table.itertuples():
        log.info(
            "%s %s: energy changed by %.4f eV, %s",
            row.element,
            row.kind,
            row.energy_change_eV,
            row.status_after,
        )
    table.to_csv(snakemake.output[0], index=False, float_format="%.6g")
