"""Join the chunks of relaxed variants into one file."""

import shutil

import numpy as np
from common import job

from relaxdiff.crystals.walked_variants import join_chunks
from relaxdiff.files.datasets import read_dataset, write_dataset

with job(snakemake) as log:
    truth = join_chunks(map(read_dataset, snakemake.input))
    for status, count in zip(*np.unique(truth["status"], return_counts=True), strict=True):
        log.info("%d variants: %s", count, status)
    write_dataset(truth, snakemake.output[0], {"relaxer": truth.attrs["relaxer"]})
    shutil.rmtree(snakemake.params.finished, ignore_errors=True)
