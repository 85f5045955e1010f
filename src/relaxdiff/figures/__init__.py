"""Figures and pages of the results; the only package that draws."""

from relaxdiff.figures.errors import calibration, energy_error, error_scaling, volume_error
from relaxdiff.figures.formation import formation_curves, posterior_distribution

__all__ = [
    "calibration",
    "energy_error",
    "error_scaling",
    "formation_curves",
    "posterior_distribution",
    "volume_error",
]
