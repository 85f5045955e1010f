"""Energies and volumes of all variants, predicted from one derivative."""

from relaxdiff.predictions.coordinates import predicted_coordinates

__all__ = [
    "predicted_coordinates",
]
