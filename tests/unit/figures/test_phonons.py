"""Bands and densities of states of a fit to force constants."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.figures.phonons import phonons

SOURCES = ["target", "before", "after"]


def dataset(lowest=0.0):
    """Two branches along G-X|K-L, and their densities."""
    distance = np.array([0.0, 0.5, 1.0, 1.0, 1.5])
    bands = np.stack([np.linspace(lowest, 5, 5), np.linspace(8, 9, 5)], axis=1)
    frequency = np.linspace(lowest, 10, 21)
    density = np.exp(-((frequency - 5) ** 2))
    scales = np.array([1.0, 1.2, 1.1])
    return xr.Dataset(
        {
            "band_frequency": (("source", "wave", "branch"), scales[:, None, None] * bands),
            "density_of_states": (("source", "frequency"), scales[:, None] * density),
        },
        {
            "source": SOURCES,
            "frequency": frequency,
            "distance": ("wave", distance),
            "point": ("wave", ["G", "", "X", "K", "L"]),
        },
    )


def labelled(axis):
    return {line.get_label(): line for line in axis.get_lines()}


def test_bands_and_densities_are_those_of_the_dataset():
    given = dataset()
    bands, densities = phonons(given).axes
    drawn = [line for line in bands.lines if len(line.get_xdata()) in (2, 3)][:12]
    for source, name in enumerate(SOURCES):
        expected = given["band_frequency"].sel(source=name).values
        # Two branches before the break, then the two behind it.
        found = [line.get_ydata() for line in drawn[4 * source : 4 * source + 4]]
        for part, rows in ((found[:2], slice(3)), (found[2:], slice(3, None))):
            np.testing.assert_array_equal(np.transpose(part), expected[rows])
    lines = labelled(densities)
    for name, label in zip(SOURCES, ("target", "before the fit", "after the fit"), strict=True):
        expected = given["density_of_states"].sel(source=name).values
        np.testing.assert_array_equal(lines[label].get_xdata(), expected)


def test_points_have_names_and_both_where_lines_break_off():
    bands, _ = phonons(dataset()).axes
    assert list(bands.get_xticks()) == [0.0, 1.0, 1.5]
    texts = [label.get_text() for label in bands.get_xticklabels()]
    assert texts == [r"$\Gamma$", r"$\mathrm{X}$|$\mathrm{K}$", r"$\mathrm{L}$"]


@pytest.mark.parametrize(("lowest", "bottom"), [(-0.05, 0.0), (-2.0, -2.4 * 1.04)])
def test_the_axis_goes_below_zero_for_unstable_modes_alone(lowest, bottom):
    bands, densities = phonons(dataset(lowest)).axes
    assert bands.get_ylim()[0] == densities.get_ylim()[0] == pytest.approx(bottom)


def test_a_study_without_a_target_can_be_drawn():
    figure = phonons(dataset().sel(source=["before", "after"]))
    figure.draw_without_rendering()
    assert "target" not in labelled(figure.axes[1])
