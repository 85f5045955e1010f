"""Relaxed structures: found, followed along lines of parameters, told from saddle points."""

from relaxdiff.minima.hessian_models import DenseModel
from relaxdiff.minima.lattice_green import cells_in_range, crystal_green, responses_to
from relaxdiff.minima.minimum import Minimum, mode_displacements, strain_basis
from relaxdiff.minima.quasi_newton import largest_component
from relaxdiff.minima.reference import crystal_of, relaxed_crystal
from relaxdiff.minima.relaxers import RELAXERS, TOLERANCE, Relaxer
from relaxdiff.minima.saddle_test import StabilityTest
from relaxdiff.minima.walk import HISTORY, Branch, Outcome

__all__ = [
    "Branch",
    "DenseModel",
    "HISTORY",
    "Minimum",
    "Outcome",
    "RELAXERS",
    "Relaxer",
    "StabilityTest",
    "TOLERANCE",
    "cells_in_range",
    "crystal_green",
    "crystal_of",
    "largest_component",
    "mode_displacements",
    "relaxed_crystal",
    "responses_to",
    "strain_basis",
]
