"""Quantities of crystals and structures, and their derivatives by the parameters."""

from relaxdiff.quantities.crystal import crystal_quantities
from relaxdiff.quantities.formation import quantity_derivatives, quantity_units, values_at_mean

__all__ = [
    "crystal_quantities",
    "quantity_derivatives",
    "quantity_units",
    "values_at_mean",
]
