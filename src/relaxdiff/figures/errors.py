"""The figures of errors against truth.

Each function takes the Datasets of those names, `errors` of `prediction_errors`, and returns a
matplotlib Figure.
"""

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from relaxdiff.derivative import most_complete
from relaxdiff.figures.curves import (
    FLOORS,
    end_log_axis,
    name_marks,
    plot_curve,
    plot_medians,
    power_guide,
)
from relaxdiff.figures.style import (
    COLUMN,
    LABELS,
    PAGE,
    WIDE,
    add_minor_ticks,
    bin_count,
    legend_above,
    letter_panels,
    level_lines,
    level_style,
    new_figure,
    say_empty,
    styled,
)
from relaxdiff.statistics import CLEAR, EXPECTED_SLOPES, RESOLUTION, SLOPE_RANGE, error_table

SCALED = {  # axis label of the error of each quantity
    "formation_energy": r"$|\Delta E_\mathrm{f}|$ (eV)",
    "formation_volume": r"$|\Delta V_\mathrm{f}|$ ($\mathrm{\AA}^3$)",
    "strain": r"$|\Delta\epsilon|$, r.m.s.",
    "positions": r"$|\Delta x|$, r.m.s. ($\mathrm{\AA}$)",
}


@styled
def volume_error(errors, predictions, truth):
    """Median |error| of formation volume against lambda with the 16-84 % band of each level (a).

    Below, the number of variants in each median (b); beside, predicted against true formation
    volume of all of them (c). For a cell that does not relax the figure says so.
    """
    if "formation_volume" not in errors:
        figure = new_figure(COLUMN, 3.6)
        say_empty(figure.subplots(), "the cell does not relax")
        return figure
    figure = new_figure(PAGE, 3.2)
    axes = figure.subplot_mosaic("AC;BC", height_ratios=[5, 1], width_ratios=[1.35, 1])
    axis, counts, parity = (axes[name] for name in "ABC")
    axis.sharex(counts)
    axis.tick_params(labelbottom=False)
    table = error_panel(axis, "formation_volume", error_table(errors))
    best = table[table["level"] == most_complete(table["level"].unique())]
    counts.fill_between(best["lambda"], best["variants"], step="mid", color="0.75", linewidth=0)
    counts.set_ylim(0, 1.15 * max(errors.sizes["sample"], 1))
    counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    counts.set_ylabel("variants")
    counts.set_xlabel(LABELS["lambda"])
    _parity(parity, predictions["formation_volume"], truth)
    letter_panels((axis, counts, parity))
    figure.align_ylabels((axis, counts))
    name_marks([axis])
    legend_above(figure, axis, columns=8)
    return figure


def error_panel(axis, quantity, table):
    """Median |error| of E_f or V_f against lambda, from the first to the last with a variant.

    table: of `error_table`. Returns its rows that are drawn. At lambda = 0 all levels are the
    reference, which has no place on a logarithmic axis.
    """
    table = table[(table["quantity"] == quantity) & (table["variants"] > 0)]
    drawn = table.assign(median_abs_error=table["median_abs_error"].where(table["lambda"] != 0))
    levels = table["level"].unique()
    plot_medians(axis, {level: drawn[drawn["level"] == level] for level in levels}, "lambda")
    axis.set_ylabel(SCALED[quantity])
    end_log_axis(axis, FLOORS[quantity])
    axis.set_xlim(*span(table["lambda"].values))
    add_minor_ticks(axis)
    return table


@styled
def energy_error(errors, predictions, truth, zoom_energy):
    """|error| of formation energy against the change of true formation energy from the reference.

    Medians with 16-84 % bands in bins of the change: of all variants (a), and of those with a
    change up to `zoom_energy` (eV) on either side (b).
    """
    true = relaxed(truth, "formation_energy").transpose("sample", "lambda")
    change = true.values - _at_zero(predictions)
    figure = new_figure(COLUMN, 4.6)
    axes = figure.subplots(2, 1)
    for axis, bounds in zip(axes, (span(change), (-zoom_energy, zoom_energy)), strict=True):
        _binned_panel(axis, errors, change, bounds)
    name_marks(axes)
    letter_panels(axes)
    legend_above(figure, axes[0], columns=3)
    return figure


def _binned_panel(axis, errors, change, bounds):
    """Median |error| of E_f in equal bins of the change of true E_f between the bounds (eV)."""
    sizes = np.abs(errors["formation_energy"].transpose("level", "sample", "lambda"))
    tables = {
        str(level): _binned(change, size, bounds)
        for level, size in zip(errors["level"].values, sizes.values, strict=True)
    }
    plot_medians(axis, tables, "center")
    end_log_axis(axis, FLOORS["formation_energy"])
    axis.set_xlim(*bounds)
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.set_xlabel(r"change of true $E_\mathrm{f}$ from the reference (eV)")
    axis.set_ylabel(r"$|\Delta E_\mathrm{f}|$ (eV)")
    add_minor_ticks(axis)


