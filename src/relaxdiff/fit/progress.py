"""The steps of a fit in lines of text."""

import numpy as np


def line(number, step):
    """A Step in a line of text."""
    curvature = (
        "" if np.isnan(step.lowest_curvature) else f", curvature {step.lowest_curvature:.3f}"
    )
    return (
        f"step {number}: loss {step.loss:.3g} A^2, largest deviation "
        f"{step.largest_deviation:.4f} A{curvature}, parameters changed by "
        f"{step.relative_change:.2%}"
    )
