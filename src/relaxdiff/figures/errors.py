"""The figures of errors against truth.

Each function takes the Datasets of those names, `errors` of `prediction_errors`, and returns a
matplotlib Figure.
"""

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from relaxdiff.derivative import most_complete
from relaxdiff.figures.style import (
    COLUMN,
    LABELS,
    WIDE,
    add_minor_ticks,
    bin_count,
    legend_above,
    letter_panels,
    level_lines,
    level_style,
    make_room_above,
    mean_and_band,
    new_figure,
    plot_line,
    power_guide,
    say_empty,
    shrink_inset,
    styled,
)
from relaxdiff.statistics import EXPECTED_SLOPES, error_table

FEWEST = 10  # variants in a bin that is drawn; less when there are few variants altogether
DOTS = 3000  # at most so many dots for each level
TINY = 1e-8  # eV; smaller errors and estimates are not shown
SCALED = {  # panels of `error_scaling`: axis label of each quantity
    "formation_energy": r"$|\Delta E_\mathrm{f}|$ (eV)",
    "formation_volume": r"$|\Delta V_\mathrm{f}|$ ($\mathrm{\AA}^3$)",
    "strain": r"$|\Delta\epsilon|$, r.m.s.",
    "positions": r"$|\Delta x|$, r.m.s. ($\mathrm{\AA}$)",
}


@styled
def volume_error(errors, predictions, truth):
    """Mean |error| of formation volume against lambda with the 16-84 % band of each level.

    Inset: predicted against true formation volume. Below: the number of variants in each mean. For
    a cell that does not relax the figure says so.
    """
    figure = new_figure(COLUMN, 3.6)
    if "formation_volume" not in errors:
        say_empty(figure.subplots(), "the cell does not relax")
        return figure
    table = error_table(errors)
    table = table[table["quantity"] == "formation_volume"]
    axis, counts = figure.subplots(2, 1, sharex=True, height_ratios=[6, 1])
    mean_and_band(
        axis, {level: table[table["level"] == level] for level in table["level"].unique()}, "lambda"
    )
    axis.set_ylabel(r"$|\Delta V_\mathrm{f}|$ ($\mathrm{\AA}^3$)")
    axis.set_ylim(bottom=0)
    make_room_above(axis, 1.75)
    best = table[table["level"] == most_complete(table["level"].unique())]
    counts.fill_between(best["lambda"], best["variants"], step="mid", color="0.75", linewidth=0)
    counts.margins(x=0)
    counts.set_ylim(0, 1.15 * max(errors.sizes["sample"], 1))
    counts.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    counts.set_ylabel("variants")
    counts.set_xlabel(LABELS["lambda"])
    add_minor_ticks(axis)
    _parity_inset(axis, predictions["formation_volume"], truth)
    legend_above(figure, axis)
    return figure


@styled
def energy_error(errors, predictions, truth, zoom_energy):
    """|error| of formation energy against the change of true formation energy from the reference.

    Means with 16-84 % bands in bins of the change; bins with too few variants are not drawn. Inset:
    changes up to `zoom_energy` (eV) on either side.
    """
    reference = _at_zero(predictions)
    change = (relaxed(truth, "formation_energy") - reference).values
    figure = new_figure(COLUMN, 3.2)
    axis = figure.subplots()
    inset = axis.inset_axes([0.31, 0.57, 0.42, 0.39])
    everything = _range(change)
    for target, bounds, scale in (
        (axis, everything, 1.0),
        (inset, (-zoom_energy, zoom_energy), 1e3),
    ):
        tables = {
            str(level): _binned(
                change, scale * np.abs(errors["formation_energy"].sel(level=level).values), bounds
            )
            for level in errors["level"].values
        }
        mean_and_band(target, tables, "center")
        target.set_ylim(bottom=0)
        target.margins(x=0.02)
        add_minor_ticks(target)
        if not any(len(table) for table in tables.values()):
            say_empty(target, "too few variants")
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.set_xlabel(r"change of true formation energy, $E_\mathrm{f} - E_\mathrm{f}^0$ (eV)")
    axis.set_ylabel(r"$|\Delta E_\mathrm{f}|$ (eV)")
    make_room_above(axis, 1.8)
    inset.set_xlim(-zoom_energy, zoom_energy)
    inset.set_ylabel("meV", labelpad=1)
    shrink_inset(inset)
    legend_above(figure, axis)
    return figure


@styled
def error_scaling(errors):
    """Mean |error| against |lambda|, log-log, of energy, volume, strain and positions.

    Grey: the powers of |lambda| expected near 0, the lower above the curves, the higher below. A
    cell that does not relax has neither volume nor strain.
    """
    panels = {quantity: label for quantity, label in SCALED.items() if quantity in errors}
    table = error_table(errors)
    table = table[table["lambda"] != 0].assign(distance=lambda t: t["lambda"].abs().round(9))
    weighted = table.assign(total=table["mean_abs_error"] * table["variants"])
    sums = weighted.groupby(["quantity", "level", "distance"])[["total", "variants"]].sum()
    means = (sums["total"] / sums["variants"]).rename("mean").reset_index()
    rows = len(panels) // 2
    figure = new_figure(WIDE, 0.4 + 2 * rows)
    axes = figure.subplots(rows, 2, sharex=True, squeeze=False)
    for axis, (quantity, label) in zip(axes.flat, panels.items(), strict=True):
        expected = {}
        for level, style in level_lines(errors["level"].values):
            curve = means[(means["quantity"] == quantity) & (means["level"] == level)]
            curve = curve[curve["mean"] > 0]
            plot_line(axis, curve["distance"], curve["mean"], level, style)
            if len(curve):
                expected.setdefault(EXPECTED_SLOPES[quantity][level], []).append(curve)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_ylabel(label)
        axis.yaxis.set_major_locator(LogLocator(numticks=8))
        axis.yaxis.set_minor_formatter(NullFormatter())
        for power, curves in expected.items():
            power_guide(axis, curves, power, above=power == min(expected) and len(expected) > 1)
    for axis in axes[-1]:
        axis.set_xlabel(r"size of perturbation $|\lambda|$")
    letter_panels(axes.flat)
    legend_above(figure, axes[0, 0])
    return figure


