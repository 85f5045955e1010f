"""Draw how parameters distort a random alloy, as PDF and PNG."""

from common import job

from relaxdiff.figures.drawing import write_figures
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    settings = snakemake.params.figures
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    given["sample"] = settings["sample"]
    write_figures(snakemake.output.figures, given, settings["dpi"], log.info)
