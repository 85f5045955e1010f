"""Write the page of a fit: its curves, and its atoms at any step."""

from pathlib import Path

from common import job

from relaxdiff.figures.fit_page import fit_page
from relaxdiff.files.datasets import read_dataset

with job(snakemake) as log:
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    page = fit_page(**given)
    Path(snakemake.output.page).write_text(page, encoding="utf-8")
    log.info("%s: %.1f MB", snakemake.output.page, len(page.encode()) / 1e6)
