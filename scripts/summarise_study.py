"""Summarise the study: a table, the posterior's distribution, and the numbers for the captions."""

from pathlib import Path

import pandas as pd
from common import job

from relaxdiff.datasets import read_dataset
from relaxdiff.errors import all_levels, posterior_table
from relaxdiff.summary import sentences, substitutions, summarise

with job(snakemake) as log:
    given = dict(snakemake.input.items())
    results = {
        name: pd.read_csv(path) if path.endswith(".csv") else read_dataset(path)
        for name, path in given.items()
    }
    predictions = all_levels(results["predictions"], results.get("evaluations"))
    distribution = posterior_table(predictions, results.get("truth"))
    distribution.to_csv(snakemake.output.posterior, index=False)
    summarise(**results).to_csv(snakemake.output.table, index=False, float_format="%.6g")
    found = sentences(**results)
    Path(snakemake.output.captions).write_text(substitutions(found), encoding="utf-8")
    log.info("%s of %s variants kept", found["kept"], found["variants"])
