"""Gather the measurements of all solvers and sizes into one table, and draw it."""

import pandas as pd
from common import job

from relaxdiff.figures.drawing import write_figures

with job(snakemake) as log:
    table = pd.concat(map(pd.read_csv, snakemake.input)).sort_values(["solver", "atoms"])
    table.to_csv(snakemake.output.table, index=False, float_format="%.6g")
    log.info("seconds, MiB, iterations and evaluations:\n%s", table.to_string(index=False))
    results = {"measurements": table}
    write_figures(snakemake.output.figures, results, snakemake.params.dpi, log.info)
