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
    NullFormatter,
)

from relaxdiff.derivative import level_named
from relaxdiff.statistics import decimals, moments

COLUMN, WIDE, PAGE = 3.4, 5.2, 7.0  # inches: one column of a journal, one and a half, and two
_BLUE, _ORANGE, _GREEN, *_ = seaborn.color_palette("colorblind", 10).as_hex()
TRUTH_COLOUR = "0.15"
BINS = 25  # at most, over the range of the data
# Colours as in the table of levels, chosen so that any two, and truth's, stay apart in the eyes of
# the colour-blind (their distance in Lab is tested). Symbols differ as well. Dashes are those of
# the interactive page: in the other figures a dashed line is a prediction beyond the truth.
LEVEL_STYLES = {
    "orange": {"color": "#f8ac02", "linestyle": (0, (5, 3)), "marker": "v"},
    "green": {"color": "#328058", "linestyle": (0, (5, 1.5, 1, 1.5)), "marker": "^"},
    "purple": {"color": "#a43184", "linestyle": (0, (1, 1.2)), "marker": "s"},
    "blue": {"color": "#1c2da7", "linestyle": "-", "marker": "o"},
    "red": {"color": "#e0330b", "linestyle": "-", "marker": "D"},
    "sky": {"color": "#6ac2da", "linestyle": (0, (5, 1.5, 1, 1.5, 1, 1.5)), "marker": "p"},
    "brown": {"color": "#552a02", "linestyle": (0, (3, 1)), "marker": "*"},
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
ATOM_SHADES = ("white", "0.7", "0.3")  # by their place in the shade_labels of a view
SHORTEST_ARROW = 0.15  # Angstrom in the picture: shorter ones are not drawn
# Of the figures of a fit: the steps, LAMMPS's relaxation from the result, an alchemical atom or
# solute, and what is not as it was meant to be.
FIT_COLOURS = {
    "path": LEVEL_STYLES["blue"]["color"],
    "relaxed": TRUTH_COLOUR,
    "marked": LEVEL_STYLES["orange"]["color"],
    "wrong": "#c1272d",
}
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
    """Colour, line style and symbol of a level, as matplotlib's keywords."""
    return LEVEL_STYLES[level_named(name).colour]


def level_lines(levels):
    """(level, its style) of each level, the most complete one last, on top."""
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


@styled
def lay_out(figure):
    """Find the places of everything once: not again for each file."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


@styled
def save_figure(figure, path, dpi):
    """Write a PDF or PNG, the same bytes every time; dpi: of a PNG, and of points within a PDF."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unnamed = {".pdf": {"CreationDate": None}, ".png": {"Software": None}}[path.suffix]
    figure.savefig(path, dpi=dpi, metadata=unnamed)
