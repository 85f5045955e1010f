"""Join the chunks of evaluated predictions into one file."""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.predictions.evaluated import join_evaluations
from relaxdiff.predictions.soft_modes import SIGNS

with job(snakemake) as log:
    evaluations = join_evaluations(map(read_dataset, snakemake.input.chunks))
    predictions = read_dataset(snakemake.input.predictions)
    evaluations = evaluations.assign({name: predictions[name] for name in SIGNS})
    log.info("%d structures evaluated", evaluations["evaluations"].sum())
    write_dataset(evaluations, snakemake.output[0], {})
