"""Write the interactive page of a structure."""

from pathlib import Path

from common import job

from relaxdiff.figures.interactive import interactive_page
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    name = snakemake.wildcards.structure
    page = interactive_page(name, snakemake.params.commands, **given)
    Path(snakemake.output[0]).write_text(page, encoding="utf-8")
    log.info("%s: %.1f MB", snakemake.output[0], len(page.encode()) / 1e6)
