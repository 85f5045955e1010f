"""Quantities of crystals and structures, and their derivatives by the parameters."""

from relaxdiff.quantities.crystal import crystal_quantities
from relaxdiff.quantities.formation import (
    FORMATION_UNITS,
    changes_compared_with,
    core_energies,
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
    "core_energies",
    "crystal_quantities",
    "energy_by_shift",
    "formation_derivatives",
    "formation_names",
    "quantity_derivatives",
    "quantity_units",
    "values_at_mean",
]
