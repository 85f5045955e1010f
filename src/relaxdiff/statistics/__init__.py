"""Tables of the results: errors and their calibration, the posterior, correlations, solvers."""
