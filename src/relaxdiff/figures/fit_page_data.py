"""The numbers in the page of a fit: what its map and its table show of each structure."""

import numpy as np

from relaxdiff.figures.fit_views import atoms_in_order, deviations
from relaxdiff.figures.style import SHORTEST_ARROW

LARGEST_HEAD = 8  # pixels, of an arrow
HEAD = 12  # pixels for each Angstrom of a short arrow's length
NUMBERS = {  # of a step: what the page calls it
    "loss": "loss (Å²)",
    "largest_deviation": "largest deviation (Å)",
    "max_force": "largest force (eV/Å)",
    "lowest_curvature": "lowest curvature",
    "relative_change": "change of Θ (%)",
    "evaluations": "evaluations",
}


def page_frames(fit, verdict, view):
    """What is shown of each step, of plain LAMMPS's relaxation from the result, and of the target.

    fit, verdict: the Datasets of fit.nc and verdict.nc; view: from `fit_views.view_of`. A list of
    dicts: `title`; `numbers`, (name, value) as text; `atoms`, `arrows` and `core`, columns of the
    map, Angstrom.
    """
    result = verdict.sel(begin="result")
    frames = [
        {"title": f"Step {step}", "numbers": _numbers(fit.sel(step=step)), **_columns(fit, view, x)}
        for step, x in zip(fit["step"].values.tolist(), fit["positions"].values, strict=True)
    ]
    relaxed = {
        "title": "The result, relaxed by LAMMPS",
        "numbers": _numbers(result),
        **_columns(fit, view, result["relaxed_positions"].values),
    }
    target = {"title": "The target", "numbers": [], **_columns(fit, view, fit["target"].values)}
    return [*frames, relaxed, target]


def _numbers(found):
    """The numbers that there are of a structure, as text."""
    values = {name: found[name].item() for name in NUMBERS if name in found}
    if "relative_change" in values:
        values["relative_change"] *= 100
    return [(NUMBERS[name], f"{value:.4g}") for name, value in values.items() if np.isfinite(value)]


def _columns(fit, view, positions):
    """The columns of the map for one structure."""
    picture, shown = view.picture(positions), atoms_in_order(fit, view)
    (x, y), off = picture.places[shown].T, deviations(fit, positions)[shown]
    dx, dy, dz = off.T
    lengths = np.linalg.norm(picture.steps, axis=1)
    drawn = lengths > SHORTEST_ARROW
    tails, steps = picture.tails[drawn], picture.steps[drawn]
    heads = np.minimum(LARGEST_HEAD, HEAD * lengths[drawn])
    tips = tails + steps
    return {
        "atoms": _rounded(4, x=x, y=y, dx=dx, dy=dy, dz=dz, far=np.linalg.norm(off, axis=1)),
        "arrows": _rounded(
            2,
            x=tails[:, 0],
            y=tails[:, 1],
            to_x=tips[:, 0],
            to_y=tips[:, 1],
            # Bokeh's triangle points up.
            angle=np.arctan2(steps[:, 1], steps[:, 0]) - np.pi / 2,
            size=heads,
        ),
        "core": _rounded(3, x=picture.core[:1], y=picture.core[1:]),
    }


def _rounded(digits, **columns):
    """Columns as lists; what is no number is left out."""
    return {
        name: np.round(values[np.isfinite(values)], digits).tolist()
        for name, values in columns.items()
    }
