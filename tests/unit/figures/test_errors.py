"""What the figures of errors show: lines, labels, counts. Not their pixels."""

import numpy as np
import pytest
from analytic_study import lose
from drawn import LEVELS, draw_all, legend_of, line, predictions_of
from matplotlib.figure import Figure

from relaxdiff.figures.curves import PALE, end_log_axis
from relaxdiff.figures.style import bin_count


def test_volume_error_shows_medians_counts_and_parity(study):
    lose(study, 4, [8])
    axis, parity, counts = draw_all(study)["volume_error"].axes
    true, predicted = study["truth"], predictions_of(study)
    expected = np.abs(predicted["formation_volume"] - true["formation_volume"])
    expected = expected.where(true["status"] == "converged").median("sample")
    expected = expected.where(expected["lambda"] != 0)
    for level in LEVELS:
        np.testing.assert_allclose(line(axis, level).get_ydata(), expected.sel(level=level))
    assert axis.get_yscale() == "log"
    assert axis.get_xlim() == (-4, 4)
    assert len(axis.collections) == 6  # bands: c and ih coincide
    assert counts.collections[0].get_paths()[0].vertices[:, 1].max() == 12
    assert len(parity.collections[0].get_offsets()) == 12 * 9 - 1


def test_medians_over_few_variants_are_pale_and_axes_end_with_truth(study):
    for sample in range(12):
        lose(study, sample, [0, 8] if sample else [0])
    figure = draw_all(study)["volume_error"]
    axis = figure.axes[0]
    assert legend_of(figure) == [*LEVELS, "fewer than 10 variants"]
    assert axis.get_xlim() == (-2, 4)
    assert np.isnan(line(axis, "h").get_ydata()[-1])
    pale = line(axis, "_few")
    assert np.isfinite(pale.get_ydata()).tolist() == [False] * 7 + [True]
    assert pale.get_alpha() == PALE
    bands = np.concatenate([path.vertices for path in axis.collections[0].get_paths()])
    assert bands[:, 0].max() == 2


def test_what_is_below_a_logarithmic_axis_is_counted():
    axis = Figure().subplots()
    axis.set_yscale("log")
    axis.plot([0, 1, 2, 3, 4], [0, 1e-12, 1e-7, 1e-2, np.nan])
    end_log_axis(axis, 1e-8)
    assert [text.get_text() for text in axis.texts] == ["2 off scale"]
    assert axis.get_ylim()[0] == 1e-8
    assert axis.get_ylim()[1] > 1e-2


def test_energy_error_is_binned_by_the_change_of_energy(study):
    figure = draw_all(study, zoom=0.05)["energy_error"]
    whole, near = figure.axes
    assert legend_of(figure) == [*LEVELS, "fewer than 10 variants"]
    assert near.get_xlim() == (-0.05, 0.05)
    change = study["truth"]["formation_energy"].values - 3
    assert whole.get_xlim() == (change.min(), change.max())
    # The few variants far away have their pale medians: every variant is in one or the other.
    full, pale = (line(whole, label) for label in ("c", "_few"))
    shown = np.isfinite(full.get_ydata()), np.isfinite(pale.get_ydata())
    assert (shown[0] ^ shown[1]).all()
    width = np.ptp(change) / bin_count(change.size)
    assert full.get_xdata()[0] == pytest.approx(change.min() + width / 2)
    assert full.get_xdata()[-1] == pytest.approx(change.max() - width / 2)
    best, worst = (np.nanmean(line(whole, level).get_ydata()) for level in ("h+ih", "c"))
    assert best < worst


def test_error_scaling_is_logarithmic_with_guides(study):
    figure = draw_all(study)["error_scaling"]
    assert len(figure.axes) == 4
    for axis in figure.axes:
        assert axis.get_xscale() == axis.get_yscale() == "log"
        assert len(axis.lines) == len(LEVELS) + 3
    guides = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(guides) == [rf"$\propto|\lambda|^{power}$" for power in (2, 3, 5)]
    # Both signs of lambda together, each variant counted once.
    np.testing.assert_allclose(line(figure.axes[0], "h+ih").get_xdata(), [0.5, 1, 2, 4])
