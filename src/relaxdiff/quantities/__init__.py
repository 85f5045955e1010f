"""Quantities of crystals and structures, and their derivatives by the parameters."""

from relaxdiff.quantities.crystal import crystal_quantities
from relaxdiff.quantities.crystal_at import CrystalQuantities, Quantity
from relaxdiff.quantities.force_constants import SupercellForceConstants, read_force_constants
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
from relaxdiff.quantities.phonons import phonons_of
from relaxdiff.quantities.structure_at import StructureQuantities
from relaxdiff.quantities.vibrations import (
    DensityOfStates,
    HeatCapacity,
    PhononFrequencies,
    Vibrations,
    read_density_of_states,
)

__all__ = [
    "CrystalQuantities",
    "DensityOfStates",
    "FORMATION_UNITS",
    "HeatCapacity",
    "PhononFrequencies",
    "Quantity",
    "StructureQuantities",
    "SupercellForceConstants",
    "Vibrations",
    "changes_compared_with",
    "core_energies",
    "crystal_quantities",
    "energy_by_shift",
    "formation_derivatives",
    "formation_names",
    "phonons_of",
    "quantity_derivatives",
    "quantity_units",
    "read_density_of_states",
    "read_force_constants",
    "values_at_mean",
]
