"""The evaluator of a crystal with one length: its descriptors are interpolated.

`one_length.py` gives D as a function of the length to 1e-12 eV per atom from about 170 evaluations
of the crystal's smallest cube. Evaluating every variant's crystal would take tens of thousands.
"""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from relaxdiff.crystals.compared import held_descriptors
from relaxdiff.crystals.one_length import bulk_descriptors
from relaxdiff.exceptions import EvaluationError
from relaxdiff.potentials import ColumnEvaluator
from relaxdiff.structures import BRAVAIS, Freedom, coordinates_of, crystal_from


class OneLengthColumns:
    """The source of a ColumnEvaluator in coordinates that are one strain of a crystal.

    coordinates: Coordinates of a cell of the crystal with one strain and no modes; descriptors:
    Panels of D per atom in the length, whose last axis are the P + 1 columns; length: where the
    strain is zero, Angstrom. Counts its evaluations in `n_evaluations`.
    """

    def __init__(self, coordinates, descriptors, length):
        self.coordinates = coordinates
        self.descriptors, self.slopes = descriptors, descriptors.derivative()
        self.length, self.n_atoms = length, len(coordinates.reference)
        self.n_evaluations = 0

    def close(self):
        """Nothing is held."""

    def forget(self):
        """Nothing is remembered between evaluations."""

    def columns(self, q):
        """dD/dq at q (1,), shape (1, P + 1); EvaluationError outside the interpolated lengths."""
        self.at = self.length * (1 + np.asarray(q, dtype=float))
        low, high = self.descriptors.edges[[0, -1]]
        if not (low <= self.at[0] <= high):
            raise EvaluationError(
                f"the crystal's length of {self.at[0]:.3f} Angstrom is not between {low:.3f} and "
                f"{high:.3f}"
            )
        self.n_evaluations += 1
        return self.n_atoms * self.length * self.slopes(self.at)

    def values(self):
        """D (P + 1,) where the gradient was last asked for."""
        return self.n_atoms * self.descriptors(self.at)[0]


def evaluator_of_crystal(potential, crystal, coordinates):
    """The cheapest Evaluator of a structure's reference crystal.

    potential: that of the mean; crystal: Dataset of `crystal_of_variants`; coordinates: of its
    conventional cell, the strains those of the Dataset. Crystals with one length are interpolated
    if the potential is linear; all others are evaluated.
    """
    strains, mean = coordinates.strains, crystal_from(crystal.attrs)
    if not potential.is_linear or len(strains) != 1 or coordinates.n_modes:
        return potential.evaluator(coordinates)
    keeps_shape = np.allclose(strains[0], np.eye(3))
    if not keeps_shape and mean.lattice not in BRAVAIS:
        return potential.evaluator(coordinates)
    with potential.descriptor_calculator() as calculator:
        if keeps_shape:
            descriptors = bulk_descriptors(calculator, mean)
        else:
            descriptors = held_descriptors(calculator, mean, strains[0])
    return ColumnEvaluator(OneLengthColumns(coordinates, descriptors, mean.a))


def coordinates_of_crystal(crystal):
    """Coordinates of the conventional cell of the crystal that a structure is compared with.

    crystal: Dataset of `crystal_of_variants`, whose strains they have, and before these the
    displacements of its atoms, if any.
    """
    cell = crystal_from(crystal.attrs).conventional()
    modes = crystal.sizes.get("displacement_mode", 0)
    coordinates = coordinates_of(cell, Freedom(strains=crystal["strain_basis"].values[modes:]))
    if not modes:
        return coordinates
    displacements = crystal["mode_displacements"].values.reshape(modes, -1)
    return replace(coordinates, modes=csr_array(displacements.T))
