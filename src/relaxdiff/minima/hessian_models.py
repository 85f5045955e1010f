"""What is known of the second derivatives of variants before they are relaxed.

They only choose where a relaxation looks, and where a test for saddle points begins: what counts is
decided on exact gradients.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from relaxdiff.files import variable
from relaxdiff.minima.lattice_green import LatticeGreen
from relaxdiff.minima.quadratic_models import DenseModel, LimitedMemory, inverse_in
from relaxdiff.potentials import weights_of
from relaxdiff.structures import Coordinates


def hessian_variable(tensor):
    """The Hessian of all columns at a minimum, (n, n, P + 1), as files hold it."""
    return variable(
        ("coordinate", "coordinate_2", "column"),
        tensor,
        "1/Angstrom^2",
        "second derivatives of descriptors in mode amplitudes and, last, strains; the last column "
        "is the baseline in eV",
    )


@dataclass(frozen=True)
class TensorHessian:
    """The Hessian at the reference for any parameters: of a linear potential, it is linear in them.

    coordinates: of the reference; tensor: second derivatives of all columns in these, shape
    (n, n, P + 1); blocks: the symmetry Blocks with their own tensors, which show the reference to
    be a minimum.
    """

    coordinates: Coordinates
    tensor: np.ndarray = field(repr=False)
    blocks: tuple = field(default=(), repr=False)

    shows_minimum = True

    def model(self, theta, lesson=None):
        """What a relaxation at theta (P,) starts from; lesson: of a variant near by, or None.

        What was learnt at the last variant still holds here: both are at nearly the same q.
        """
        correction = 0.0 if lesson is None else lesson
        return DenseModel(self.tensor @ weights_of(theta) + correction, self.coordinates.scale)

    def lesson(self, model, theta):
        """What a model has learnt at theta that the next one may use."""
        return model.hessian - self.tensor @ weights_of(theta)


@dataclass(frozen=True)
class CrystalHessian:
    """The perfect crystal's Hessian at the mean, for any parameters: of cells of any size.

    coordinates: of the reference; green: LatticeGreen; blocks: the symmetry Blocks without tensors,
    so that whether the reference is a minimum is still to be seen.
    """

    coordinates: Coordinates
    green: LatticeGreen = field(repr=False)
    blocks: tuple = field(default=(), repr=False)

    shows_minimum = False

    @functools.cached_property
    def _inverse(self):
        return inverse_in(self.coordinates, self.green)

    def model(self, theta, lesson=None):
        """What a relaxation at theta (P,) starts from; lesson: of a variant near by, or None."""
        return LimitedMemory(self._inverse, lesson or ())

    def lesson(self, model, theta):
        """What a model has learnt at theta that the next one may use."""
        return model.pairs
