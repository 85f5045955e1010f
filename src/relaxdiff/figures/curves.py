"""What figures of levels are made of: curves, medians with bands, and the ends of their axes."""

import numpy as np
from matplotlib.ticker import NullLocator

from relaxdiff.derivative import LEVELS
from relaxdiff.figures.style import TRUTH_COLOUR, level_lines, level_style, say_empty

FEWEST = 10  # variants: a median over fewer is pale and has no band
PALE = 0.3  # its opacity
MANY = 1e4  # over such a range minor ticks are a grey edge, and take half the time of drawing
JOINT = "_joint"  # what connects pale medians with the others: its points are theirs
NOTHING = 1e-30  # where a band of a logarithmic axis ends that reaches down to 0
SYMBOLS = 25  # of a curve with so many points or fewer, each has its symbol
SPACING = 0.14  # else between symbols, in diagonals of the panel
MARKERS = 26  # at most about so many of truth, or of what was not relaxed, along a curve
# Lower ends of logarithmic axes; most curves are far above.
FLOORS = {"formation_energy": 1e-8, "formation_volume": 1e-5}  # eV, Angstrom^3
CROSS = {"linestyle": "none", "marker": "x", "markersize": 3.5, "color": TRUTH_COLOUR, "zorder": 4}
BEYOND = {"linestyle": (0, (2, 1))}
MARKS = {  # hidden label of lines -> what the legend says of them, and how they look there
    "_beyond": ("beyond truth", {"color": "0.4", **BEYOND}),
    "_few": (f"fewer than {FEWEST} variants", {"color": "0.2", "alpha": PALE}),
    "_crosses": ("not relaxed", CROSS),
}
NAMES = [level.name for level in LEVELS]


def plot_curve(axis, abscissa, values, level, **changes):
    """The curve of a level, with its symbol on some data points, on all when they are few.

    changes: of matplotlib's keywords. Lines of less complete levels are wider, and the symbols of
    levels are at different places: curves that coincide can all be seen.
    """
    place = NAMES.index(str(level))
    style = {
        "label": str(level),
        "color": level_style(level)["color"],
        "linewidth": 2.2 - 0.2 * place,
        "marker": level_style(level)["marker"],
        "markersize": 3.5,
        "markeredgewidth": 0.3,
        "markeredgecolor": "white",
    }
    if len(values) > SYMBOLS:
        style["markevery"] = (SPACING * place / len(NAMES), SPACING)
    axis.plot(abscissa, values, **(style | changes))


def plot_prediction(axis, lambdas, values, level, true=None):
    """A level's prediction for one sample, dashed beyond the first and the last truth.

    true: of the same shape (lambda), NaN where there is none; None: a study without truth.
    """
    places = np.arange(len(lambdas))
    known = places if true is None else np.flatnonzero(np.isfinite(true))
    first, last = (known[0], known[-1]) if len(known) else (0, 0)
    for beyond in (places <= first, places >= last):
        if np.isfinite(values[beyond]).sum() > 1:
            part = np.where(beyond, values, np.nan)
            plot_curve(axis, lambdas, part, level, **BEYOND, marker="", label="_beyond")
    between = (places >= first) & (places <= last)
    plot_curve(axis, lambdas, np.where(between, values, np.nan), level)


def plot_truth(axis, lambdas, values):
    """Circles at some of the variants whose relaxation converged; the axis has its limits."""
    known = np.flatnonzero(np.isfinite(values))
    shown = known[_apart(axis, lambdas[known])]
    axis.plot(
        lambdas[shown],
        values[shown],
        linestyle="none",
        marker="o",
        markersize=4.2,
        markerfacecolor="none",
        markeredgecolor=TRUTH_COLOUR,
        markeredgewidth=0.7,
        label="truth",
        zorder=3,
        clip_on=False,
    )


def plot_not_relaxed(axis, lambdas):
    """Crosses near the lower edge at some of these lambdas."""
    if len(lambdas):
        shown = lambdas[_apart(axis, lambdas)]
        height = np.full(len(shown), 0.035)
        edge = axis.get_xaxis_transform()
        axis.plot(shown, height, transform=edge, clip_on=False, label="_crosses", **CROSS)


def name_marks(axes):
    """Entries of the legend, in the first of the axes, for those of MARKS that are in any."""
    drawn = {line.get_label() for axis in axes for line in axis.lines}
    for mark, (name, look) in MARKS.items():
        if mark in drawn:
            axes[0].plot([], [], label=name, **look)


