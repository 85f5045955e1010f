"""Join all quantities of the posterior samples: sensitivities, correlations, directions."""

from common import job

from relaxdiff.datasets import read_dataset, write_dataset
from relaxdiff.joint import joint_posterior, joint_table

with job(snakemake) as log:
    joint = joint_posterior(**{name: read_dataset(path) for name, path in snakemake.input.items()})
    table = joint_table(joint)
    for row in table.itertuples():
        log.info(
            "%s: %.6g +- %.2g %s, to first order +- %.2g",
            row.quantity,
            row.mean,
            row.standard_deviation,
            row.units,
            row.standard_deviation_linear,
        )
    table.to_csv(snakemake.output.table, index=False, float_format="%.8g")
    write_dataset(joint, snakemake.output.joint, {})
