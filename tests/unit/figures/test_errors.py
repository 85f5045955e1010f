"""What the figures of errors show: lines, labels, insets. Not their pixels."""

import numpy as np
import pytest
from analytic_study import lose
from drawn import LEVELS, draw_all, errors_of, legend_of, line, predictions_of

from relaxdiff.figures import errors as error_figures


def test_volume_error_shows_means_counts_and_parity(study):
    lose(study, 4, [8])
    figure = draw_all(study)["volume_error"]
    axis, counts = figure.axes
    (inset,) = axis.child_axes
    true, predicted = study["truth"], predictions_of(study)
    expected = np.abs(predicted["formation_volume"] - true["formation_volume"])
    expected = expected.where(true["status"] == "converged").mean("sample")
    for level in LEVELS:
        np.testing.assert_allclose(line(axis, level).get_ydata(), expected.sel(level=level))
    assert len(axis.collections) == 6  # bands: c and ih coincide
    assert counts.collections[0].get_paths()[0].vertices[:, 1].max() == 12
    assert len(inset.collections[0].get_offsets()) == 12 * 9 - 1
    assert axis.get_ylim()[0] == 0


def test_energy_error_is_binned_by_the_change_of_energy(study):
    figure = draw_all(study, zoom=0.05)["energy_error"]
    (axis,) = figure.axes
    (inset,) = axis.child_axes
    assert legend_of(figure) == LEVELS
    assert inset.get_xlim() == (-0.05, 0.05)
    change = study["truth"]["formation_energy"].values - 3
    centers = line(axis, "c").get_xdata()
    assert change.min() <= min(centers)
    assert max(centers) <= change.max()
    best, worst = (line(axis, level).get_ydata() for level in ("h+ih", "c"))
    assert np.isfinite(worst).all()
    assert best.mean() < worst.mean()


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


def test_calibration_has_a_dot_for_each_variant_and_two_diagonals(study):
    errors = errors_of(study)
    figure = error_figures.calibration(errors)
    (axis,) = figure.axes
    assert legend_of(figure) == LEVELS
    dots = axis.collections[LEVELS.index("newton@x")].get_offsets()
    here = errors.sel(level="newton@x")
    assert len(dots) == 12 * 8  # lambda = 0 has no place on a logarithmic axis
    np.testing.assert_allclose(dots[:, 0], 4 * dots[:, 1])
    assert dots[:, 1].max() == pytest.approx(np.abs(here["formation_energy"]).max().item())
    assert [drawn.get_ydata()[0] / drawn.get_xdata()[0] for drawn in axis.lines] == [1, 2]
