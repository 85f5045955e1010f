"""The backward direction: from what relaxed structures are to be to the potential's parameters."""

from relaxdiff.fit.fitted import METHODS, fit_parameters
from relaxdiff.fit.in_bulk import before_and_after, solute_in_crystal
from relaxdiff.fit.problem import FitProblem
from relaxdiff.fit.setup import NAMED_ATOMS, fit_problem
from relaxdiff.fit.stability import lowest_curvature
from relaxdiff.fit.verdict import (
    BEGINNINGS,
    beginning,
    fitted_atoms,
    relax_from,
    verdict,
    verdict_table,
)

__all__ = [
    "BEGINNINGS",
    "FitProblem",
    "METHODS",
    "NAMED_ATOMS",
    "before_and_after",
    "beginning",
    "fit_parameters",
    "fit_problem",
    "fitted_atoms",
    "lowest_curvature",
    "relax_from",
    "solute_in_crystal",
    "verdict",
    "verdict_table",
]
