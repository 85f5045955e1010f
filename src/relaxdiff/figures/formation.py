"""The figures of a structure, in the order of arXiv:2407.02414.

Each function takes the Datasets of those names and returns a matplotlib Figure. Those of errors
against truth are in `figures.errors`.
"""

import numpy as np
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
from relaxdiff.statistics import posterior_values

MARKERS = 26  # at most so many markers along a curve


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
def posterior_distribution(predictions, truth=None):
    """Distribution of E_f and V_f over the posterior (lambda = 1): best predictions and true ones.

    Of E_f alone where the cell does not relax. Above each histogram: mean (point), standard
    deviation (thick) and 95 % interval (thin).
    """
    values = posterior_values(predictions, truth)
    best = most_complete(predictions["level"].values)
    sources = [(best, f"predicted ({best})")] + ([("truth", "truth")] if truth is not None else [])
    quantities = _quantities(predictions)
    figure = new_figure({1: COLUMN, 2: WIDE}[len(quantities)], 2.6)
    axes = figure.subplots(2, len(quantities), height_ratios=[1, 2.4], sharex="col", squeeze=False)
    for column, quantity in enumerate(quantities):
        above, below = axes[:, column]
        above.axis("off")
        below.set_xlabel(LABELS[quantity])
        below.set_ylabel("samples")
        if values.sizes["sample"] < 2:
            say_empty(below, r"fewer than two samples at $\lambda = 1$")
            continue
        chosen = values[quantity].sel(source=[source for source, _ in sources])
        edges = np.histogram_bin_edges(chosen.values.ravel(), bins=bin_count(chosen.shape[1]))
        for place, (source, label) in enumerate(sources):
            data = chosen.sel(source=source).values
            if source == "truth":
                below.hist(data, edges, color="0.78", label=label, zorder=1)
            else:
                colour = level_style(best)["color"]
                below.hist(data, edges, histtype="step", color=colour, linewidth=1.3, label=label)
            interval_bar(above, data, place, TRUTH_COLOUR if source == "truth" else colour)
        above.set_ylim(-0.45, len(sources) + 0.1)
        below.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        below.xaxis.set_major_locator(MaxNLocator(5))
    legend_above(figure, axes[1, 0])
    return figure


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
