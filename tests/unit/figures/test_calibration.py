"""What the figure of calibration counts and draws. Not its pixels."""

import numpy as np
import pytest
from drawn import LEVELS, errors_of, legend_of, line

from relaxdiff.figures import calibration as calibration_figure


def test_calibration_counts_every_variant_of_each_level(study):
    errors = errors_of(study)
    figure = calibration_figure.calibration(errors)
    panels = figure.axes[: len(LEVELS)]
    assert [axis.get_title() for axis in panels] == LEVELS
    labels = ["error = estimate", "error = 2 × estimate", "median", "95th percentile"]
    assert legend_of(figure) == labels
    axis = panels[LEVELS.index("newton@x")]
    counts = axis.collections[0].get_array()
    size = np.abs(errors["formation_energy"].sel(level="newton@x"))
    hidden = int((size <= calibration_figure.TINY).sum())
    assert hidden >= 12  # lambda = 0 has no place on a logarithmic axis
    assert counts.sum() == 12 * 9 - hidden
    texts = {text.get_text() for text in axis.texts}
    assert texts == {f"{hidden} off scale", "100.0 % within\ntwice the estimate"}
    equal, twice = (line(axis, label) for label in labels[:2])
    assert equal.get_ydata() / equal.get_xdata() == pytest.approx(1)
    assert twice.get_ydata() / twice.get_xdata() == pytest.approx(2)
    # All errors are a fourth of their estimates.
    median = line(axis, "median")
    known = np.isfinite(median.get_ydata())
    assert known.any()
    assert (median.get_ydata() / median.get_xdata())[known] == pytest.approx(0.25, rel=1)
