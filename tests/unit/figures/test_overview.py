"""What the overview shows: panels, levels, one legend."""

import numpy as np
from drawn import errors_of, legend_of, line, predictions_of

from relaxdiff.figures.overview import overview
from relaxdiff.statistics.errors import error_table

SHOWN = ["c", "h", "h+ih", "newton"]


def test_overview_has_four_panels_and_one_legend(study):
    figure = overview(predictions_of(study), study["truth"], sample=4)
    assert legend_of(figure) == ["truth", *SHOWN]
    assert figure.get_figwidth() == 7
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["(a)", "(b)", "(c)", "(d)"]
    symbols = ["V_", "E_", "Delta V_", "Delta E_"]
    for axis, symbol in zip(figure.axes, symbols, strict=True):
        assert symbol in axis.get_ylabel()
    table = error_table(errors_of(study)).set_index("lambda")
    for axis, quantity in zip(figure.axes[2:], ("volume", "energy"), strict=True):
        here = (table["quantity"] == f"formation_{quantity}") & (table["level"] == "newton")
        medians = table.loc[here, "median_abs_error"]
        drawn = line(axis, "newton")
        np.testing.assert_allclose(drawn.get_ydata(), medians.mask(medians.index == 0))


def test_overview_without_truth_has_no_errors(study):
    figure = overview(study["predictions"])
    assert legend_of(figure) == SHOWN
    assert len(figure.axes) == 2
