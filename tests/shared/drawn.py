"""Figures of the analytic study, and what is in them."""

from relaxdiff.figures.drawing import draw
from relaxdiff.figures.registry import figures_of
from relaxdiff.statistics.errors import all_levels, prediction_errors

LEVELS = ["c", "h", "ih", "h+ih", "newton", "h+ih@x", "newton@x"]


def errors_of(study):
    names = ("predictions", "truth", "derivative", "posterior", "evaluations")
    return prediction_errors(*(study[name] for name in names))


def predictions_of(study):
    return all_levels(study["predictions"], study["evaluations"])


def draw_all(study, zoom=0.2):
    results = {
        "predictions": predictions_of(study),
        "truth": study["truth"],
        "draws": study["draws"],
        "errors": errors_of(study),
        "sample": 0,
        "zoom_energy": zoom,
    }
    return {figure.name: draw(figure, results) for figure in figures_of("plot_figures")}


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def line(axis, label):
    return next(line for line in axis.lines if line.get_label() == label)
