"""The perfect crystal of every variant, which formation energies are counted from."""

from relaxdiff.crystals.elasticity import HEXAGONAL_MODULI
from relaxdiff.crystals.formation_energy import ComparedWith, compared_with
from relaxdiff.crystals.hexagonal import STRAINS
from relaxdiff.crystals.solutes import solute_crystals
from relaxdiff.crystals.walked_variants import VariantWalks, walked

__all__ = [
    "ComparedWith",
    "HEXAGONAL_MODULI",
    "STRAINS",
    "VariantWalks",
    "compared_with",
    "solute_crystals",
    "walked",
]
