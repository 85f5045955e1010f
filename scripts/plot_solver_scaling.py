"""Gather the measurements of all solvers and sizes into one table, and draw it."""

import logging

import pandas as pd
from common import job

from relaxdiff.figures.solvers import solver_scaling
from relaxdiff.figures.style import save_figure

with job(snakemake) as log:
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every glyph
    table = pd.concat(map(pd.read_csv, snakemake.input)).sort_values(["solver", "atoms"])
    table.to_csv(snakemake.output.table, index=False, float_format="%.6g")
    log.info("seconds, MiB, iterations and evaluations:\n%s", table.to_string(index=False))
    for path in (snakemake.output.pdf, snakemake.output.png):
        save_figure(solver_scaling(table), path, snakemake.params.dpi)
