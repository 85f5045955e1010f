"""Draw the figures of all quantities of the posterior together, each as PDF and PNG."""

from common import job

from relaxdiff.figures.drawing import write_figures
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    results = {"joint": read_dataset(snakemake.input[0])}
    write_figures(snakemake.output.figures, results, snakemake.params.dpi, log.info)
