"""Draw the figures of a structure, each as PDF and PNG."""

from common import job

from relaxdiff.figures.drawing import write_figures
from relaxdiff.files.datasets import read_dataset
from relaxdiff.statistics.errors import all_levels, prediction_errors

with job(snakemake) as log:
    settings = snakemake.params.figures
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    draws = given.pop("draws")
    results = {
        **settings,
        "predictions": all_levels(given["predictions"], given.get("evaluations")),
        "truth": given.get("truth"),
        "draws": draws,
        "errors": prediction_errors(**given) if "truth" in given else None,
    }
    write_figures(snakemake.output.figures, results, settings["dpi"], log.info)
