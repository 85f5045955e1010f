"""Phonons of potentials that are fitted to force constants: bands and densities of states."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from relaxdiff.figures.style import (
    FIT_COLOURS,
    LEVEL_STYLES,
    WIDE,
    legend_above,
    letter_panels,
    new_figure,
    styled,
)

_ORANGE = LEVEL_STYLES["orange"]["color"]
# The target is broad and light, so that it can be seen beneath a line that falls on it.
LINES = {
    "target": {"color": "0.72", "linewidth": 2.3},
    "before": {"color": _ORANGE, "linewidth": 0.9, "linestyle": (0, (4, 2))},
    "after": {"color": FIT_COLOURS["path"], "linewidth": 0.9},
}
LABELS = {"target": "target", "before": "before the fit", "after": "after the fit"}
STILL = -0.2  # THz; lower frequencies are unstable modes, not the rounding of force constants
ROOM = 1.04  # from 0 to the upper end of an axis, in units of the largest value


@styled
def phonons(phonons):
    """Bands of the target and before and after the fit; beside them the densities of states.

    phonons: the Dataset of `phonons_of`; of its sources those are drawn that have one of
    these names. Frequencies below zero are those of unstable modes, and are drawn if there are any.
    """
    figure = new_figure(WIDE, 3.1)
    bands, densities = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
    for name in LINES:
        if name in phonons["source"].values:
            _draw(bands, densities, phonons.sel(source=name))
    _mark_points(bands, phonons)
    frequencies = phonons["band_frequency"]
    lowest, highest = frequencies.min().item(), frequencies.max().item()
    bottom = ROOM * lowest if lowest < STILL else 0
    bands.set(ylabel="frequency (THz)", ylim=(bottom, ROOM * highest))
    bands.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
    for axis in (bands, densities):
        axis.axhline(0, color="0.4", linewidth=0.6, zorder=0)
    most = ROOM * phonons["density_of_states"].max().item()
    densities.set(xlabel="density of states\n(1/THz)", xlim=(0, most))
    legend_above(figure, densities)
    letter_panels((bands, densities))
    return figure


def _draw(bands, densities, source):
    """The lines of one source."""
    name = source["source"].item()
    distances, frequencies = source["distance"].values, source["band_frequency"].values
    # Where lines break off, two wave vectors are at one place: nothing connects them.
    breaks = np.flatnonzero(np.diff(distances) == 0) + 1
    for where, part in zip(np.split(distances, breaks), np.split(frequencies, breaks), strict=True):
        bands.plot(where, part, **LINES[name])
    densities.plot(
        source["density_of_states"], source["frequency"], label=LABELS[name], **LINES[name]
    )


def _mark_points(axis, phonons):
    """A line and the name at each point of high symmetry; two names where lines break off."""
    named = {}
    for distance, point in zip(phonons["distance"].values, phonons["point"].values, strict=True):
        if point:
            named.setdefault(distance, []).append(_name_of(point))
    axis.set_xticks(list(named), ["|".join(names) for names in named.values()])
    axis.tick_params(axis="x", length=0)
    axis.set_xlim(min(named), max(named))
    for distance in named:
        axis.axvline(distance, color="0.4", linewidth=0.6, zorder=0)


def _name_of(point):
    return r"$\Gamma$" if point == "G" else rf"$\mathrm{{{point}}}$"
