"""How a fit went: its loss and deviation, whether it keeps to minima, and how far Theta went."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from relaxdiff.figures.style import COLUMN, FIT_COLOURS, letter_panels, new_figure, styled

LINE = {"marker": "o", "markersize": 3, "linewidth": 1.0, "color": FIT_COLOURS["path"]}
RELAXED = {"marker": "D", "markersize": 5, "linestyle": "none", "markerfacecolor": "none"}


@styled
def fit_path(fit, verdict):
    """Loss, largest deviation, lowest curvature and change of Theta against the step.

    fit, verdict: the Datasets of fit.nc and verdict.nc. Beside the deviations of the steps is that
    of plain LAMMPS's relaxation from the result; a red note says where the result is no minimum.
    """
    figure = new_figure(COLUMN, 4.9)
    panels = figure.subplots(4, 1, sharex=True, height_ratios=[1, 1.4, 1, 1])
    curves = {
        "loss": r"loss ($\mathrm{\AA}^2$)",
        "largest_deviation": "largest\n" r"deviation ($\mathrm{\AA}$)",
        "lowest_curvature": "lowest\ncurvature",
        "relative_change": "change of\n" r"$\Theta$ (%)",
    }
    for panel, (name, label) in zip(panels, curves.items(), strict=True):
        known = fit[name].dropna("step")
        values = known.values * (100 if name == "relative_change" else 1)
        panel.plot(known["step"], values, **LINE)
        panel.set_ylabel(label)
    for panel in panels[:2]:
        panel.margins(y=0.12)
        if np.any(panel.lines[0].get_ydata() > 0):  # else the fit began at its target
            panel.set_yscale("log")
    panels[2].axhline(0, color="0.4", linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    _mark_relaxed(panels[1], fit, verdict)
    letter_panels(panels)
    panels[-1].set_xlabel("step")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels(panels)
    return figure


def _mark_relaxed(panel, fit, verdict):
    """Where plain LAMMPS comes from the result; in red if that is not the target."""
    is_minimum = verdict.attrs["is_minimum"] == "yes"
    panel.plot(
        fit["step"].values[-1],
        verdict["largest_deviation"].sel(begin="result").item(),
        color=FIT_COLOURS["relaxed" if is_minimum else "wrong"],
        label="result relaxed by LAMMPS"
        if is_minimum
        else "result relaxed by LAMMPS:\nnot a minimum",
        **RELAXED,
    )
    panel.legend(loc="best", labelcolor="black" if is_minimum else FIT_COLOURS["wrong"])
