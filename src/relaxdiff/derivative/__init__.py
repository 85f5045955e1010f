"""The implicit derivative of a relaxed structure by the parameters of its potential."""

from relaxdiff.derivative.expansion import expansion_of_crystal, expansion_of_defect
from relaxdiff.derivative.implicit import implicit_derivative

__all__ = [
    "expansion_of_crystal",
    "expansion_of_defect",
    "implicit_derivative",
]
