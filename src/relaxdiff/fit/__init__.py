"""The backward direction: from what relaxed structures are to be to the potential's parameters."""

from relaxdiff.fit.fitted import METHODS, fit_parameters
from relaxdiff.fit.in_bulk import before_and_after, in_crystal_table, solute_in_crystal
from relaxdiff.fit.optimised import METHODS as PROPERTY_METHODS
from relaxdiff.fit.prior import prior_distance, prior_root
from relaxdiff.fit.problem import FitProblem
from relaxdiff.fit.setup import NAMED_ATOMS, fit_problem
from relaxdiff.fit.stability import lowest_curvature
from relaxdiff.fit.summary import fit_summary
from relaxdiff.fit.targets import target_from_file
from relaxdiff.fit.verdict import (
    BEGINNINGS,
    ENDS,
    beginning,
    fitted_atoms,
    relax_from,
    verdict,
    verdict_table,
)
from relaxdiff.fit.written import read_fitted, write_fitted

__all__ = [
    "BEGINNINGS",
    "ENDS",
    "FitProblem",
    "METHODS",
    "NAMED_ATOMS",
    "PROPERTY_METHODS",
    "before_and_after",
    "beginning",
    "fit_parameters",
    "fit_problem",
    "fit_summary",
    "fitted_atoms",
    "in_crystal_table",
    "lowest_curvature",
    "prior_distance",
    "prior_root",
    "read_fitted",
    "relax_from",
    "solute_in_crystal",
    "target_from_file",
    "verdict",
    "verdict_table",
    "write_fitted",
]
