"""Quantities of crystals and structures, and their derivatives by the parameters."""

from relaxdiff.quantities.crystal import crystal_quantities
from relaxdiff.quantities.formation import (
    FORMATION_UNITS,
    formation_derivatives,
    formation_names,
    quantity_derivatives,
    quantity_units,
    values_at_mean,
)

__all__ = [
    "FORMATION_UNITS",
    "crystal_quantities",
    "formation_derivatives",
    "formation_names",
    "quantity_derivatives",
    "quantity_units",
    "values_at_mean",
]
