"""Join the checked variants into one table; end with an error if truth and LAMMPS disagree."""

import pandas as pd
from common import job

from relaxdiff.truth.check import judge

with job(snakemake) as log:
    table = pd.concat(map(pd.read_csv, snakemake.input)).sort_values(["sample", "lambda"])
    log.info(judge(table))
    table.to_csv(snakemake.output[0], index=False)
