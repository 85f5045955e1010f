"""The structures of a fit side by side: where it began, the target, and what it came to."""

import numpy as np
from matplotlib.lines import Line2D

from relaxdiff.figures.fit_views import is_marked, largest_deviation, view_of
from relaxdiff.figures.style import FIT_COLOURS, PAGE, new_figure, styled

REACH = 7.0  # Angstrom around the cores
SHADES = ("white", "0.7", "0.3")  # of columns, by height, and of atoms that do not count or do
SIZE = 36  # of an atom, square points


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
        panels[2].plot(*path.T, **_path_style())
    _name(panels, fit, verdict, view, structures)
    for panel in panels:
        panel.set_xlabel(rf"{view.axes[0]} ($\mathrm{{\AA}}$)")
    panels[0].set_ylabel(rf"{view.axes[1]} ($\mathrm{{\AA}}$)")
    handles = _legend_handles(fit, view, marked)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw(panel, view, picture, marked):
    """Atoms, arrows and the core of one structure."""
    for which, size, colours in (
        (view.shown & ~marked, SIZE, np.array(SHADES)[view.shades]),
        (view.shown & marked, 1.6 * SIZE, np.full(len(marked), FIT_COLOURS["marked"])),
    ):
        panel.scatter(
            *picture.places[which].T,
            s=size,
            c=list(colours[which]),
            edgecolors="0.2",
            linewidths=0.5,
            zorder=2,
        )
    panel.quiver(
        *picture.tails.T,
        *picture.steps.T,
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
    panel.plot(*picture.core, **_core_style())
    (left, low), (right, high) = view.corners
    panel.set(aspect="equal", xlim=(left, right), ylim=(low, high))


def _name(panels, fit, verdict, view, structures):
    """Titles: what each panel shows, and how far it is from the target."""
    is_minimum = verdict.attrs["is_minimum"] == "yes"
    far = [rf"{largest_deviation(fit, each):.2g} $\mathrm{{\AA}}$ off" for each in structures]
    enlarged = "" if view.enlarged is None else f"arrows {view.enlarged:.2g} times as long"
    titles = [
        f"(a) start: {fit.attrs['structure']}\n{far[0]}",
        f"(b) target: {fit.attrs['like']}\n{enlarged}",
        f"(c) result{', relaxed' if is_minimum else ': not a minimum'}\n{far[2]}",
    ]
    for panel, title in zip(panels, titles, strict=True):
        panel.set_title(title, loc="left", pad=4)
    if not is_minimum:
        panels[2].set_title(titles[2], loc="left", pad=4, color=FIT_COLOURS["wrong"])


def _core_style():
    return {
        "marker": "P",
        "markersize": 6,
        "color": FIT_COLOURS["wrong"],
        "markeredgecolor": "white",
        "markeredgewidth": 0.6,
        "linestyle": "none",
        "zorder": 5,
    }


def _path_style():
    return {"color": FIT_COLOURS["path"], "marker": "o", "markersize": 2.4, "linewidth": 1.0, "zorder": 4}


def _legend_handles(fit, view, marked):
    """What circles and lines are, for the legend."""
    circle = {"marker": "o", "linestyle": "none", "markersize": 6, "markeredgewidth": 0.5}
    labels = dict(zip(SHADES, view.shade_labels, strict=False))
    handles = [
        Line2D([], [], color=shade, markeredgecolor="0.2", label=label, **circle)
        for shade, label in labels.items()
    ]
    if marked.any():
        element = fit.attrs["element"]
        handles.append(
            Line2D([], [], color=FIT_COLOURS["marked"], markeredgecolor="0.2", label=element, **circle)
        )
    if view.has_core:
        handles += [
            Line2D([], [], label="core", **_core_style()),
            Line2D([], [], label="core, step by step", **_path_style()),
        ]
    return handles
