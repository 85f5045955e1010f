"""Draw how a fit to properties went, as PDF and PNG."""

from common import job

from relaxdiff.figures.drawing import write_figures
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    given = {"quantities": read_dataset(snakemake.input.quantities)}
    write_figures(snakemake.output.figures, given, snakemake.params.dpi, log.info)
