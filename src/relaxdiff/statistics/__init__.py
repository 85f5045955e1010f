"""Tables of the results: errors and their calibration, the posterior, correlations, solvers."""

from relaxdiff.statistics.errors import (
    CLEAR,
    EXPECTED_SLOPES,
    RESOLUTION,
    SLOPE_RANGE,
    all_levels,
    error_table,
    posterior_values,
)

__all__ = [
    "CLEAR",
    "EXPECTED_SLOPES",
    "RESOLUTION",
    "SLOPE_RANGE",
    "all_levels",
    "error_table",
    "posterior_values",
]
