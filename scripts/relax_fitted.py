"""Relax a structure with the fitted potential by plain LAMMPS, from one of the beginnings."""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.fit.verdict import ENDS, relax_from
from relaxdiff.fit.written import read_fitted
from relaxdiff.posterior.distribution import potential_from_posterior, read_posterior

with job(snakemake) as log:
    given = potential_from_posterior(read_posterior(snakemake.input.posterior))
    fit = read_dataset(snakemake.input.fit)
    coeff, param = snakemake.input.potential[:2]
    fitted = read_fitted(coeff, param, given, fit.attrs["alchemical_of"])
    begin = ENDS[snakemake.wildcards.end]
    end = relax_from(fit, fitted, begin)
    log.info(
        "%s from the %s: largest deviation from the target %.4f Angstrom, %d calls for forces",
        end.attrs["status"],
        begin,
        end["largest_deviation"],
        end["force_calls"],
    )
    write_dataset(end, snakemake.output[0], {"from": begin})
