"""Draw predicted against true displacements of every solver, and the energy solver's error."""

import pandas as pd
from common import job

from relaxdiff.figures.drawing import write_figures

with job(snakemake) as log:
    results = {name: pd.read_csv(path) for name, path in snakemake.input.items()}
    write_figures(snakemake.output.figures, results, snakemake.params.dpi, log.info)
