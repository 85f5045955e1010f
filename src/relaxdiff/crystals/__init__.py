"""The perfect crystal of every variant, the reference for formation energies."""

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, mean_crystal, strain_basis_of
from relaxdiff.crystals.elasticity import HEXAGONAL_MODULI, SHEAR_XY, TETRAGONAL
from relaxdiff.crystals.formation_energy import ComparedWith, beyond_crystal, compared_with
from relaxdiff.crystals.hexagonal import STRAINS
from relaxdiff.crystals.moduli import ElasticCrystal, slope_by_length
from relaxdiff.crystals.solutes import chemical_potentials, solute_crystals
from relaxdiff.crystals.stretched import coordinates_of_crystal, evaluator_of_crystal
from relaxdiff.crystals.walked_variants import VariantWalks, walked

__all__ = [
    "ComparedWith",
    "ElasticCrystal",
    "HEXAGONAL_MODULI",
    "SHEAR_XY",
    "STRAINS",
    "TETRAGONAL",
    "VariantWalks",
    "beyond_crystal",
    "bulk_of_variants",
    "chemical_potentials",
    "compared_with",
    "coordinates_of_crystal",
    "crystal_of_variants",
    "evaluator_of_crystal",
    "mean_crystal",
    "slope_by_length",
    "solute_crystals",
    "strain_basis_of",
    "walked",
]
