"""Compare predictions with truth: errors by lambda and over windows, slopes, calibration."""

from common import job

from relaxdiff.files.datasets import read_dataset
from relaxdiff.statistics.calibration import calibration_table
from relaxdiff.statistics.errors import (
    error_slopes,
    error_table,
    prediction_errors,
    window_table,
)

with job(snakemake) as log:
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    errors = prediction_errors(**given)
    by_lambda, by_window = error_table(errors), window_table(errors)
    by_lambda.to_csv(snakemake.output.by_lambda, index=False)
    by_window.to_csv(snakemake.output.by_window, index=False)
    error_slopes(by_lambda).to_csv(snakemake.output.slopes, index=False)
    calibration_table(errors).to_csv(snakemake.output.calibration, index=False)
    counted = (errors["status"] == "converged").sum().item()
    log.info("%d of %d variants compared", counted, errors["status"].size)
