"""Join the chunks of adaptively relaxed variants, and count where they went."""

import shutil

from common import job

from relaxdiff.crystals.walked_variants import join_chunks
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.predictions.adaptive import adaptive_table

with job(snakemake) as log:
    given, params = snakemake.input, snakemake.params
    adapted = join_chunks(map(read_dataset, given.chunks))
    truth = read_dataset(given.truth) if "truth" in given.keys() else None
    levels = map(str, read_dataset(given.predictions)["level"].values)
    table = adaptive_table(adapted, levels, truth)
    for row in table.itertuples():
        log.info("%6d variants %s (%.1f %%)", row.variants, row.level, 100 * row.fraction)
    table.to_csv(snakemake.output.table, index=False)
    write_dataset(adapted, snakemake.output.variants, {"tolerance_meV": params.tolerance})
    shutil.rmtree(params.finished, ignore_errors=True)
