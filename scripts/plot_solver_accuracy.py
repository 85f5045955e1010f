"""Draw predicted against true displacements of every solver, and the energy solver's error."""

import logging

import pandas as pd
from common import job

from relaxdiff.figures.solvers import solver_accuracy
from relaxdiff.figures.style import save_figure

with job(snakemake) as log:
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every glyph
    tables = [pd.read_csv(snakemake.input[name]) for name in ("displacements", "alphas")]
    for path in snakemake.output:
        save_figure(solver_accuracy(*tables), path, snakemake.params.dpi)
        log.info("%s", path)
