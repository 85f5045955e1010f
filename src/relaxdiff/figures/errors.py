"""The figures of errors against truth.

Each function takes the Datasets of those names, `errors` of `prediction_errors`, and returns a
matplotlib Figure.
"""

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from relaxdiff.derivative import most_complete
from relaxdiff.figures.curves import (
    FEWEST,
    FLOORS,
    end_log_axis,
    name_marks,
    plot_curve,
    plot_medians,
    power_guide,
    say_off_scale,
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

TINY = 1e-8  # eV; smaller errors and estimates are off scale
CELLS = 4  # per decade of estimate and of error, in `calibration`
HALF = 2  # points of its lines per decade
ACROSS = 4  # its panels beside each other
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
