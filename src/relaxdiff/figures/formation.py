"""The figures of a structure, in the order of arXiv:2407.02414.

Each function takes the Datasets of those names and returns a matplotlib Figure. Those of errors
against truth are in `figures.errors`.
"""

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator

from relaxdiff.derivative import most_complete
from relaxdiff.exceptions import InputError
from relaxdiff.figures.curves import (
    FLOORS,
    end_at_stable,
    end_log_axis,
    name_marks,
    plot_curve,
    plot_not_relaxed,
    plot_prediction,
    plot_truth,
)
from relaxdiff.figures.errors import SCALED
from relaxdiff.figures.style import (
    COLUMN,
    LABELS,
    TRUTH_COLOUR,
    WIDE,
    add_minor_ticks,
    bin_count,
    interval_bar,
    legend_above,
    letter_panels,
    level_style,
    new_figure,
    say_empty,
    styled,
)
from relaxdiff.statistics import ENOUGH, posterior_values

QUANTITIES = ["formation_energy", "formation_volume"]
DENSITY_BINS = 80  # of many draws
INVERSE_UNITS = {"formation_energy": "1/eV", "formation_volume": r"$1/\mathrm{\AA}^3$"}


@styled
def formation_curves(predictions, truth=None, sample=0):
    """Formation volume and energy of one sample against lambda: truth and every level.

    With truth, the error of the energy below. The volume is left out where the cell does not relax.
    The axes end where the bulk is not stable. Raises InputError when there is no such sample.
    """
    here, true = of_sample(predictions, truth, sample)
    panels = [*quantities_of(predictions)[::-1], *(["error"] if truth is not None else [])]
    figure = new_figure(COLUMN, 0.5 + 1.7 * len(panels))
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        if panel == "error":
            _error_panel(axis, here, true)
        else:
            curves_panel(axis, panel, here, true)
    name_marks(axes)
    axes[-1].set_xlabel(LABELS["lambda"])
    figure.align_ylabels(axes)
    letter_panels(axes)
    legend_above(figure, axes[0], columns=3)
    return figure


def of_sample(predictions, truth, sample):
    """Predictions of one sample, and its truth, NaN where it was not relaxed, or None.

    Raises InputError when there is no such sample.
    """
    if sample not in predictions["sample"].values:
        raise InputError(
            f"figures.sample: {sample} is not a sample of this study, which has 0 to "
            f"{int(predictions['sample'].max())}"
        )
    if truth is None:
        return predictions.sel(sample=sample), None
    converged = truth[QUANTITIES].where(truth["status"] == "converged")
    return predictions.sel(sample=sample), converged.sel(sample=sample)


def curves_panel(axis, quantity, here, true):
    """A quantity of one sample against lambda, predicted and true; here, true: of `of_sample`.

    Crosses: the bulk is stable, but truth did not converge.
    """
    lambdas, stable = _end_at_stable(axis, here)
    known = None if true is None else true[quantity].values
    if true is not None:
        plot_truth(axis, lambdas, known)
        plot_not_relaxed(axis, lambdas[stable & np.isnan(known)])
    for level in here["level"].values:
        plot_prediction(axis, lambdas, here[quantity].sel(level=level).values, level, known)
    axis.set_ylabel(LABELS[quantity])
    add_minor_ticks(axis)


def _end_at_stable(axis, here):
    """Let the axis end there; the lambdas, and where along them the bulk is stable."""
    lambdas = here["lambda"].values
    stable = here["formation_energy"].notnull().any("level").values
    end_at_stable(axis, lambdas, stable)
    return lambdas, stable


def _error_panel(axis, here, true):
    axis.set_yscale("log", nonpositive="mask")
    lambdas, _ = _end_at_stable(axis, here)
    errors = np.abs(here["formation_energy"] - true["formation_energy"])
    errors = errors.where(errors["lambda"] != 0)  # all levels are the reference there
    for level in here["level"].values:
        plot_curve(axis, lambdas, errors.sel(level=level).values, level)
    end_log_axis(axis, FLOORS["formation_energy"])
    axis.set_ylabel(SCALED["formation_energy"])


@styled
def posterior_distribution(draws, predictions, truth=None):
    """Density of E_f and V_f over the posterior: draws, and the relaxed samples (lambda = 1).

    Of E_f alone where the cell does not relax. draws: of `predict_draws`, shown at their best
    level, at which samples are predicted where there is no truth. Above each density
    mean (point), standard deviation (thick) and, of enough values, 95 % interval (thin).
    """
    samples = posterior_values(predictions, truth)
    level = most_complete(draws["level"].values)
    source, label = ("truth", "relaxed samples") if truth is not None else (level, "samples")
    quantities = quantities_of(predictions)
    figure = new_figure({1: COLUMN, 2: WIDE}[len(quantities)], 2.7)
    axes = figure.subplots(2, len(quantities), height_ratios=[1, 2.4], sharex="col", squeeze=False)
    for column, quantity in enumerate(quantities):
        above, below = axes[:, column]
        above.axis("off")
        below.set_xlabel(LABELS[quantity])
        below.set_ylabel(f"density ({INVERSE_UNITS[quantity]})")
        drawn = draws[quantity].sel(level=level).dropna("draw").values
        shown = samples[quantity].sel(source=source).values
        if len(drawn) < 2:
            say_empty(below, "fewer than two draws")
            continue
        colour = level_style(level)["color"]
        bins = DENSITY_BINS if len(drawn) >= ENOUGH else bin_count(len(drawn))
        look = {"density": True, "histtype": "stepfilled", "linewidth": 0.8}
        below.hist(
            drawn,
            np.histogram_bin_edges(drawn, bins),
            **look,
            edgecolor=colour,
            facecolor=to_rgba(colour, 0.25),
            label=f"{len(drawn):,} draws ({level})",
        )
        interval_bar(above, drawn, 0, colour, quantity)
        if len(shown):
            _mark_samples(below, shown, f"{len(shown):,} {label}")
            interval_bar(above, shown, 1.15, TRUTH_COLOUR, quantity)
        above.set_ylim(-0.45, 2.2)
        below.yaxis.set_major_locator(MaxNLocator(4))
        below.xaxis.set_major_locator(MaxNLocator(5))
    letter_panels(axes[0])
    legend_above(figure, axes[1, 0])
    return figure


def _mark_samples(axis, values, label):
    """Samples as the outline of a histogram and, each of them, as a tick on the lower edge."""
    if len(values) > 1:
        edges = np.histogram_bin_edges(values, bin_count(len(values)))
        axis.hist(
            values,
            edges,
            density=True,
            histtype="step",
            color=TRUTH_COLOUR,
            linewidth=1,
            label=label,
        )
    ticks = {"linestyle": "none", "marker": "|", "markersize": 5, "markeredgewidth": 0.5}
    axis.plot(
        values,
        np.full(len(values), 0.025),
        **ticks,
        color=TRUTH_COLOUR,
        transform=axis.get_xaxis_transform(),
        label=None if len(values) > 1 else label,
    )


def quantities_of(predictions):
    """What there is to show: the volume of a cell that does not relax is the same everywhere."""
    volume = predictions["volume"].values
    relaxes = np.nanmax(volume) > np.nanmin(volume)
    return QUANTITIES if relaxes else QUANTITIES[:1]
