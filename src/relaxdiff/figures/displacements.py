"""Where atoms are and where the posterior moves them, as the pictures of a structure draw it."""

import numpy as np
from ase import Atoms

from relaxdiff.posterior import deviations
from relaxdiff.structures import nearest_neighbour_distance

VACUUM = 2.6  # a gap between atoms of more nearest-neighbour distances than this is vacuum


def displacement_fields(posterior, derivative):
    """Displacements of all atoms in each sample at lambda = 1, (sample, atom, xyz), Angstrom.

    To first order, at level h+ih, and in the cell of the reference: without what the strain of the
    cell alone does to the atoms. At any other lambda they are lambda times as large.
    """
    delta, _ = deviations(posterior)
    return np.einsum("sp,pax->sax", delta, derivative["position_derivative"].values)


def leading_field(fields):
    """The displacement field in which samples differ most, and its share of their variance.

    fields: (sample, atom, xyz). The field (atom, xyz) is as large as its standard deviation over
    the samples: the first singular vector of the fields less their mean. Its largest component is
    positive. The share is 0 if nothing moves.
    """
    moved = (fields - fields.mean(axis=0)).reshape(len(fields), -1)
    _, sizes, vectors = np.linalg.svd(moved, full_matrices=False)
    field = vectors[0] * sizes[0] / np.sqrt(max(len(fields) - 1, 1))
    field *= np.sign(field[np.argmax(np.abs(field))]) or 1.0
    total = np.sum(sizes**2)
    return field.reshape(fields.shape[1:]), sizes[0] ** 2 / total if total else 0.0


def reference_atoms(reference):
    """The periodic Atoms of a reference's Dataset."""
    return Atoms(
        reference["atomic_numbers"].values,
        positions=reference["positions"].values,
        cell=reference["cell"].values,
        pbc=True,
    )


def centred_positions(atoms, moved):
    """Positions within one cell, around what moves, (atom, xyz), Angstrom.

    moved: how far each atom moves, the weight with which it draws the centre to itself. Along a
    vector with vacuum the cell is cut there, so that a slab stays whole.
    """
    cell, vacuum = atoms.cell.array, VACUUM * nearest_neighbour_distance(atoms)
    scaled = atoms.positions @ np.linalg.inv(cell)
    for axis, vector in enumerate(cell):
        along = scaled[:, axis] % 1
        order = np.sort(along)
        gaps = np.diff(order, append=order[0] + 1)
        widest = np.argmax(gaps)
        if gaps[widest] * np.linalg.norm(vector) > vacuum:
            start = order[widest] + gaps[widest] / 2
        else:
            start = _centre(along, moved**2) - 0.5
        scaled[:, axis] = (along - start) % 1
    return scaled @ cell


def _centre(along, weights):
    """Mean of periodic fractions: the angle of the mean of points on a circle."""
    mean = np.sum(weights * np.exp(2j * np.pi * along))
    return np.angle(mean) / (2 * np.pi) if abs(mean) > 1e-6 * np.sum(weights) else 0.5
