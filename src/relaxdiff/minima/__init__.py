"""Finds relaxed structures, follows them along lines of parameters, and detects saddle points."""

from relaxdiff.minima.factorised_crystal import FactorisedCrystal, crystal_matrix, factorised
from relaxdiff.minima.hessian_models import TensorHessian, hessian_variable
from relaxdiff.minima.lattice_green import (
    ForceConstants,
    LatticeGreen,
    cells_in_range,
    crystal_force_constants,
    crystal_green,
)
from relaxdiff.minima.minimum import (
    Minimum,
    atoms_from_dataset,
    minimum_from_dataset,
    mode_displacements,
    strain_basis,
)
from relaxdiff.minima.orientation import axes_of
from relaxdiff.minima.preconditioner import inverse_of_crystal
from relaxdiff.minima.quadratic_models import DenseModel, LimitedMemory, inverse_in
from relaxdiff.minima.quasi_newton import Stop, largest_component, quasi_newton
from relaxdiff.minima.reference import Reference, crystal_of, relax_reference, relaxed_crystal
from relaxdiff.minima.relaxation import relax
from relaxdiff.minima.relaxers import RELAXERS, TOLERANCE, Relaxer
from relaxdiff.minima.saddle_test import StabilityTest, lowest_relative_curvature
from relaxdiff.minima.sparse_hessian import sparse_hessian
from relaxdiff.minima.symmetry_blocks import (
    blocks_at,
    crystal_hessian,
    saddle_point,
    tensor_hessian,
)
from relaxdiff.minima.walk import Line, Outcome, walk_line
from relaxdiff.minima.walks_at_once import many_in_basin, walk_at_once

__all__ = [
    "DenseModel",
    "FactorisedCrystal",
    "ForceConstants",
    "LatticeGreen",
    "LimitedMemory",
    "Line",
    "Minimum",
    "Outcome",
    "RELAXERS",
    "Reference",
    "Relaxer",
    "StabilityTest",
    "Stop",
    "TOLERANCE",
    "TensorHessian",
    "atoms_from_dataset",
    "axes_of",
    "blocks_at",
    "cells_in_range",
    "crystal_force_constants",
    "crystal_green",
    "crystal_hessian",
    "crystal_matrix",
    "crystal_of",
    "factorised",
    "hessian_variable",
    "inverse_in",
    "inverse_of_crystal",
    "largest_component",
    "lowest_relative_curvature",
    "many_in_basin",
    "minimum_from_dataset",
    "mode_displacements",
    "quasi_newton",
    "relax",
    "relax_reference",
    "relaxed_crystal",
    "saddle_point",
    "sparse_hessian",
    "strain_basis",
    "tensor_hessian",
    "walk_at_once",
    "walk_line",
]