@styled
def calibration(errors):
    """|Error| of E_f against its estimate, log-log, a dot for each variant in its level's colour.

    Lines: error equal to the estimate, and twice as large. Below TINY nothing is shown.
    """
    figure = new_figure(COLUMN, 3.4)
    axis = figure.subplots()
    axis.set(xscale="log", yscale="log")
    shown = []
    for level, style in level_lines(errors["level"].values):
        here = errors.sel(level=level)
        estimate = here["error_estimate"].values.ravel()
        size = np.abs(here["formation_energy"].values.ravel())
        # False for NaN as well.
        known = np.flatnonzero(np.minimum(estimate, size) > TINY)
        if not known.size:
            continue
        known = known[:: -(-known.size // DOTS)]
        shown += [estimate[known], size[known]]
        axis.scatter(
            estimate[known],
            size[known],
            s=2,
            color=style["color"],
            alpha=0.6,
            linewidths=0,
            label=level,
            rasterized=True,
        )
    if not shown:
        say_empty(axis, "no errors with estimates")
        return figure
    ends = _range(np.concatenate(shown))
    for factor, line in ((1, "-"), (2, (0, (4, 2)))):
        axis.plot(ends, np.multiply(ends, factor), color="0.3", linewidth=0.7, linestyle=line)
    axis.set_xlabel(r"estimated $|\Delta E_\mathrm{f}|$ (eV)")
    axis.set_ylabel(r"true $|\Delta E_\mathrm{f}|$ (eV)")
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_major_locator(LogLocator(numticks=8))
        scale.set_minor_formatter(NullFormatter())
    legend_above(figure, axis)
    for handle in figure.legends[0].legend_handles:
        handle.set(sizes=[14], alpha=1)
    return figure


def relaxed(truth, quantity):
    """A quantity of the variants whose relaxation converged, NaN for the others."""
    return truth[quantity].where(truth["status"] == "converged")


def _binned(abscissa, values, bounds):
    """Statistics of values in equal bins of the abscissa; bins with too few values are left out."""
    frame = pd.DataFrame({"abscissa": np.ravel(abscissa), "value": np.ravel(values)}).dropna()
    frame = frame[frame["abscissa"].between(*bounds)]
    bins = bin_count(len(frame))
    edges = np.linspace(*bounds, bins + 1)
    frame["bin"] = pd.cut(frame["abscissa"], edges, labels=False, include_lowest=True)
    grouped = frame.groupby("bin")["value"]
    table = pd.DataFrame(
        {
            "mean_abs_error": grouped.mean(),
            "abs_error_percentile_16": grouped.quantile(0.16),
            "abs_error_percentile_84": grouped.quantile(0.84),
        }
    )[grouped.count() >= min(FEWEST, 1 + len(frame) // (4 * bins))]
    centers = (edges[:-1] + edges[1:]) / 2
    return table.assign(center=centers[table.index.astype(int)])


def _range(values):
    """Smallest and largest finite value, apart from each other."""
    finite = values[np.isfinite(values)]
    if not finite.size or np.ptp(finite) == 0:
        return -1.0, 1.0
    return float(finite.min()), float(finite.max())


def _at_zero(predictions):
    """Formation energy of the reference in eV: all samples and levels agree at lambda = 0."""
    zero = int(np.argmin(np.abs(predictions["lambda"].values)))
    return float(np.nanmean(predictions["formation_energy"].isel({"lambda": zero}).values))


def _parity_inset(axis, predicted, truth):
    """Predicted against true formation volume at the best level, with the diagonal."""
    inset = axis.inset_axes([0.34, 0.53, 0.36, 0.44])
    inset.set_box_aspect(1)
    true = relaxed(truth, "formation_volume").values.ravel()
    best = most_complete(predicted["level"].values)
    values = predicted.sel(level=best).values.ravel()
    both = np.isfinite(true) & np.isfinite(values)
    inset.scatter(
        true[both],
        values[both],
        s=1.5 if both.sum() > 500 else 6,
        color=level_style(best)["color"],
        linewidths=0,
        rasterized=True,
    )  # thousands of points: as an image within the PDF
    inset.axline((0, 0), slope=1, color="0.3", linewidth=0.6)
    low, high = _range(np.concatenate([true[both], values[both]]))
    margin = 0.05 * (high - low)
    inset.set_xlim(low - margin, high + margin)
    inset.set_ylim(low - margin, high + margin)
    inset.set_xlabel(r"true $V_\mathrm{f}$ ($\mathrm{\AA}^3$)", labelpad=1)
    inset.set_ylabel(r"predicted $V_\mathrm{f}$ ($\mathrm{\AA}^3$)", labelpad=1)
    shrink_inset(inset)
