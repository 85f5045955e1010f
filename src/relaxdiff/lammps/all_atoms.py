"""Descriptors of all atoms, as functions of the coordinates q.

Atoms of an orbit have the same surroundings, so the descriptors of a symmetric structure are those
of one representative each, weighted by the size of its orbit:

    D(q) = sum_o size_o B_o(q),    dD/dq_k = sum_o size_o sum_j dB_o/dx_j . dx_j/dq_k

as long as q keeps the symmetry, which the coordinates see to. LAMMPS is given the representatives
and all atoms within their reach as a cluster without periodic boundaries: images are atoms of their
own there, so that the derivative by a strain B is the plain sum over dB_o/dx_j . (x0 + u)_j B.

A fixed reference that is a sum over pairs comes from the same cluster; one whose atoms feel more
than pairs is evaluated in the whole cell, being cheap beside the descriptors.

Under mpiexec each rank evaluates its share of the representatives.

An evaluation is one gradient. The values D(q) come on demand: relaxation needs them at its end.
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
    """The same numbers; LammpsError if any is not finite."""
    if not np.isfinite(numbers).all():
        raise LammpsError("a descriptor is not finite")
    return numbers


class FullEvaluator:
    """Descriptors of all atoms. A context manager; counts its evaluations.

    coordinates: Coordinates; hyperparameters: SnapHyperparameters; reference: ZblReference,
    PairReference or None.
    """

    def __init__(self, coordinates, hyperparameters, reference=None):
        self.coordinates = coordinates
        self.calculator = DescriptorCalculator(hyperparameters, reference)
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

    def gradient(self, q):
        """dD/dq at q, shape (n, P + 1), the fixed reference last."""
        deformation, _ = deformation_at(self.coordinates, q)
        self.found = self.calculator.evaluate(self.coordinates.structure(q))
        return on_coordinates(
            self.coordinates, deformation, self.found.gradient, self.found.strain_gradient
        )

    def values(self):
        """D (P + 1,) where the gradient was last asked for."""
        return self.found.values
