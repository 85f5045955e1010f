"""Finds relaxed structures, follows them along lines of parameters, and detects saddle points."""

from relaxdiff.minima.disks import inverse_of_crystal
from relaxdiff.minima.hessian_models import TensorHessian, hessian_variable
from relaxdiff.minima.lattice_green import LatticeGreen, cells_in_range
from relaxdiff.minima.minimum import Minimum, minimum_from_dataset, mode_displacements, strain_basis
from relaxdiff.minima.quadratic_models import DenseModel
from relaxdiff.minima.quasi_newton import largest_component
from relaxdiff.minima.reference import Reference, crystal_of, relaxed_crystal
from relaxdiff.minima.relaxation import relax
from relaxdiff.minima.relaxers import RELAXERS, TOLERANCE, Relaxer
from relaxdiff.minima.saddle_test import StabilityTest
from relaxdiff.minima.symmetry_blocks import (
    blocks_at,
    crystal_hessian,
    saddle_point,
    tensor_hessian,
)
from relaxdiff.minima.walk import Line, Outcome, walk_line

__all__ = [
    "DenseModel",
    "LatticeGreen",
    "Line",
    "Minimum",
    "Outcome",
    "RELAXERS",
    "Reference",
    "Relaxer",
    "StabilityTest",
    "TOLERANCE",
    "TensorHessian",
    "blocks_at",
    "cells_in_range",
    "crystal_hessian",
    "crystal_of",
    "hessian_variable",
    "inverse_of_crystal",
    "largest_component",
    "minimum_from_dataset",
    "mode_displacements",
    "relax",
    "relaxed_crystal",
    "saddle_point",
    "strain_basis",
    "tensor_hessian",
    "walk_line",
]
