"""Uncertainty of relaxed atomic structures by implicit differentiation of their minima."""

from relaxdiff.bulk import bulk_of_variants
from relaxdiff.crystal import crystal_of_variants
from relaxdiff.exceptions import InputError, LammpsError, RelaxationError
from relaxdiff.formation import predict_variants
from relaxdiff.implicit import implicit_derivative
from relaxdiff.lattices import PerfectCrystal, starting_crystal
from relaxdiff.minimise import relax
from relaxdiff.references import PairReference, ZblReference
from relaxdiff.snap_files import read_snap, write_snap
from relaxdiff.structures import bulk_cell, vacancy_cell
from relaxdiff.truth import relax_variants

__all__ = [
    "InputError",
    "LammpsError",
    "PairReference",
    "PerfectCrystal",
    "RelaxationError",
    "ZblReference",
    "bulk_cell",
    "bulk_of_variants",
    "crystal_of_variants",
    "implicit_derivative",
    "predict_variants",
    "read_snap",
    "relax",
    "relax_variants",
    "starting_crystal",
    "vacancy_cell",
    "write_snap",
]
