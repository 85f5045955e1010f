"""How a fit went."""

import numpy as np
import pytest
from fit_results import point_defect_fit
from matplotlib.colors import same_color

from relaxdiff.figures.fit_path import fit_path
from relaxdiff.figures.style import FIT_COLOURS


def test_panels_show_the_numbers_of_the_steps():
    fit, verdict = point_defect_fit()
    axes = fit_path(fit, verdict).axes
    names = ("loss", "largest_deviation", "lowest_curvature", "relative_change")
    for axis, name in zip(axes, names, strict=True):
        factor = 100 if name == "relative_change" else 1
        known = fit[name].dropna("step")
        assert axis.lines[0].get_xdata() == pytest.approx(known["step"].values)
        assert axis.lines[0].get_ydata() == pytest.approx(factor * known.values)
    assert [axis.get_yscale() for axis in axes] == ["log", "log", "linear", "linear"]
    assert len(axes[2].lines[0].get_xdata()) < fit.sizes["step"]  # not computed at some
    assert axes[2].lines[1].get_ydata() == [0, 0]


def test_steps_have_whole_numbers():
    fit, verdict = point_defect_fit()
    few = fit.isel(step=slice(2))
    ticks = fit_path(few, verdict).axes[-1].get_xticks()
    assert np.array_equal(ticks, np.rint(ticks))


@pytest.mark.parametrize("minimum", [True, False])
def test_where_lammps_relaxes_to_is_marked_and_red_if_that_is_no_minimum(minimum):
    fit, verdict = point_defect_fit(minimum)
    axis = fit_path(fit, verdict).axes[1]
    mark = axis.lines[1]
    assert mark.get_xdata() == [fit["step"].values[-1]]
    assert mark.get_ydata() == pytest.approx(verdict["largest_deviation"].values[:1])
    (text,) = axis.get_legend().get_texts()
    assert ("not a minimum" in text.get_text()) is not minimum
    assert same_color(mark.get_color(), FIT_COLOURS["relaxed" if minimum else "wrong"])


def test_a_fit_that_began_at_its_target_can_be_drawn():
    fit, verdict = point_defect_fit()
    still = fit.isel(step=[-1])
    still["loss"][:] = still["largest_deviation"][:] = 0.0
    verdict["largest_deviation"][:] = 0.0
    figure = fit_path(still, verdict)
    figure.draw_without_rendering()
    assert [axis.get_yscale() for axis in figure.axes[:2]] == ["linear", "linear"]
