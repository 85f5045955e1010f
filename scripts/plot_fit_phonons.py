"""Draw phonons before and after a fit beside those that were wanted, as PDF and PNG."""

from common import job

from relaxdiff.figures.drawing import write_figures
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    given = {"phonons": read_dataset(snakemake.input.phonons)}
    write_figures(snakemake.output.figures, given, snakemake.params.dpi, log.info)
