"""Tables of the results: errors and their calibration, the posterior, correlations, solvers."""

from relaxdiff.statistics.errors import EXPECTED_SLOPES, all_levels, error_table, posterior_values

__all__ = [
    "EXPECTED_SLOPES",
    "all_levels",
    "error_table",
    "posterior_values",
]
