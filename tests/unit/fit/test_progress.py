"""A step in a line of text."""

import numpy as np

from relaxdiff.fit.problem import Step
from relaxdiff.fit.progress import line


def test_a_step_in_a_line():
    step = Step(np.zeros(3), np.zeros(2), 0.0123, 0.4567, 1e-5, 0.25, 0.0321, 40)
    assert line(2, step) == (
        "step 2: loss 0.0123 A^2, largest deviation 0.4567 A, curvature 0.250, parameters changed "
        "by 3.21%"
    )


def test_a_curvature_that_is_not_known_is_left_out():
    step = Step(np.zeros(3), np.zeros(2), 0.0123, 0.4567, 1e-5, np.nan, 0.0, 40)
    assert "curvature" not in line(0, step)
