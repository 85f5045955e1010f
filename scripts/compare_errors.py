"""Compare predictions with truth: error tables by lambda and over windows, and their slopes."""

from common import job

from relaxdiff.datasets import read_dataset
from relaxdiff.errors import error_slopes, error_table, prediction_errors, window_table

with job(snakemake) as log:
    names = ("predictions", "truth", "derivative", "posterior")
    errors = prediction_errors(*(read_dataset(snakemake.input[name]) for name in names))
    by_lambda, by_window = error_table(errors), window_table(errors)
    by_lambda.to_csv(snakemake.output.by_lambda, index=False)
    by_window.to_csv(snakemake.output.by_window, index=False)
    error_slopes(by_lambda).to_csv(snakemake.output.slopes, index=False)
    counted = (errors["status"] == "converged").sum().item()
    log.info("%d of %d variants compared", counted, errors["status"].size)
