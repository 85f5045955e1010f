"""The perfect crystal of every variant, which formation energies are counted from."""

from relaxdiff.crystals.compared import mean_crystal
from relaxdiff.crystals.elasticity import HEXAGONAL_MODULI
from relaxdiff.crystals.formation_energy import ComparedWith, beyond_crystal, compared_with
from relaxdiff.crystals.hexagonal import STRAINS
from relaxdiff.crystals.solutes import chemical_potentials, solute_crystals
from relaxdiff.crystals.walked_variants import VariantWalks, walked

__all__ = [
    "ComparedWith",
    "HEXAGONAL_MODULI",
    "STRAINS",
    "VariantWalks",
    "beyond_crystal",
    "chemical_potentials",
    "compared_with",
    "mean_crystal",
    "solute_crystals",
    "walked",
]
