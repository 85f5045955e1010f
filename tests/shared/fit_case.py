"""What tests of a fit start from: X beside a vacancy, and the `fit` of a config."""

LATTICE_PARAMETER = 3.18046  # Angstrom, that of W_2940_2017_2
CHANGE = 0.02  # of the coefficients of X, relative to their norm
NEIGHBOUR = 0  # of the vacancy
SETTINGS = {
    "method": "direct",
    "alchemical": [NEIGHBOUR],
    "free": ["X_beta_*"],
    "prior": False,
    "targets": [{"structure": "vacancy", "like": "changed", "file": None, "region": None}],
    "margin": 0.02,
    "largest_change": 0.5,
    "steps": 3,
}
