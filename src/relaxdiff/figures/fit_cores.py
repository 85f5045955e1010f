"""The structures of a fit side by side: where it began, the target, and what it came to."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from relaxdiff.figures.fit_views import is_marked, view_of
from relaxdiff.figures.style import (
    ATOM_SHADES,
    FIT_COLOURS,
    PAGE,
    SHORTEST_ARROW,
    new_figure,
    styled,
)

REACH = 7.4  # Angstrom around the cores
LONGEST_NAME = 20  # letters of a target's name
SIZE = 36  # of an atom, square points
# The core, a cross, and its path.
CORE = {
    "marker": "P",
    "markersize": 6,
    "color": FIT_COLOURS["wrong"],
    "markeredgecolor": "white",
    "markeredgewidth": 0.6,
    "linestyle": "none",
    "zorder": 5,
}
PATH = {
    "marker": "o",
    "markersize": 2.4,
    "color": FIT_COLOURS["path"],
    "linewidth": 1.0,
    "zorder": 4,
}


@styled
def fit_cores(fit, verdict):
    """The start, the target and plain LAMMPS's relaxation from the result, in three panels.

    fit, verdict: the Datasets of fit.nc and verdict.nc. A dislocation is seen as a differential
    displacement map, with the core's path over the steps in the last panel; another structure with
    arrows to the target, all enlarged alike.
    """
    view, marked = view_of(fit, REACH), is_marked(fit)
    result = verdict["relaxed_positions"].sel(begin="result").values
    structures = [fit["positions"].values[0], fit["target"].values, result]
    pictures = [view.picture(positions) for positions in structures]
    width, height = np.ptp(view.corners, axis=0)
    tall = np.clip((PAGE - 0.6) / 3 * height / width, 1.2, 4.0)
    figure = new_figure(PAGE, tall + 0.95)
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for panel, picture in zip(panels, pictures, strict=True):
        _draw(panel, view, picture, marked)
    if view.has_core:
        path = np.array([view.core(positions) for positions in fit["positions"].values])
        panels[2].plot(*path.T, **PATH)
    _name(panels, fit, verdict, view)
    for panel in panels:
        panel.set_xlabel(rf"{view.axes[0]} ($\mathrm{{\AA}}$)")
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    panels[0].set_ylabel(rf"{view.axes[1]} ($\mathrm{{\AA}}$)")
    handles = _legend_handles(fit, view, marked)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw(panel, view, picture, marked):
    """Atoms, arrows and the core of one structure."""
    groups = [
        (~marked & (view.shades == place), SIZE, shade) for place, shade in enumerate(ATOM_SHADES)
    ]
    for which, size, colour in [*groups, (marked, 1.6 * SIZE, FIT_COLOURS["marked"])]:
        places = picture.places[which & view.shown]
        panel.scatter(*places.T, s=size, color=colour, edgecolors="0.2", linewidths=0.5, zorder=2)
    long_enough = np.linalg.norm(picture.steps, axis=1) > SHORTEST_ARROW
    panel.quiver(
        *picture.tails[long_enough].T,
        *picture.steps[long_enough].T,
        angles="xy",
        scale_units="xy",
        scale=1,
        units="inches",
        width=0.013,
        headwidth=4.5,
        headlength=5,
        headaxislength=4.5,
        minlength=0.5,
        color="black",
        zorder=3,
    )
    panel.plot(*picture.core, **CORE)
    (left, low), (right, high) = view.corners
    panel.set(aspect="equal", xlim=(left, right), ylim=(low, high))


def _name(panels, fit, verdict, view):
    """Titles: what each panel shows, how far it is from the target, and how long arrows are."""
    is_minimum = verdict.attrs["is_minimum"] == "yes"
    far = [
        f"largest deviation {deviation:.2g} Å"
        for deviation in (
            fit["largest_deviation"].values[0],
            verdict["largest_deviation"].sel(begin="result").item(),
        )
    ]
    titles = [
        f"(a) start: {fit.attrs['structure']}\n{far[0]}",
        f"(b) target: {_short(fit.attrs['like'])}\n{view.scale}",
        f"(c) result, relaxed{'' if is_minimum else ': not a minimum'}\n{far[1]}",
    ]
    for panel, title in zip(panels, titles, strict=True):
        panel.set_title(title, loc="left", pad=4)
    if not is_minimum:
        panels[2].set_title(titles[2], loc="left", pad=4, color=FIT_COLOURS["wrong"])


def _short(name):
    """A name that fits above a panel: of a long path its end."""
    return name if len(name) <= LONGEST_NAME else f"…{name[-LONGEST_NAME:]}"


def _legend_handles(fit, view, marked):
    """What circles and lines are, for the legend."""
    circle = {"marker": "o", "linestyle": "none", "markersize": 6, "markeredgewidth": 0.5}
    labels = [*zip(ATOM_SHADES, view.shade_labels, strict=False)]
    if marked.any():
        labels.append((FIT_COLOURS["marked"], fit.attrs["element"]))
    handles = [
        Line2D([], [], color=colour, markeredgecolor="0.2", label=label, **circle)
        for colour, label in labels
    ]
    if view.has_core:
        handles += [
            Line2D([], [], label="core", **CORE),
            Line2D([], [], label="core, step by step", **PATH),
        ]
    return handles
