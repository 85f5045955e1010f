"""Draw the figures of a structure, each as PDF and PNG."""

import logging
from pathlib import Path

from common import job

from relaxdiff import figures
from relaxdiff.figures.style import save_figure
from relaxdiff.files.datasets import read_dataset
from relaxdiff.statistics.errors import all_levels, prediction_errors

with job(snakemake) as log:
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every glyph
    settings = snakemake.params.figures
    given = {name: read_dataset(path) for name, path in snakemake.input.items()}
    evaluations, truth = given.get("evaluations"), given.get("truth")
    predictions = all_levels(given["predictions"], evaluations)
    drawn = {
        "formation_curves": figures.formation_curves(predictions, truth, settings["sample"]),
        "posterior_distribution": figures.posterior_distribution(predictions, truth),
    }
    if truth is not None:
        errors = prediction_errors(**given)
        zoom = settings["zoom_energy"]
        drawn |= {
            "volume_error": figures.volume_error(errors, predictions, truth),
            "energy_error": figures.energy_error(errors, predictions, truth, zoom),
            "error_scaling": figures.error_scaling(errors),
            "calibration": figures.calibration(errors),
        }
    for path in map(Path, snakemake.output):
        save_figure(drawn[path.stem], path, settings["dpi"])
        log.info("%s", path)
