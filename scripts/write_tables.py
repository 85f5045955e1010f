"""Write tables as pages: in the report they can be read, where a CSV file is only downloaded."""

from pathlib import Path

from common import job

from relaxdiff.statistics.table_page import table_page

with job(snakemake) as log:
    pairs = zip(snakemake.params.titles, snakemake.input, snakemake.output, strict=True)
    for title, table, page in pairs:
        text = Path(table).read_text(encoding="utf-8")
        Path(page).write_text(table_page(title, Path(table).name, text), encoding="utf-8")
        log.info("%s", page)
