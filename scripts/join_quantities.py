"""Join all quantities of the posterior samples: sensitivities, correlations, directions."""

from common import job

from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.statistics.joint import joint_posterior, joint_table
from relaxdiff.structures.dislocations import core_pairs

with job(snakemake) as log:
    given, structures = snakemake.input, snakemake.params.structures
    cores = core_pairs(structures.values())
    shared = {name: read_dataset(given[name]) for name in ("posterior", "bulk")}
    of_structures = {name: {} for name in structures}
    for kind in given.keys() - shared.keys():
        for name, path in zip(structures, given[kind], strict=True):
            of_structures[name][kind] = read_dataset(path)
    joint = joint_posterior(**shared, structures=of_structures, cores=cores)
    table = joint_table(joint)
    for row in table.itertuples():
        log.info(
            "%s: %.6g +- %.2g %s, to first order +- %.2g",
            row.quantity,
            row.drawn_mean,
            row.drawn_standard_deviation,
            row.units,
            row.standard_deviation_linear,
        )
    table.to_csv(snakemake.output.table, index=False, float_format="%.8g")
    write_dataset(joint, snakemake.output.joint, {})
