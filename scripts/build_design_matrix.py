"""Evaluate the design rows of one group of training data with LAMMPS."""

from common import job

from relaxdiff.datasets import write_dataset
from relaxdiff.design import build_design, snap_hyperparameters
from relaxdiff.references import reference_from_settings
from relaxdiff.training import read_group

with job(snakemake) as log:
    params, group = snakemake.params, snakemake.wildcards.group
    data, reference = snakemake.input[0], params.reference
    configurations = read_group(data, group, params.groups, params.element)
    log.info("%s: %d configurations of %s", data, len(configurations), group)
    design = build_design(
        configurations,
        group,
        snap_hyperparameters(params.element, **params.hyperparameters),
        reference_from_settings(reference),
    )
    made_from = {key: params[key] for key in ("element", "hyperparameters", "reference")}
    write_dataset(design, snakemake.output[0], {"data": data, "group": group, **made_from})
