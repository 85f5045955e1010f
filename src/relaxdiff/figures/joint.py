"""Figures of all quantities of one posterior sample together; `joint`: of `joint_posterior`."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator

from relaxdiff.figures.style import PAGE, bin_count, legend_above, level_style, new_figure, styled

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
# Every so many parameters of an element are named below the heat map: the least that is few enough.
LABELLED, MOST_LABELS = (5, 10, 20, 50, 100, 200, 500), 14
ROW = 0.18  # inches, of a quantity in the heat map
PANEL, LETTER = 0.75, 0.07  # inches in the corner plot: of a quantity, at least; of its name
MOST = 12  # quantities in the corner plot; with more, formation energies alone
TRUE_GREY = "0.74"
MANY = 300  # samples: from there on dots are small


@styled
def sensitivities(joint):
    """Heat map: what one standard deviation of each parameter alone does to each quantity.

    In standard deviations of the quantity over the samples. Linear between -1 and 1, logarithmic
    beyond: parameters of a posterior are correlated, and most of what one does others take back.
    """
    spread = joint["value"].sel(source="predicted").std("sample", ddof=1)
    relative = (joint["sensitivity"] / spread).transpose("quantity", "parameter").values
    top = 10.0 ** np.ceil(np.log10(max(np.nanmax(np.abs(relative)), 10)))
    figure = new_figure(PAGE, 0.8 + ROW * len(relative))
    axis = figure.subplots()
    norm = SymLogNorm(linthresh=1, vmin=-top, vmax=top)
    drawn = axis.pcolormesh(relative, cmap=DIVERGING, norm=norm, edgecolors="0.85", linewidth=0.2)
    axis.invert_yaxis()
    labels = _parameter_labels(joint["parameter"].values)
    axis.set_xticks([place + 0.5 for place in labels], labels.values())
    labels = [" ".join(filter(None, words)) for words in _names_and_symbols(joint)]
    axis.set_yticks(np.arange(len(labels)) + 0.5, labels)
    axis.tick_params(length=0)
    axis.set_xlabel(r"parameter, changed by one standard deviation $\sigma_l$")
    bar = figure.colorbar(drawn, ax=axis, pad=0.01, aspect=14)
    bar.set_ticks(SymmetricalLogLocator(base=10, linthresh=1))
    bar.ax.minorticks_off()
    bar.set_label(r"$\sigma_l\,\partial y/\partial\Theta_l\;/\;\sigma_y$")
    return figure


@styled
def joint_posterior(joint):
    """Every quantity against every other one over the posterior samples, predicted and true.

    Below the diagonal a dot for each sample, on it the histograms, above it the correlation:
    predicted, and the true one in brackets. With more than MOST quantities formation energies only.
    """
    total = joint.sizes["quantity"]
    if total > MOST:
        joint = _formation_energies(joint)
    sources = [("predicted", f"predicted ({joint.attrs['best_level']})")]
    if "truth" in joint["source"]:
        sources.append(("truth", "truth"))
    quantities = joint["quantity"].values
    longest = max(len(name) for name, _ in _names_and_symbols(joint))
    size = max(PAGE, PANEL * len(quantities) + LETTER * longest)
    figure = new_figure(size, size)
    axes = figure.subplots(len(quantities), len(quantities), sharex="col")
    for row, column in np.ndindex(axes.shape):
        axis = axes[row, column]
        if row > column:
            _draw_pair(axis, joint, sources, quantities[column], quantities[row])
        elif row == column:
            _draw_histogram(axis, joint, sources, quantities[row])
        else:
            _write_correlation(axis, joint, sources, quantities[column], quantities[row])
    _label_edges(axes, joint)
    legend_above(figure, axes[1, 0])
    if total > MOST:
        figure.legends[0].set_title(f"formation energies alone, of {total} quantities in the table")
    return figure


def _formation_energies(joint):
    """The part of a joint Dataset that is on formation energies."""
    own = [str(name) for name in joint["quantity"].values if name.endswith("formation_energy")]
    return joint.sel(quantity=own, quantity_2=own)


def _parameter_labels(names):
    """Labels of some parameters by their place: beta_5, or beta_5 above W for W_beta_5."""
    parts = [name.rsplit("beta_", 1) for name in names]
    several = any(element for element, _ in parts)
    every = next(step for step in LABELLED if len(names) / step <= MOST_LABELS)
    return {
        place: f"$\\beta_{{{number}}}$" + (f"\n{element.rstrip('_')}" if several else "")
        for place, (element, number) in enumerate(parts)
        # Of several elements the beta_0 are beside each other.
        if int(number) % every == 0 and not (several and number == "0")
    }


def _names_and_symbols(joint):
    """Name of the structure and symbol of each quantity; no name where there is one structure."""
    structures = [str(name) for name in joint["structure"].values]
    several = len(set(structures) - {""}) > 1
    quantities = joint["quantity"].values
    return [
        (name if several else "", SYMBOLS[quantity.removeprefix(f"{name}_")])
        for name, quantity in zip(structures, quantities, strict=True)
    ]


def _colour(joint):
    """Of predictions: that of their level, of the first one if structures differ."""
    return level_style(joint.attrs["best_level"].split(", ")[0])["color"]


def _draw_pair(axis, joint, sources, across, up):
    size = 5 if joint.sizes["sample"] < MANY else 1.5
    for source, label in sources:
        values = joint["value"].sel(source=source)
        points = values.sel(quantity=across), values.sel(quantity=up)
        if source == "truth":  # a larger, grey dot behind
            look = {"s": 4 * size, "color": TRUE_GREY, "zorder": 1}
        else:
            look = {"s": size, "color": _colour(joint), "zorder": 2}
        axis.scatter(*points, **look, linewidths=0, label=label, rasterized=True)


def _draw_histogram(axis, joint, sources, quantity):
    values = joint["value"].sel(quantity=quantity, source=[source for source, _ in sources])
    edges = np.histogram_bin_edges(values.values.ravel(), bin_count(joint.sizes["sample"]))
    for source, _ in sources:
        data = values.sel(source=source).values
        if source == "truth":
            axis.hist(data, edges, color=TRUE_GREY, zorder=1)
        else:
            axis.hist(data, edges, histtype="step", color=_colour(joint), linewidth=1.1, zorder=2)
    axis.set_yticks([])


def _write_correlation(axis, joint, sources, across, up):
    found = joint["correlation"].sel(quantity=up, quantity_2=across)
    numbers = [float(found.sel(source=source)) for source, _ in sources]
    # As pale as half the scale: black numbers stay readable on every colour.
    axis.set_facecolor(DIVERGING(Normalize(-2, 2)(numbers[0])))
    lines = [f"{numbers[0]:+.2f}", *(f"({number:+.2f})" for number in numbers[1:])]
    axis.text(0.5, 0.5, "\n".join(lines), transform=axis.transAxes, ha="center", va="center")
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
    axes[0, 0].set_ylabel("samples")
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
