"""Descriptors of all atoms, as functions of the coordinates q.

An evaluation is one gradient. The values D(q) are computed on demand: relaxation needs them only
at its end.
"""

import numpy as np

from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.structures import on_coordinates

TOO_FAR = "the structure is too far from the reference to be evaluated"


def deformation_at(coordinates, q):
    """F at q, (3, 3), and its lowest eigenvalue: no distance shrinks by more, F being symmetric.

    Raises LammpsError for a cell turned inside out, or numbers that are not finite.
    """
    if not np.isfinite(q).all():
        raise LammpsError(TOO_FAR)
    deformation = np.eye(3) + coordinates.strain_of(q)
    lowest = np.linalg.eigvalsh(deformation)[0]
    if lowest <= 0:
        raise LammpsError(TOO_FAR)
    return deformation, lowest


def finite(numbers):
    """The numbers unchanged; LammpsError if any is not finite."""
    if not np.isfinite(numbers).all():
        raise LammpsError("a descriptor is not finite")
    return numbers


class AllAtomColumns:
    """Descriptors of all atoms. A context manager; counts its evaluations.

    coordinates: Coordinates; hyperparameters: SnapHyperparameters; baseline: ZblBaseline,
    PairBaseline or None.
    """

    def __init__(self, coordinates, hyperparameters, baseline=None):
        self.coordinates = coordinates
        self.calculator = DescriptorCalculator(hyperparameters, baseline)
        self.found = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Free the LAMMPS instance."""
        self.calculator.close()

    def forget(self):
        """Nothing is remembered between evaluations."""

    @property
    def n_evaluations(self):
        """Evaluations so far."""
        return self.calculator.n_evaluations

    def columns(self, q):
        """dD/dq at q, shape (n, P + 1), the baseline last."""
        deformation, _ = deformation_at(self.coordinates, q)
        self.found = self.calculator.evaluate(self.coordinates.structure(q))
        return on_coordinates(
            self.coordinates, deformation, self.found.gradient, self.found.strain_gradient
        )

    def values(self):
        """D (P + 1,) where the gradient was last asked for."""
        return self.found.values
