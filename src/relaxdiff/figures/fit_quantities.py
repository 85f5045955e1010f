"""How a fit to properties went: its loss, and every target's distance from what is wanted."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from relaxdiff.figures.style import COLUMN, FIT_COLOURS, letter_panels, new_figure, styled

WORDS = {"formation_energy": r"$E_\mathrm{f}$", "formation_volume": r"$V_\mathrm{f}$"}
BAND = 1.0  # tolerances
LARGEST_LINEAR = 2.0  # tolerances; beyond, the axis is logarithmic


@styled
def fit_quantities(quantities):
    """Loss and deviations of the targets, in their tolerances, against the step.

    quantities: the Dataset of fit.nc, of a fit to properties. The grey band is one tolerance wide
    to each side.
    """
    figure = new_figure(COLUMN, 3.6)
    panels = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.6])
    step = quantities["step"].values
    panels[0].plot(step, quantities["loss"], marker="o", markersize=3, color=FIT_COLOURS["path"])
    if (quantities["loss"] > 0).all():
        panels[0].set_yscale("log")
    panels[0].set_ylabel("loss")
    targets = quantities.sel(quantity=np.isfinite(quantities["target"]))
    panels[1].axhspan(-BAND, BAND, color="0.9", zorder=0)
    for name, here in targets.groupby("quantity", squeeze=False):
        here = here.squeeze("quantity")
        deviation = (here["value"] - here["target"]) / here["tolerance"]
        panels[1].plot(step, deviation, marker="o", markersize=3, label=_words(str(name)))
    panels[1].set_yscale("symlog", linthresh=LARGEST_LINEAR)
    panels[1].set_ylabel("deviation from target\n(tolerances)")
    panels[1].legend(loc="best")
    panels[1].set_xlabel("step")
    panels[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    letter_panels(panels)
    figure.align_ylabels(panels)
    return figure


def _words(name):
    """A quantity as a label: 'vacancy E_f', 'C11', 'lattice parameter'."""
    if " at " in name:  # a wave vector, a temperature
        return name.replace("_", " ")
    *structure, quantity = name.split(" ")
    if quantity in WORDS:
        words = WORDS[quantity]
    elif quantity[0] == "c" and quantity[1:].isdigit():
        words = f"$C_{{{quantity[1:]}}}$"
    else:
        words = quantity.replace("_", " ")
    return " ".join([*structure, words])
