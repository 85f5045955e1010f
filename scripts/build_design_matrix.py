"""Evaluate the design rows of one group of training data with LAMMPS."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.design import build_design, snap_hyperparameters
from relaxdiff.posterior.training_data import read_group
from relaxdiff.potentials.snap.baseline import baseline_from_settings

with job(snakemake) as log:
    params, group = snakemake.params, snakemake.wildcards.group
    data, reference = snakemake.input[0], params.reference
    configurations = read_group(data, group, params.groups, params.element)
    log.info("%s: %d configurations of %s", data, len(configurations), group)
    design = build_design(
        configurations,
        group,
        snap_hyperparameters(params.element, **params.hyperparameters),
        baseline_from_settings(reference),
    )
    made_from = {key: params[key] for key in ("element", "hyperparameters", "reference")}
    write_dataset(design, snakemake.output[0], {"data": data, "group": group, **made_from})
