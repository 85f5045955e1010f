"""Draw how a fit went and what its structures look like, as PDF and PNG."""

from common import job

from relaxdiff.figures.drawing import write_figures
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    write_figures(snakemake.output.figures, given, snakemake.params.dpi, log.info)
