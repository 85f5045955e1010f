"""The figure of errors against their estimates."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, NullFormatter

from relaxdiff.figures.curves import FEWEST, plot_curve, say_off_scale
from relaxdiff.figures.errors import span
from relaxdiff.figures.style import (
    COLUMN,
    PAGE,
    legend_above,
    letter_panels,
    new_figure,
    say_empty,
    styled,
)

TINY = 1e-8  # eV; smaller errors and estimates are off scale
CELLS = 4  # per decade of estimate and of error
HALF = 2  # points of its lines per decade
ACROSS = 4  # its panels beside each other


@styled
def calibration(errors):
    """|Error| of E_f against its estimate, log-log: the number of variants, a panel for each level.

    Curves: median and 95th percentile of the error. Lines: error equal to the estimate, and twice
    as large. Errors and estimates below TINY are off scale.
    """
    known = {str(level): _estimated(errors.sel(level=level)) for level in errors["level"].values}
    known = {level: pairs for level, pairs in known.items() if pairs.shape[1]}
    shown = {level: pairs[:, (pairs > TINY).all(axis=0)] for level, pairs in known.items()}
    shown = {level: pairs for level, pairs in shown.items() if pairs.shape[1]}
    if not shown:
        figure = new_figure(COLUMN, 3.4)
        say_empty(figure.subplots(), "no errors with estimates")
        return figure
    ends = span(np.log10(np.concatenate([pairs.ravel() for pairs in shown.values()])))
    ends = np.floor(ends[0]), np.ceil(ends[1]) + (ends[0] == ends[1])
    rows = -(-len(shown) // ACROSS)
    figure = new_figure(PAGE, 0.5 + 1.75 * rows)
    axes = figure.subplots(rows, ACROSS, sharex=True, sharey=True, squeeze=False)
    edges = np.logspace(*ends, int(round(CELLS * (ends[1] - ends[0]))) + 1)
    counts = {level: np.histogram2d(*pairs, bins=edges)[0].T for level, pairs in shown.items()}
    norm = LogNorm(1, max(10, *(count.max() for count in counts.values())))
    unused = axes.flat[len(shown) :]
    axes = axes.flat[: len(shown)]
    letter_panels(axes)
    for axis, (level, count) in zip(axes, counts.items(), strict=True):
        mesh = axis.pcolormesh(
            edges,
            edges,
            np.ma.masked_equal(count, 0),
            norm=norm,
            cmap="Greys",
            rasterized=True,
        )
        _calibration_panel(axis, level, known[level], edges)
        say_off_scale(axis, known[level].shape[1] - shown[level].shape[1], side=1)
    figure.supxlabel(r"estimated $|\Delta E_\mathrm{f}|$ (eV)", fontsize=7.5)
    figure.supylabel(r"true $|\Delta E_\mathrm{f}|$ (eV)", fontsize=7.5)
    figure.colorbar(mesh, ax=list(figure.axes), label="variants", pad=0.01, aspect=30)
    for axis in unused:
        axis.remove()
    legend_above(figure, axes[0])
    for handle in figure.legends[0].legend_handles:
        handle.set(color="0.3", marker="")
    return figure


def _estimated(errors):
    """Estimate and |error| of E_f (eV) of the variants of one level that have both, (2, n)."""
    pairs = np.array([errors["error_estimate"], np.abs(errors["formation_energy"])])
    pairs = pairs.reshape(2, -1)
    return pairs[:, np.isfinite(pairs).all(axis=0)]


def _calibration_panel(axis, level, pairs, edges):
    """The lines of one panel of `calibration`, and its axes."""
    estimate, size = pairs
    ends = edges[[0, -1]]
    for factor, line, name in (
        (1, "-", "error = estimate"),
        (2, (0, (4, 2)), "error = 2 × estimate"),
    ):
        axis.plot(ends, ends * factor, color="0.3", linewidth=0.7, linestyle=line, label=name)
    bounds = edges[:: CELLS // HALF]
    center = np.sqrt(bounds[1:] * bounds[:-1])
    place = np.digitize(estimate, bounds) - 1
    enough = [np.sum(place == i) >= FEWEST for i in range(len(center))]
    for percentile, line, name in ((50, "-", "median"), (95, (0, (1, 1)), "95th percentile")):
        here = [
            np.percentile(size[place == i], percentile) if is_enough else np.nan
            for i, is_enough in enumerate(enough)
        ]
        look = {"linewidth": 1.2, "markersize": 2.5, "markeredgewidth": 0, "label": name}
        plot_curve(axis, center, here, level, linestyle=line, **look)
    axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axis.set_title(level, pad=3)
    axis.tick_params(labelbottom=True)
    within = np.mean(size <= 2 * estimate)
    axis.annotate(
        f"{100 * within:.1f} % within\ntwice the estimate",
        (0, 1),
        xycoords="axes fraction",
        xytext=(4, -4),
        textcoords="offset points",
        va="top",
        fontsize=6.5,
    )
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_major_locator(LogLocator(numticks=6))
        scale.set_minor_formatter(NullFormatter())
