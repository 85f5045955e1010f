"""Join the chunks of relaxed variants into one file."""

import numpy as np
import xarray as xr
from common import job

from relaxdiff.datasets import read_dataset, write_dataset

with job(snakemake) as log:
    chunks = [read_dataset(path) for path in snakemake.input]
    truth = xr.concat(chunks, dim="sample", combine_attrs="drop_conflicts", data_vars="minimal")
    for status, count in zip(*np.unique(truth["status"], return_counts=True), strict=True):
        log.info("%d variants: %s", count, status)
    write_dataset(truth, snakemake.output[0], {"relaxer": truth.attrs["relaxer"]})
