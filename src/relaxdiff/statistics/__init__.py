"""Tables of the results: errors and their calibration, the posterior, correlations, solvers."""

from relaxdiff.statistics.errors import (
    CLEAR,
    EXPECTED_SLOPES,
    RESOLUTION,
    SLOPE_RANGE,
    all_levels,
    error_table,
)
from relaxdiff.statistics.moments import ENOUGH, decimals, moments, posterior_values

__all__ = [
    "CLEAR",
    "ENOUGH",
    "EXPECTED_SLOPES",
    "RESOLUTION",
    "SLOPE_RANGE",
    "all_levels",
    "decimals",
    "error_table",
    "moments",
    "posterior_values",
]
