"""From results to files: each figure of the registry drawn by its function."""

import logging
from pathlib import Path

from relaxdiff.figures import (
    calibration,
    distortion,
    errors,
    fit_cores,
    fit_path,
    fit_quantities,
    formation,
    joint,
    overview,
    phonons,
    solvers,
    structure,
)
from relaxdiff.figures.registry import figure_named
from relaxdiff.figures.style import lay_out, save_figure

# Named here, not looked for: the digest of a job's code follows imports.
MODULES = {
    "calibration": calibration,
    "distortion": distortion,
    "errors": errors,
    "fit_cores": fit_cores,
    "fit_path": fit_path,
    "fit_quantities": fit_quantities,
    "formation": formation,
    "joint": joint,
    "overview": overview,
    "phonons": phonons,
    "solvers": solvers,
    "structure": structure,
}


def draw(figure, results):
    """The matplotlib Figure of one row of the registry, a `registry.Figure`.

    results: what figures take, by name, a dict; None where there is no truth.
    """
    function = getattr(MODULES[figure.module], figure.name)
    return function(**{name: results[name] for name in figure.takes})


def write_figures(paths, results, dpi, report):
    """Draw the figures that files are named after, each once, and write the files.

    paths: ending in .pdf or .png; results: as for `draw`; report: called with each path.
    """
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every glyph
    drawn = {}
    for path in map(Path, paths):
        if path.stem not in drawn:
            drawn[path.stem] = draw(figure_named(path.stem), results)
            lay_out(drawn[path.stem])
        save_figure(drawn[path.stem], path, dpi)
        report(path)
