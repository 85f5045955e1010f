"""Models of the second derivatives of variants, known before these are relaxed.

They only choose where a relaxation looks, and where a test for saddle points begins: the results
are decided by exact gradients.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from relaxdiff.files import variable
from relaxdiff.minima.factorised_crystal import FactorisedCrystal
from relaxdiff.minima.lattice_green import LatticeGreen
from relaxdiff.minima.quadratic_models import (
    LARGEST_MATRIX,
    DenseModel,
    LimitedMemory,
    inverse_in,
    inverse_of,
)
from relaxdiff.potentials import weights_of
from relaxdiff.structures import Coordinates
from relaxdiff.units import energy_per


def hessian_variable(tensor, unit):
    """The Hessian of all columns at a minimum, (n, n, P + 1), as files hold it.

    unit: of the parameters.
    """
    return variable(
        ("coordinate", "coordinate_2", "column"),
        tensor,
        column_curvature(unit),
        "second derivatives of descriptors in mode amplitudes and, last, strains; the last column "
        "is the baseline in eV",
    )


def column_curvature(unit):
    """The unit, as text, of columns' second derivatives; unit: of the parameters."""
    return "1/Angstrom^2" if unit == "eV" else f"{energy_per(unit)}/Angstrom^2"


@dataclass(frozen=True)
class TensorHessian:
    """The Hessian at the reference for any parameters; for a linear potential it is linear in them.

    coordinates: of the reference; tensor: second derivatives of all columns in these, shape
    (n, n, P + 1); blocks: the symmetry Blocks with their own tensors, which have shown that the
    reference is a minimum.
    """

    coordinates: Coordinates
    tensor: np.ndarray = field(repr=False)
    blocks: tuple = field(default=(), repr=False)

    shows_minimum = True

    def model(self, theta, lesson=None):
        """The model to start a relaxation at theta (P,); lesson: of a near variant, or None.

        What was learnt at the last variant still holds here: both are at nearly the same q.
        """
        hessian, scale = self.tensor @ weights_of(theta), self.coordinates.scale
        if len(hessian) > LARGEST_MATRIX:
            return LimitedMemory(inverse_of(hessian, scale), lesson or ())
        return DenseModel(hessian + (0.0 if lesson is None else lesson), scale)

    def lesson(self, model, theta):
        """What a model has learnt at theta that the next one may use."""
        if isinstance(model, LimitedMemory):
            return model.pairs
        return model.hessian - self.tensor @ weights_of(theta)


@dataclass(frozen=True)
class CrystalHessian:
    """The perfect crystal's Hessian at the mean, for any parameters: of cells of any size.

    coordinates: of the reference; green: of `inverse_of_crystal`; blocks: the symmetry Blocks
    without tensors, so that it is not known yet whether the reference is a minimum.
    """

    coordinates: Coordinates
    green: LatticeGreen | FactorisedCrystal = field(repr=False)
    blocks: tuple = field(default=(), repr=False)

    shows_minimum = False

    @functools.cached_property
    def _inverse(self):
        return inverse_in(self.coordinates, self.green)

    def model(self, theta, lesson=None):
        """The model to start a relaxation at theta (P,); lesson: of a near variant, or None."""
        return LimitedMemory(self._inverse, lesson or ())

    def lesson(self, model, theta):
        """What a model has learnt at theta that the next one may use."""
        return model.pairs
