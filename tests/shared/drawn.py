"""Figures of the analytic study, and what is in them."""

from relaxdiff import figures
from relaxdiff.statistics.errors import all_levels, prediction_errors

LEVELS = ["c", "h", "ih", "h+ih", "newton", "h+ih@x", "newton@x"]


def errors_of(study):
    names = ("predictions", "truth", "derivative", "posterior", "evaluations")
    return prediction_errors(*(study[name] for name in names))


def predictions_of(study):
    return all_levels(study["predictions"], study["evaluations"])


def draw_all(study, zoom=0.2):
    predictions, truth = predictions_of(study), study["truth"]
    errors = errors_of(study)
    return {
        "formation_curves": figures.formation_curves(predictions, truth),
        "volume_error": figures.volume_error(errors, predictions, truth),
        "energy_error": figures.energy_error(errors, predictions, truth, zoom),
        "posterior_distribution": figures.posterior_distribution(predictions, truth),
        "error_scaling": figures.error_scaling(errors),
        "calibration": figures.calibration(errors),
    }


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def line(axis, label):
    return next(line for line in axis.lines if line.get_label() == label)
