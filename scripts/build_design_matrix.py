"""Evaluate the design rows of one group of training data with LAMMPS."""

from common import job

from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.design import build_design, snap_hyperparameters
from relaxdiff.posterior.extended_xyz import XyzKeys
from relaxdiff.posterior.training_data import read_group_and_count
from relaxdiff.potentials.snap.baseline import baseline_from_settings

with job(snakemake) as log:
    params, group = snakemake.params, snakemake.wildcards.group
    data, reference = snakemake.input[0], params.reference
    configurations, skipped = read_group_and_count(
        data, group, params.groups, params.element, XyzKeys(**params.xyz_keys)
    )
    log.info("%s: %d configurations of %s", data, len(configurations), group)
    if skipped:
        log.warning("%s: skipped %d frames that are not periodic in x, y and z", group, skipped)
    design = build_design(
        configurations,
        group,
        snap_hyperparameters(params.element, **params.hyperparameters),
        baseline_from_settings(reference),
        skipped,
    )
    made_from = {
        key: params[key] for key in ("element", "hyperparameters", "reference", "xyz_keys")
    }
    write_dataset(design, snakemake.output[0], {"data": data, "group": group, **made_from})
