"""Curves end where truth does, few variants are pale, and what is off scale is counted."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from relaxdiff.figures.curves import (
    FEWEST,
    PALE,
    end_at_stable,
    end_log_axis,
    plot_medians,
    plot_prediction,
)

LAMBDAS = np.arange(-3.0, 4.0)


@pytest.fixture
def axis():
    figure, axis = plt.subplots()
    yield axis
    plt.close(figure)


def finite(line):
    """The abscissae that a line is drawn at."""
    return line.get_xdata()[np.isfinite(line.get_ydata())].tolist()


def test_a_prediction_is_dashed_beyond_truth(axis):
    true = np.where(np.abs(LAMBDAS) <= 2, 1.0, np.nan)
    plot_prediction(axis, LAMBDAS, LAMBDAS**2, "newton", true)
    below, above, between = axis.lines
    assert finite(below) == [-3, -2]
    assert finite(above) == [2, 3]
    assert finite(between) == [-2, -1, 0, 1, 2]
    assert below.is_dashed()
    assert not between.is_dashed()


def test_medians_over_few_variants_are_pale_and_have_no_band(axis):
    table = pd.DataFrame(
        {
            "lambda": LAMBDAS,
            "variants": np.where(LAMBDAS > 1, FEWEST - 1, FEWEST),
            "median_abs_error": 1e-3,
            "abs_error_percentile_16": 1e-4,
            "abs_error_percentile_84": 1e-2,
        }
    )
    plot_medians(axis, {"newton": table}, "lambda")
    pale = [line for line in axis.lines if line.get_label() == "_few"]
    assert [line.get_alpha() for line in pale] == [PALE]
    assert finite(pale[0]) == [2, 3]
    band = axis.collections[0].get_paths()[0].vertices
    assert band[:, 0].max() == 1


def test_points_below_the_axis_are_counted(axis):
    axis.set_yscale("log")
    axis.plot([0, 1, 2, 3], [0, 1e-9, 1e-3, 1])
    end_log_axis(axis, floor=1e-6)
    assert axis.get_ylim()[0] == pytest.approx(1e-6)
    assert axis.texts[0].get_text() == "2 off scale"


def test_an_axis_ends_where_the_crystal_is_no_longer_stable(axis):
    end_at_stable(axis, LAMBDAS, np.abs(LAMBDAS - 1) <= 2)
    low, high = axis.get_xlim()
    assert -1.5 < low < -1
    assert high == 3
