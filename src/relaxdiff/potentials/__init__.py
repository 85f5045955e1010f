"""Potentials: energies as functions of the structure and of named parameters."""

from relaxdiff.potentials.differences import (
    FORCE_CONSTANT_STEP,
    ONE_POINT_STEP,
    PHONON_STEP,
    STRAIN_STEP,
    responses_to,
    second_derivatives,
    symmetrised,
)
from relaxdiff.potentials.linear import ColumnEvaluator, weights_of
from relaxdiff.potentials.potential import (
    Evaluator,
    LinearEvaluator,
    Parameters,
    Potential,
    calculator,
)

__all__ = [
    "ColumnEvaluator",
    "Evaluator",
    "FORCE_CONSTANT_STEP",
    "LinearEvaluator",
    "ONE_POINT_STEP",
    "PHONON_STEP",
    "Parameters",
    "Potential",
    "STRAIN_STEP",
    "calculator",
    "responses_to",
    "second_derivatives",
    "symmetrised",
    "weights_of",
]
