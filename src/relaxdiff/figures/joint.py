"""Figures of all quantities of one posterior sample together; `joint`: of `joint_posterior`."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from relaxdiff.figures.style import (
    PAGE,
    TRUTH_COLOUR,
    bin_count,
    level_style,
    new_figure,
    styled,
)
from relaxdiff.statistics import ENOUGH

CORE_ENERGY = "core_energy"  # the end of the name of a difference of two cores
SYMBOLS = {
    "lattice_parameter": "$a$",
    "lattice_parameter_c": "$c$",
    "volume": "$v$",
    "cohesive_energy": r"$E_\mathrm{coh}$",
    "c11": "$C_{11}$",
    "c12": "$C_{12}$",
    "c13": "$C_{13}$",
    "c33": "$C_{33}$",
    "c44": "$C_{44}$",
    "formation_energy": r"$E_\mathrm{f}$",
    "formation_volume": r"$V_\mathrm{f}$",
}
UNIT_SIGNS = {"Angstrom": r"$\mathrm{\AA}$", "Angstrom^3": r"$\mathrm{\AA}^3$"}
DIVERGING = colormaps["RdBu_r"]
# Every so many directions are numbered below the heat map: the least that is few enough.
STEPS, MOST_LABELS = (1, 5, 10, 20, 50, 100, 200, 500), 14
MOST_DIRECTIONS = 60  # columns of the heat map
PAIR_BINS = 40  # of many draws, along each axis
ROW = 0.18  # inches, of a quantity in the heat map
PANEL, LETTER = 0.75, 0.07  # inches in the corner plot: of a quantity, at least; of its name
MOST = 12  # quantities in the corner plot; with more, formation energies alone
MANY = 300  # samples: from there on dots are small


@styled
def sensitivities(joint):
    """Heat map: what one standard deviation along each principal direction does to each quantity.

    In standard deviations of the quantity to first order: the squares of a row add up to 1. Of many
    directions the MOST_DIRECTIONS that carry most of any quantity, in order of their variance.
    """
    largest = joint["variance_share"].max("quantity").values
    shown = np.sort(np.argsort(-largest, kind="stable")[:MOST_DIRECTIONS])
    along = joint["direction_sensitivity"] / joint["standard_deviation_linear"]
    relative = along.transpose("quantity", "direction").values[:, shown]
    figure = new_figure(PAGE, 0.8 + ROW * len(relative))
    axis = figure.subplots()
    top = max(np.ceil(10 * np.nanmax(np.abs(relative))) / 10, 0.1)
    norm = Normalize(-top, top)
    drawn = axis.pcolormesh(relative, cmap=DIVERGING, norm=norm, edgecolors="0.85", linewidth=0.2)
    axis.invert_yaxis()
    numbers = joint["direction"].values[shown]
    every = next((step for step in STEPS if len(shown) / step <= MOST_LABELS), STEPS[-1])
    named = [place for place, number in enumerate(numbers) if number == 1 or number % every == 0]
    axis.set_xticks([place + 0.5 for place in named], [str(numbers[place]) for place in named])
    labels = [" ".join(filter(None, words)) for words in _names_and_symbols(joint)]
    axis.set_yticks(np.arange(len(labels)) + 0.5, labels)
    axis.tick_params(length=0)
    axis.set_xlabel(r"principal direction $k$ of the posterior, in order of its variance $s_k$")
    bar = figure.colorbar(drawn, ax=axis, pad=0.01, aspect=14)
    bar.ax.yaxis.set_major_locator(MaxNLocator(5, symmetric=True))
    bar.set_label(r"$\sqrt{s_k}\,\partial y/\partial v_k\;/\;\sigma_y$")
    return figure


@styled
def joint_posterior(joint):
    """Every quantity against every other one over the posterior: draws, and the samples on them.

    Below the diagonal the density of the draws, a dot for each of few, and a dark dot for each
    sample (relaxed, if there is truth); on it the densities of both; above it the correlation of
    the draws, that of the samples in brackets. With more than MOST quantities formation energies
    only.
    """
    total = joint.sizes["quantity"]
    if total > MOST:
        joint = _formation_energies(joint)
    source = "truth" if "truth" in joint["source"] else "predicted"
    kind = "relaxed samples" if source == "truth" else "samples, predicted"
    samples = joint["value"].sel(source=source)
    quantities = joint["quantity"].values
    longest = max(len(name) for name, _ in _names_and_symbols(joint))
    size = max(PAGE, PANEL * len(quantities) + LETTER * longest)
    figure = new_figure(size, size)
    axes = figure.subplots(len(quantities), len(quantities), sharex="col")
    for row, column in np.ndindex(axes.shape):
        axis, pair = axes[row, column], [quantities[column], quantities[row]]
        if row > column:
            _draw_pair(axis, joint, samples, pair)
        elif row == column:
            _draw_density(axis, joint, samples, quantities[row])
        else:
            _write_correlation(axis, joint, source, pair)
    _label_edges(axes, joint)
    colour, level = _colour(joint), joint.attrs["drawn_level"]
    handles = [
        Patch(facecolor=to_rgba(colour, 0.4), edgecolor=colour),
        Line2D([], [], linestyle="none", marker="o", markersize=3, color=TRUTH_COLOUR),
    ]
    names = [f"{joint.sizes['draw']:,} draws ({level})", f"{joint.sizes['sample']:,} {kind}"]
    figure.legend(handles, names, loc="outside upper center", ncols=2)
    if total > MOST:
        figure.legends[0].set_title(f"formation energies alone, of {total} quantities in the table")
    return figure


def _formation_energies(joint):
    """The part of a joint Dataset that is on formation energies."""
    ends = ("formation_energy", CORE_ENERGY)
    own = [str(name) for name in joint["quantity"].values if name.endswith(ends)]
    return joint.sel(quantity=own, quantity_2=own)


def _names_and_symbols(joint):
    """Name of the structure and symbol of each quantity; no name where there is one structure."""
    structures = [str(name) for name in joint["structure"].values]
    several = len(set(structures) - {""}) > 1
    quantities = joint["quantity"].values
    return [
        (name if several else "", _symbol(quantity.removeprefix(f"{name}_")))
        for name, quantity in zip(structures, quantities, strict=True)
    ]


def _symbol(quantity):
    return r"$\Delta E$" if quantity.endswith(CORE_ENERGY) else SYMBOLS[quantity]


def _colour(joint):
    """Of draws: that of their level, of the first one if structures differ."""
    return level_style(joint.attrs["drawn_level"].split(", ")[0])["color"]


def _draw_pair(axis, joint, samples, pair):
    """Density of the draws, pale to dark, and the samples."""
    colour, drawn = _colour(joint), joint["drawn"].sel(quantity=pair).values
    if joint.sizes["draw"] < ENOUGH:
        axis.scatter(*drawn, s=5, color=colour, linewidths=0, rasterized=True)
    else:
        shades = LinearSegmentedColormap.from_list("density", ["white", colour])
        axis.hist2d(*drawn, bins=PAIR_BINS, cmap=shades, cmin=1, rasterized=True)
    size = 3 if joint.sizes["sample"] < MANY else 1
    axis.scatter(*samples.sel(quantity=pair).values, s=size, color=TRUTH_COLOUR, linewidths=0)


def _draw_density(axis, joint, samples, quantity):
    colour, drawn = _colour(joint), joint["drawn"].sel(quantity=quantity).values
    bins = PAIR_BINS if len(drawn) >= ENOUGH else bin_count(len(drawn))
    look = {"density": True, "facecolor": to_rgba(colour, 0.4), "histtype": "stepfilled"}
    axis.hist(drawn, bins, **look)
    values = samples.sel(quantity=quantity).values
    bins = bin_count(len(values))
    axis.hist(values, bins, density=True, histtype="step", color=TRUTH_COLOUR, linewidth=0.8)
    axis.set_yticks([])


def _write_correlation(axis, joint, source, pair):
    places = {"quantity": pair[1], "quantity_2": pair[0]}
    drawn = float(joint["drawn_correlation"].sel(places))
    found = float(joint["correlation"].sel(places | {"source": source}))
    # As pale as half the scale: black numbers stay readable on every colour.
    axis.set_facecolor(DIVERGING(Normalize(-2, 2)(drawn)))
    drawn, found = (round(each, 2) + 0.0 for each in (drawn, found))  # no -0.00
    text = f"{drawn:+.2f}\n({found:+.2f})"
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center")
    axis.tick_params(left=False, right=False, bottom=False, top=False)
    axis.set_yticks([])


def _label_edges(axes, joint):
    """Names and numbers along the left and the lower edge, few enough not to touch."""
    named = zip(_names_and_symbols(joint), joint["unit"].values, strict=True)
    for place, ((name, symbol), unit) in enumerate(named):
        label = "\n".join(filter(None, [name, f"{symbol} ({UNIT_SIGNS.get(unit, unit)})"]))
        axes[-1, place].set_xlabel(label)
        axes[place, 0].set_ylabel(label)
        axes[place, place].xaxis.set_major_locator(MaxNLocator(3, prune="both"))
        for axis in axes[place, :place]:
            axis.yaxis.set_major_locator(MaxNLocator(3, prune="both"))
            axis.tick_params(labelleft=axis is axes[place, 0], labelsize=6)
        axes[-1, place].tick_params(axis="x", labelsize=6, labelrotation=45)
    axes[0, 0].set_ylabel("")  # its ordinate is a density
    if any(name for name, _ in _names_and_symbols(joint)):
        _turn_names(axes)
    axes[0, 0].figure.align_labels()


def _turn_names(axes):
    """Names of structures, as long as they may be, away from the panels beside their own."""
    for axis in axes[:, 0]:
        axis.yaxis.label.set(rotation=0, ha="right", va="center")
    for axis in axes[-1]:
        axis.xaxis.label.set(rotation=90, multialignment="right")
        axis.tick_params(axis="x", labelrotation=90)
