"""Summarise a structure: a table, the posterior's distribution, and numbers for the captions."""

from pathlib import Path

import numpy as np
import pandas as pd
from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.statistics.captions import sentences, substitutions
from relaxdiff.statistics.results import StructureResults
from relaxdiff.statistics.summary import summarise
from relaxdiff.structures.kinds import kind_of

with job(snakemake) as log:
    given = {
        name: pd.read_csv(path) if path.endswith(".csv") else read_dataset(path)
        for name, path in snakemake.input.items()
    }
    first, second, _ = given.pop("reference")["cell"].values
    faces = kind_of(snakemake.params.structure).faces
    area = faces * np.linalg.norm(np.cross(first, second)) if faces else None
    results = StructureResults(**given, area=area, settings=snakemake.params.structure)
    results.distribution.to_csv(snakemake.output.posterior, index=False)
    summarise(results).to_csv(snakemake.output.table, index=False, float_format="%.6g")
    results.negative.to_csv(snakemake.output.negative, index=False)
    found = sentences(results)
    # The report's first page includes those of all structures.
    named = {f"{snakemake.wildcards.structure} {name}": text for name, text in found.items()}
    Path(snakemake.output.captions).write_text(substitutions(named), encoding="utf-8")
    log.info("%s of %s variants kept", found["kept"], found["variants"])
