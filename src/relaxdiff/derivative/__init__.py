"""The implicit derivative of a relaxed structure by the parameters of its potential."""

from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.derivative.expansion import (
    expansion_of_crystal,
    expansion_of_defect,
    predicted_structure,
)
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.derivative.levels import (
    DERIVATIVE,
    EVALUATION,
    H_IH,
    HESSIAN,
    IH,
    LEVELS,
    NEIGHBOURS_X,
    NEWTON,
    NEWTON_X,
    H,
    level_named,
    most_complete,
    names_of_levels,
)

__all__ = [
    "DERIVATIVE",
    "EVALUATION",
    "H",
    "HESSIAN",
    "H_IH",
    "IH",
    "LEVELS",
    "NEIGHBOURS_X",
    "NEWTON",
    "NEWTON_X",
    "adjoint_derivative",
    "expansion_of_crystal",
    "expansion_of_defect",
    "implicit_derivative",
    "level_named",
    "most_complete",
    "names_of_levels",
    "predicted_structure",
]