def plot_medians(axis, tables, abscissa):
    """Median |error| of each level and, behind it, its 16-84 % band, on a logarithmic ordinate.

    tables: level -> DataFrame with the columns of `error_table`; abscissa: name of a column.

    Medians over fewer than FEWEST variants are pale. Levels that coincide (c and ih in volume)
    share one band: two would mix their colours.
    """
    axis.set_yscale("log", nonpositive="mask")
    drawn = []
    for level, style in level_lines(tables):
        table = tables[level]
        few = table["variants"] < FEWEST
        low, high = (table[f"abs_error_percentile_{p}"].mask(few) for p in (16, 84))
        high = high.where(high > 0)
        if not any(np.allclose(high, other, 1e-9, 0, equal_nan=True) for other in drawn):
            lower = low.clip(lower=NOTHING)
            axis.fill_between(
                table[abscissa], lower, high, color=style["color"], alpha=0.15, linewidth=0
            )
            drawn.append(high)
        median = table["median_abs_error"]
        if few.any():
            plot_curve(axis, table[abscissa], median.where(few), level, alpha=PALE, label="_few")
            joint = median.where(few | few.shift(1) | few.shift(-1))
            pale = {"alpha": PALE, "marker": "", "label": JOINT}
            plot_curve(axis, table[abscissa], joint, level, **pale)
        plot_curve(axis, table[abscissa], median.mask(few), level)


def end_log_axis(axis, floor, side=0):
    """Let a logarithmic ordinate begin at the lowest point of a line, but not below `floor`.

    The number of points below, errors of 0 among them, is written into the panel; side: as for
    `say_off_scale`. A panel without points says so. Comes before other limits: matplotlib would
    warn of such a panel.
    """
    lines = (line for line in axis.lines if line.get_label() != JOINT)
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in lines])
    values = values[np.isfinite(values)]
    positive = values[values > 0]
    if not positive.size:
        axis.set_yscale("linear")  # matplotlib warns of a logarithmic axis without points
        say_empty(axis, "too few variants")
        return
    bottom = max(positive.min() / 1.5, floor)
    axis.set_ylim(bottom, max(axis.get_ylim()[1], 10 * bottom))
    if axis.get_ylim()[1] > MANY * bottom:
        axis.yaxis.set_minor_locator(NullLocator())
    say_off_scale(axis, np.sum(values < bottom), side)


def say_off_scale(axis, count, side=0):
    """Write into a lower corner how many points are off scale, if any; side: 0 left, 1 right."""
    if count:
        axis.annotate(
            f"{count:,} off scale",
            (side, 0),
            xycoords="axes fraction",
            xytext=(4 - 8 * side, 4),
            textcoords="offset points",
            ha="right" if side else "left",
            color="0.3",
            fontsize=6.5,
        )


def end_at_stable(axis, lambdas, stable):
    """Let an axis end where the bulk of a sample stops being stable, in a narrow strip of grey."""
    kept = lambdas[stable]
    ends = kept.min(), kept.max()
    margin = 0.06 * (ends[1] - ends[0] or 1.0)
    limits = list(ends)
    for side, end, sign in ((0, lambdas.min(), -1), (1, lambdas.max(), 1)):
        if ends[side] == end:
            continue
        limits[side] = ends[side] + sign * margin
        axis.axvspan(*sorted((ends[side], limits[side])), color="0.9", linewidth=0, zorder=0)
        axis.text(
            ends[side] + sign * margin / 2,
            0.5,
            "bulk unstable",
            transform=axis.get_xaxis_transform(),
            rotation=90,
            ha="center",
            va="center",
            color="0.45",
            fontsize=6,
        )
    if limits[0] < limits[1]:
        axis.set_xlim(*limits)


def power_guide(axis, curves, power, above, window):
    """A line of the expected power beside the curves that should follow it, with its label.

    curves: DataFrames with columns distance and median; window: the greatest distance and the
    smallest median that slopes are measured at. The line is above the highest curve,
    or below the lowest, of those that are not short in the window, and as long as that one is
    there; there is none where no curve has two points.
    """
    farthest, smallest = window
    inside = [c[(c["distance"] <= farthest) & (c["median"] > smallest)] for c in curves]
    inside = [curve for curve in inside if len(curve) > 1]
    if not inside:
        return
    most = max(map(len, inside))
    nearest = max if above else min
    longest = [curve for curve in inside if len(curve) > most / 2]
    curve = nearest(longest, key=lambda curve: curve["median"].iloc[-1])
    start, end = curve["distance"].iloc[[0, -1]]
    value = curve["median"].iloc[-1] * (2 if above else 0.4)
    line = value * (np.array([start, end]) / end) ** power
    axis.plot([start, end], line, color="0.4", linewidth=0.7, zorder=0, label="_guide")
    middle = np.sqrt(start * end)
    axis.annotate(
        r"$\propto|\lambda|$" if power == 1 else rf"$\propto|\lambda|^{power}$",
        (middle, value * (middle / end) ** power),
        xytext=(-3, 3) if above else (3, -3),
        textcoords="offset points",
        ha="right" if above else "left",
        va="bottom" if above else "top",
        color="0.3",
        fontsize=6.5,
    )


def _apart(axis, lambdas):
    """Indices of lambdas that are a MARKERS-th of the axis or more apart, the first among them."""
    places = []
    least = np.ptp(axis.get_xlim()) / MARKERS
    for place, value in enumerate(lambdas):
        if not places or value - lambdas[places[-1]] >= least:
            places.append(place)
    return places
