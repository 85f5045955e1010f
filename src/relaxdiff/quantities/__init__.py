"""Quantities of crystals and structures, and their derivatives by the parameters."""

from relaxdiff.quantities.crystal import crystal_quantities
from relaxdiff.quantities.formation import (
    FORMATION_UNITS,
    changes_compared_with,
    energy_by_shift,
    formation_derivatives,
    formation_names,
    quantity_derivatives,
    quantity_units,
    values_at_mean,
)

__all__ = [
    "FORMATION_UNITS",
    "changes_compared_with",
    "crystal_quantities",
    "energy_by_shift",
    "formation_derivatives",
    "formation_names",
    "quantity_derivatives",
    "quantity_units",
    "values_at_mean",
]
