"""The figures of a structure, in the order of arXiv:2407.02414.

Each function takes the Datasets of those names and returns a matplotlib Figure. Those of errors
against truth are in `figures.errors`.
"""

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator

from relaxdiff.derivative import most_complete
from relaxdiff.exceptions import InputError
from relaxdiff.figures.errors import relaxed
from relaxdiff.figures.style import (
    COLUMN,
    LABELS,
    TRUTH_COLOUR,
    WIDE,
    add_minor_ticks,
    bin_count,
    interval_bar,
    legend_above,
    letter_panels,
    level_lines,
    level_style,
    new_figure,
    say_empty,
    shade_unstable,
    styled,
)
from relaxdiff.statistics import ENOUGH, posterior_values

MARKERS = 26  # at most so many markers along a curve
DENSITY_BINS = 80  # of many draws
INVERSE_UNITS = {"formation_energy": "1/eV", "formation_volume": r"$1/\mathrm{\AA}^3$"}


@styled
def formation_curves(predictions, truth=None, sample=0):
    """Formation volume and energy of one sample against lambda: truth and every level.

    The volume is left out where the cell does not relax. Grey: lambdas at which the bulk is not
    stable. Raises InputError when there is no such sample.
    """
    if sample not in predictions["sample"].values:
        raise InputError(
            f"figures.sample: {sample} is not a sample of this study, which has 0 to "
            f"{int(predictions['sample'].max())}"
        )
    here = predictions.sel(sample=sample)
    lambdas = here["lambda"].values
    stable = here["formation_energy"].notnull().any("level").values
    panels = [*_quantities(predictions)[::-1], *(["error"] if truth is not None else [])]
    figure = new_figure(COLUMN, 0.5 + 1.6 * len(panels))
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        shade_unstable(axis, lambdas, stable)
        if panel == "error":
            true = relaxed(truth, "formation_energy").sel(sample=sample)
            curves = (here["formation_energy"] - true) * 1e3
            axis.set_ylabel(r"error of $E_\mathrm{f}$ (meV)")
            axis.axhline(0, color=TRUTH_COLOUR, linewidth=0.5, zorder=1)
            missing = lambdas[stable & true.isnull().values]
        else:
            curves = here[panel]
            axis.set_ylabel(LABELS[panel])
            if truth is not None:
                _mark_truth(axis, lambdas, relaxed(truth, panel).sel(sample=sample).values)
        for level, style in level_lines(here["level"].values):
            axis.plot(lambdas, curves.sel(level=level), label=level, **style)
        axis.set_xlim(lambdas[0], lambdas[-1])
        add_minor_ticks(axis)
    if truth is not None and missing.size:
        # On the lower edge of the last panel: stable, but truth did not converge there.
        axes[-1].plot(
            missing,
            np.zeros(missing.size),
            linestyle="none",
            marker="x",
            markersize=4,
            color="0.15",
            transform=axes[-1].get_xaxis_transform(),
            clip_on=False,
        )
    axes[-1].set_xlabel(LABELS["lambda"])
    figure.align_ylabels(axes)
    letter_panels(axes)
    legend_above(figure, axes[0])
    return figure


@styled
def posterior_distribution(draws, predictions, truth=None):
    """Density of E_f and V_f over the posterior: draws, and the relaxed samples (lambda = 1).

    Of E_f alone where the cell does not relax. draws: of `predict_draws`, shown at their best
    level, at which samples are predicted where there is no truth. Above each density
    mean (point), standard deviation (thick) and, of enough values, 95 % interval (thin).
    """
    samples = posterior_values(predictions, truth)
    level = most_complete(draws["level"].values)
    source, label = ("truth", "relaxed samples") if truth is not None else (level, "samples")
    quantities = _quantities(predictions)
    figure = new_figure({1: COLUMN, 2: WIDE}[len(quantities)], 2.7)
    axes = figure.subplots(2, len(quantities), height_ratios=[1, 2.4], sharex="col", squeeze=False)
    for column, quantity in enumerate(quantities):
        above, below = axes[:, column]
        above.axis("off")
        below.set_xlabel(LABELS[quantity])
        below.set_ylabel(f"density ({INVERSE_UNITS[quantity]})")
        drawn = draws[quantity].sel(level=level).dropna("draw").values
        shown = samples[quantity].sel(source=source).values
        if len(drawn) < 2:
            say_empty(below, "fewer than two draws")
            continue
        colour = level_style(level)["color"]
        bins = DENSITY_BINS if len(drawn) >= ENOUGH else bin_count(len(drawn))
        look = {"density": True, "histtype": "stepfilled", "linewidth": 0.8}
        below.hist(
            drawn,
            np.histogram_bin_edges(drawn, bins),
            **look,
            edgecolor=colour,
            facecolor=to_rgba(colour, 0.25),
            label=f"{len(drawn):,} draws ({level})",
        )
        interval_bar(above, drawn, 0, colour, quantity)
        if len(shown):
            _mark_samples(below, shown, f"{len(shown):,} {label}")
            interval_bar(above, shown, 1.15, TRUTH_COLOUR, quantity)
        above.set_ylim(-0.45, 2.2)
        below.yaxis.set_major_locator(MaxNLocator(4))
        below.xaxis.set_major_locator(MaxNLocator(5))
    letter_panels(axes[0])
    legend_above(figure, axes[1, 0])
    return figure


def _mark_samples(axis, values, label):
    """Samples as the outline of a histogram and, each of them, as a tick on the lower edge."""
    if len(values) > 1:
        edges = np.histogram_bin_edges(values, bin_count(len(values)))
        axis.hist(
            values,
            edges,
            density=True,
            histtype="step",
            color=TRUTH_COLOUR,
            linewidth=1,
            label=label,
        )
    ticks = {"linestyle": "none", "marker": "|", "markersize": 5, "markeredgewidth": 0.5}
    axis.plot(
        values,
        np.full(len(values), 0.025),
        **ticks,
        color=TRUTH_COLOUR,
        transform=axis.get_xaxis_transform(),
        label=None if len(values) > 1 else label,
    )


def _quantities(predictions):
    """What there is to show: the volume of a cell that does not relax is the same everywhere."""
    volume = predictions["volume"].values
    relaxes = np.nanmax(volume) > np.nanmin(volume)
    return ["formation_energy", "formation_volume"] if relaxes else ["formation_energy"]


def _mark_truth(axis, lambdas, values):
    shown = np.flatnonzero(np.isfinite(values))
    shown = shown[:: -(-len(shown) // MARKERS) or 1]
    axis.plot(
        lambdas[shown],
        values[shown],
        linestyle="none",
        marker="o",
        markersize=3.2,
        markerfacecolor="none",
        markeredgecolor=TRUTH_COLOUR,
        markeredgewidth=0.7,
        label="truth",
        zorder=3,
        clip_on=False,
    )