@styled
def error_scaling(errors):
    """Median |error| against |lambda|, log-log, of energy, volume, strain and positions.

    Guides: the powers of |lambda| expected near 0, the lower above the curves, the higher below,
    where slopes are measured. Shaded: errors that truth does not resolve. A cell that does not
    relax has neither volume nor strain.
    """
    panels = {quantity: label for quantity, label in SCALED.items() if quantity in errors}
    rows = len(panels) // 2
    figure = new_figure(WIDE, 0.4 + 2 * rows)
    axes = figure.subplots(rows, 2, sharex=True, squeeze=False)
    for axis, (quantity, label) in zip(axes.flat, panels.items(), strict=True):
        expected = {}
        for level, style in level_lines(errors["level"].values):
            curve = _by_distance(errors[quantity].sel(level=level))
            plot_curve(axis, curve["distance"], curve["median"], level)
            axis.fill_between(
                curve["distance"],
                curve["low"],
                curve["high"],
                color=style["color"],
                alpha=0.12,
                linewidth=0,
            )
            if len(curve):
                expected.setdefault(EXPECTED_SLOPES[quantity][level], []).append(curve)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_ylabel(label)
        axis.yaxis.set_major_locator(LogLocator(numticks=8))
        axis.yaxis.set_minor_formatter(NullFormatter())
        window = SLOPE_RANGE, CLEAR * RESOLUTION[quantity]
        end_log_axis(axis, RESOLUTION[quantity] / 10, side=1)
        for power, curves in expected.items():
            above = power == min(expected) and len(expected) > 1
            power_guide(axis, curves, power, above, window)
        _shade_unresolved(axis, RESOLUTION[quantity])
    for axis in axes[-1]:
        axis.set_xlabel(r"size of perturbation $|\lambda|$")
    letter_panels(axes.flat)
    legend_above(figure, axes[0, 0])
    return figure


def _shade_unresolved(axis, resolution):
    """Grey below the errors that truth resolves, as far as the axis reaches there."""
    lowest, highest = axis.get_ylim()
    if lowest < resolution < highest:
        axis.axhspan(lowest, resolution, color="0.92", linewidth=0, zorder=-1)
        axis.set_ylim(lowest, highest)


def _by_distance(error):
    """Median and 16-84 % band of |error| against |lambda| > 0, both signs together (a DataFrame).

    error: of one quantity and level, (sample, lambda). Rows with a median of 0 are left out.
    """
    size = np.abs(error.transpose("sample", "lambda").values)
    distance = np.abs(error["lambda"].values).round(9)
    rows = []
    for one in np.unique(distance[distance > 0]):
        here = size[:, distance == one]
        here = here[np.isfinite(here)]
        if here.size:
            rows.append((one, *np.percentile(here, [50, 16, 84])))
    table = pd.DataFrame(rows, columns=["distance", "median", "low", "high"], dtype=float)
    return table[table["median"] > 0]


def relaxed(truth, quantity):
    """A quantity of the variants whose relaxation converged, NaN for the others."""
    return truth[quantity].where(truth["status"] == "converged")


def _binned(abscissa, values, bounds):
    """Statistics of values in equal bins of the abscissa; bins without any are left out."""
    frame = pd.DataFrame({"abscissa": np.ravel(abscissa), "value": np.ravel(values)}).dropna()
    frame = frame[frame["abscissa"].between(*bounds)]
    bins = bin_count(len(frame))
    edges = np.linspace(*bounds, bins + 1)
    frame["bin"] = pd.cut(frame["abscissa"], edges, labels=False, include_lowest=True)
    grouped = frame.groupby("bin")["value"]
    table = pd.DataFrame(
        {
            "variants": grouped.count(),
            "median_abs_error": grouped.median(),
            "abs_error_percentile_16": grouped.quantile(0.16),
            "abs_error_percentile_84": grouped.quantile(0.84),
        }
    )
    centers = (edges[:-1] + edges[1:]) / 2
    return table.assign(center=centers[table.index.astype(int)])


def span(values):
    """Smallest and largest finite value, apart from each other."""
    finite = values[np.isfinite(values)]
    if not finite.size or np.ptp(finite) == 0:
        return -1.0, 1.0
    return float(finite.min()), float(finite.max())


def _at_zero(predictions):
    """Formation energy of the reference in eV: all samples and levels agree at lambda = 0."""
    zero = int(np.argmin(np.abs(predictions["lambda"].values)))
    return float(np.nanmean(predictions["formation_energy"].isel({"lambda": zero}).values))


def _parity(axis, predicted, truth):
    """Predicted against true formation volume at the best level, with the diagonal."""
    true = relaxed(truth, "formation_volume").values.ravel()
    best = most_complete(predicted["level"].values)
    values = predicted.sel(level=best).values.ravel()
    both = np.isfinite(true) & np.isfinite(values)
    axis.scatter(
        true[both],
        values[both],
        s=2 if both.sum() > 500 else 6,
        color=level_style(best)["color"],
        linewidths=0,
        rasterized=True,
    )  # thousands of points: as an image within the PDF
    axis.axline((0, 0), slope=1, color="0.3", linewidth=0.6)
    low, high = span(np.concatenate([true[both], values[both]]))
    margin = 0.03 * (high - low)
    axis.set_xlim(low - margin, high + margin)
    axis.set_ylim(low - margin, high + margin)
    axis.set_aspect("equal")
    axis.set_xlabel(r"true $V_\mathrm{f}$ ($\mathrm{\AA}^3$)")
    axis.set_ylabel(rf"$V_\mathrm{{f}}$ at {best} ($\mathrm{{\AA}}^3$)")
    add_minor_ticks(axis)
