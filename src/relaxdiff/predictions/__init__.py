"""Energies and volumes of all variants, predicted from one derivative."""

from relaxdiff.predictions.coordinates import predicted_coordinates
from relaxdiff.predictions.draws import linear_draws

__all__ = [
    "linear_draws",
    "predicted_coordinates",
]
