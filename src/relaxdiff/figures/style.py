"""How figures look: sizes, fonts, one colour and line per level, and files that can be reproduced.

Figures are matplotlib objects without pyplot: no display, no global state, nothing to close.
"""

from functools import wraps
from pathlib import Path

import matplotlib
import numpy as np
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import (
    AutoMinorLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
)

from relaxdiff.derivative import level_named
from relaxdiff.statistics import decimals, moments

COLUMN, WIDE, PAGE = 3.4, 5.2, 7.0  # inches: one column of a journal, one and a half, and two
_BLUE, _ORANGE, _GREEN, _, _PURPLE, *_, _SKY = seaborn.color_palette("colorblind", 10).as_hex()
TRUTH_COLOUR = "0.15"
BINS = 25  # at most, over the range of the data
FEW = 8  # points: a line through fewer may have no visible segment
# Colours as in the table of levels. c and ih keep the cell, so their volumes coincide: the dots of
# one fit the gaps of the other.
LEVEL_STYLES = {
    "orange": {"color": _ORANGE, "linestyle": (0, (5, 3))},
    "green": {"color": _GREEN, "linestyle": (0, (5, 1.5, 1, 1.5))},
    "purple": {"color": _PURPLE, "linestyle": (0, (1, 1.2))},
    "blue": {"color": _BLUE, "linestyle": "-"},
    "red": {"color": "#c1272d", "linestyle": "-"},
    "sky": {"color": _SKY, "linestyle": (0, (5, 1.5, 1, 1.5, 1, 1.5))},
    "brown": {"color": "#6b3e12", "linestyle": (0, (3, 1))},
}
# 'lammps' is no solver but one relaxation, drawn beside them. Displacements of all solvers fall on
# each other: their markers are of different sizes.
SOLVER_STYLES = {
    "dense": {"color": _BLUE, "linestyle": "-", "marker": "o"},
    "sparse": {"color": _ORANGE, "linestyle": (0, (5, 2)), "marker": "s"},
    "energy": {"color": _GREEN, "linestyle": (0, (5, 1.5, 1, 1.5)), "marker": "^"},
    "lammps": {"color": TRUTH_COLOUR, "linestyle": (0, (1, 1.2)), "marker": "x"},
}
SOLVER_LABELS = {"lammps": "one LAMMPS relaxation"}
LABELS = {
    "lambda": r"perturbation $\lambda$",
    "formation_energy": r"$E_\mathrm{f}$ (eV)",
    "formation_volume": r"$V_\mathrm{f}$ ($\mathrm{\AA}^3$)",
}
UNITS = {"formation_energy": "eV", "formation_volume": r"$\mathrm{\AA}^3$"}
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "axes.formatter.useoffset": False,
    "ytick.right": True,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "pdf.fonttype": 42,  # TrueType: text stays text, as journals ask for
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "path.simplify": True,
}


def styled(draw):
    """Decorator: draw under STYLE, whatever the user's own matplotlib settings are."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return drawn


def new_figure(width, height):
    """An empty Figure, sizes in inches, that makes room for its own labels."""
    return Figure(figsize=(width, height), layout="constrained")


def level_style(name):
    """Colour and line style of a level, as matplotlib's keywords."""
    return LEVEL_STYLES[level_named(name).colour]


def level_lines(levels):
    """(level, line style) of each level, the most complete one last, on top."""
    return [(str(level), level_style(level)) for level in levels]


def bin_count(count):
    """Number of bins for so many values."""
    return int(np.clip(np.sqrt(count), 5, BINS))


def letter_panels(axes):
    """(a), (b), ... above the upper left corner of each panel."""
    for letter, axis in zip("abcdefgh", axes, strict=False):
        axis.set_title(f"({letter})", loc="left", pad=3)


def add_minor_ticks(axis):
    """Minor ticks on linear axes."""
    if axis.get_xscale() == "linear":
        axis.xaxis.set_minor_locator(AutoMinorLocator())
    if axis.get_yscale() == "linear":
        axis.yaxis.set_minor_locator(AutoMinorLocator())


def plain_decades(axis):
    """Plain numbers on a logarithmic axis (XAxis or YAxis) that spans a decade or so."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_above(figure, axis, columns=4):
    """The legend of an axis above all panels, where it covers no data."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.2)


def say_empty(axis, why):
    """Write into an axis why it shows nothing."""
    axis.text(0.5, 0.5, why, transform=axis.transAxes, ha="center", va="center", color="0.4")
    axis.set(xticks=[], yticks=[])


def plot_line(axis, abscissa, values, level, style):
    """The line of a level, with a marker on each point when they are few."""
    marker = {"marker": "o", "markersize": 2.5} if len(values) <= FEW else {}
    axis.plot(abscissa, values, label=level, **style, **marker)


