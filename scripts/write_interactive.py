"""Write the interactive page of a structure, and the smaller one that the report shows."""

from pathlib import Path

from common import job

from relaxdiff.figures.interactive import interactive_page
from relaxdiff.figures.viewer import with_viewer
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    name = snakemake.wildcards.structure
    page = interactive_page(name, snakemake.params.commands, **given)
    pages = {snakemake.output.page: with_viewer(page), snakemake.output.in_report: page}
    for path, text in pages.items():
        Path(path).write_text(text, encoding="utf-8")
        log.info("%s: %.1f MB", path, len(text.encode()) / 1e6)
