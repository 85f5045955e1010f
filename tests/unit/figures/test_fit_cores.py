"""The structures of a fit side by side."""

import numpy as np
import pytest
from fit_results import dislocation_fit, point_defect_fit
from matplotlib.quiver import Quiver

from relaxdiff.figures.fit_cores import REACH, fit_cores
from relaxdiff.figures.fit_views import view_of
from relaxdiff.figures.style import FIT_COLOURS, SHORTEST_ARROW


def titles(figure):
    return [axis.get_title(loc="left") for axis in figure.axes]


def arrows(axis):
    return next(each for each in axis.collections if isinstance(each, Quiver))


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_cores_of_a_dislocation():
    fit, verdict = dislocation_fit()
    figure = fit_cores(fit, verdict)
    view = view_of(fit, REACH)
    structures = [
        fit["positions"].values[0],
        fit["target"].values,
        verdict["relaxed_positions"].values[0],
    ]
    for axis, positions in zip(figure.axes, structures, strict=True):
        steps = view.picture(positions).steps
        steps = steps[np.linalg.norm(steps, axis=1) > SHORTEST_ARROW]
        assert np.column_stack([arrows(axis).U, arrows(axis).V]) == pytest.approx(steps)
        (cross,) = [line for line in axis.lines if line.get_marker() == "P"]
        assert np.ravel(cross.get_xydata()) == pytest.approx(view.core(positions))
    (path,) = [line for line in figure.axes[2].lines if line.get_marker() == "o"]
    expected = [view.core(positions) for positions in fit["positions"].values]
    assert path.get_xydata() == pytest.approx(np.array(expected))
    assert legend(figure) == ["height 0", "b/3", "2b/3", "X", "core", "core, step by step"]


def test_titles_tell_names_deviations_and_the_scale():
    fit, verdict = dislocation_fit()
    start, target, result = titles(fit_cores(fit, verdict))
    assert start.startswith("(a) start: screw_easy\n")
    assert f"{fit['largest_deviation'].values[0]:.2g} Å" in start
    assert target == "(b) target: screw_hard\narrow from column to column: b/3"
    assert result.startswith("(c) result, relaxed\n")
    assert f"{verdict['largest_deviation'].values[0]:.2g} Å" in result


@pytest.mark.parametrize("results", [dislocation_fit, point_defect_fit])
@pytest.mark.parametrize("minimum", [True, False])
def test_no_minimum_is_said_in_red(results, minimum):
    figure = fit_cores(*results(minimum))
    title = figure.axes[2]._left_title
    assert ("not a minimum" in title.get_text()) is not minimum
    assert (title.get_color() == FIT_COLOURS["wrong"]) is not minimum
    assert figure.axes[0]._left_title.get_color() == "black"


def test_a_point_defect_has_arrows_to_the_target_and_no_core():
    fit, verdict = point_defect_fit()
    figure = fit_cores(fit, verdict)
    counts = [len(arrows(axis).U) for axis in figure.axes]
    assert counts[0] > 10
    assert counts[1:] == [0, 0]
    assert [axis.get_xlabel()[0] for axis in figure.axes] == ["x"] * 3
    assert figure.axes[0].get_ylabel()[0] == "z"
    assert legend(figure) == ["not compared", "compared with the target", "X"]


def test_without_a_solute_the_legend_names_none():
    fit, verdict = point_defect_fit()
    fit["atomic_numbers"][:] = 74
    assert legend(fit_cores(fit, verdict)) == ["not compared", "compared with the target"]