def mean_and_band(axis, tables, abscissa):
    """A line of means for each level and, behind it, its 16-84 % band.

    tables: level -> DataFrame with the columns of `error_table`; abscissa: name of a column.

    Levels that coincide (c and ih in volume) share one band: two would mix their colours.
    """
    drawn = []
    for level, style in level_lines(tables):
        table = tables[level]
        low, high = (table[f"abs_error_percentile_{p}"].values for p in (16, 84))
        if not any(np.allclose(high, other, 1e-9, 0, equal_nan=True) for other in drawn):
            axis.fill_between(
                table[abscissa], low, high, color=style["color"], alpha=0.18, linewidth=0
            )
            drawn.append(high)
        plot_line(axis, table[abscissa], table["mean_abs_error"], level, style)


def interval_bar(axis, data, height, colour, quantity):
    """Mean (point), standard deviation (thick), 95 % interval (thin), and the numbers above.

    quantity: a key of UNITS. The interval is there for enough values, and no number has more digits
    than the standard error of the mean leaves it.
    """
    found = moments(data)
    mean, spread = found["mean"], np.nan_to_num(found["standard_deviation"])
    low, high = found["interval_95_low"], found["interval_95_high"]
    digits = decimals(found["mean_error"])
    text = rf"{mean:.{digits}f} $\pm$ {spread:.{digits}f} {UNITS[quantity]}"
    if np.isfinite(low):
        axis.plot([low, high], [height, height], color=colour, linewidth=0.8)
        text += f" [{low:.{digits}f}, {high:.{digits}f}]"
    axis.plot([mean - spread, mean + spread], [height, height], color=colour, linewidth=2.5)
    axis.plot(mean, height, marker="o", markersize=4, color=colour, markeredgecolor="white")
    axis.annotate(
        text,
        (0.5, height),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3.5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=colour,
        fontsize=6.5,
    )


def power_guide(axis, curves, power, above):
    """A line of the expected power beside the curves that should follow it, with its label.

    curves: DataFrames with columns distance and mean; the line is above the highest of them, or
    below the lowest.
    """
    nearest = max if above else min
    curve = nearest(curves, key=lambda curve: curve["mean"].iloc[0])
    start, end = curve["distance"].iloc[[0, -1]]
    if start == end:
        return
    value = curve["mean"].iloc[0] * (2 if above else 0.5)
    line = value * (np.array([start, end]) / start) ** power
    axis.plot([start, end], line, color="0.55", linewidth=0.7, zorder=0)
    middle = np.sqrt(start * end) if above else start**0.75 * end**0.25
    axis.annotate(
        r"$\propto|\lambda|$" if power == 1 else rf"$\propto|\lambda|^{power}$",
        (middle, value * (middle / start) ** power),
        xytext=(-3, 3) if above else (3, -3),
        textcoords="offset points",
        ha="right" if above else "left",
        va="bottom" if above else "top",
        color="0.4",
        fontsize=6.5,
    )


def shade_unstable(axis, lambdas, stable):
    """Grey where the bulk of a sample is not stable, out to the ends of the grid."""
    kept = lambdas[stable]
    for edge, end in ((kept.min(), lambdas.min()), (kept.max(), lambdas.max())):
        if edge != end:
            axis.axvspan(edge, end, color="0.9", linewidth=0, zorder=0)
        if abs(end - edge) > 0.08 * (lambdas.max() - lambdas.min()):  # the words fit in
            axis.text(
                (edge + end) / 2,
                0.5,
                "bulk unstable",
                transform=axis.get_xaxis_transform(),
                rotation=90,
                ha="center",
                va="center",
                color="0.45",
                fontsize=6.5,
            )


def shrink_inset(inset):
    """Small labels and few ticks for an inset."""
    inset.tick_params(labelsize=6)
    for label in (inset.xaxis.label, inset.yaxis.label, inset.title):
        label.set_fontsize(6.5)
    inset.xaxis.set_major_locator(MaxNLocator(3))
    inset.yaxis.set_major_locator(MaxNLocator(3))


def make_room_above(axis, factor):
    """Stretch the ordinate by a factor, so that an inset fits above the data."""
    low, high = axis.get_ylim()
    axis.set_ylim(low, low + (high - low) * factor)


@styled
def save_figure(figure, path, dpi):
    """Write a PDF or PNG, the same bytes every time; dpi: of a PNG, and of points within a PDF."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unnamed = {".pdf": {"CreationDate": None}, ".png": {"Software": None}}[path.suffix]
    figure.savefig(path, dpi=dpi, metadata=unnamed)
