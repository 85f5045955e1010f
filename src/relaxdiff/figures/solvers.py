"""Figures of the solvers: what they cost with size, and how far they can be trusted."""

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from relaxdiff.figures.style import (
    SOLVER_LABELS,
    SOLVER_STYLES,
    WIDE,
    add_minor_ticks,
    legend_above,
    letter_panels,
    new_figure,
    plain_decades,
    styled,
)


@styled
def solver_scaling(measurements):
    """Wall time and peak memory of one direction of the derivative against the number of atoms.

    measurements: DataFrame with columns solver, atoms, seconds, grown_MiB (peak beyond what the
    process held before: interpreter, libraries, structure).
    """
    figure = new_figure(WIDE, 2.7)
    axes = figure.subplots(1, 2)
    panels = {"seconds": "wall time (s)", "grown_MiB": "additional peak memory (MiB)"}
    for axis, (quantity, label) in zip(axes, panels.items(), strict=True):
        for solver, style in SOLVER_STYLES.items():
            here = measurements[measurements["solver"] == solver].sort_values("atoms")
            axis.plot(
                here["atoms"],
                here[quantity],
                label=SOLVER_LABELS.get(solver, solver),
                markersize=3.5,
                **style,
            )
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("atoms")
        axis.set_ylabel(label)
    plain_decades(axes[1].yaxis)
    letter_panels(axes)
    legend_above(figure, axes[0])
    return figure


@styled
def solver_accuracy(displacements, alphas):
    """Predicted against true displacements of each solver; error of the energy solver with alpha_0.

    displacements: DataFrame with columns solver, lambda, predicted, true (Angstrom), one row for
    each Cartesian component; alphas: alpha (eV/Angstrom), error (relative), status.
    """
    figure = new_figure(WIDE, 2.7)
    parity, errors = figure.subplots(1, 2)
    parity.axline((0, 0), slope=1, color="0.3", linewidth=0.6, zorder=0)
    for size, (solver, here) in zip(
        (7, 4.5, 2), displacements.groupby("solver", sort=False), strict=True
    ):
        style = SOLVER_STYLES[solver] | {"linestyle": "none", "markerfacecolor": "none"}
        parity.plot(
            here["true"],
            here["predicted"],
            label=solver,
            markersize=size,
            markeredgewidth=0.7,
            **style,
        )
    stretch = displacements["lambda"].iloc[0]
    parity.set_xlabel(rf"true displacement at $\lambda = {stretch:g}$ ($\mathrm{{\AA}}$)")
    parity.set_ylabel(r"predicted displacement ($\mathrm{\AA}$)")
    parity.set_box_aspect(1)
    both = displacements[["true", "predicted"]].values
    low, high = np.nanmin(both), np.nanmax(both)
    margin = 0.08 * (high - low)
    parity.set_xlim(low - margin, high + margin)
    parity.set_ylim(low - margin, high + margin)
    parity.xaxis.set_major_locator(MaxNLocator(4))
    parity.yaxis.set_major_locator(MaxNLocator(4))
    add_minor_ticks(parity)
    style = SOLVER_STYLES["energy"]
    errors.plot(alphas["alpha"], alphas["error"], markersize=3.5, **style)
    doubted = alphas[alphas["status"] != "converged"]
    errors.plot(
        doubted["alpha"],
        doubted["error"],
        label="not accepted",
        **(style | {"linestyle": "none", "markerfacecolor": "white"}),
        markersize=3.5,
    )
    errors.set_xscale("log")
    errors.set_yscale("log")
    errors.xaxis.set_major_locator(LogLocator(numticks=6))
    errors.set_xlabel(r"largest added force $\alpha_0$ (eV/$\mathrm{\AA}$)")
    errors.set_ylabel("relative error, energy against dense")
    letter_panels((parity, errors))
    legend_above(figure, parity)
    errors.legend(loc="upper center")
    return figure
