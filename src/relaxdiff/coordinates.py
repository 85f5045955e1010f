"""The coordinates q = (mode amplitudes, strain) in which structures are relaxed and differentiated.

Atoms sit at x = (x0 + u) (1 + strain), the cell at cell0 (1 + strain): u is a displacement in
Angstrom at the reference cell, the strain is isotropic (eq 4 of arXiv:2407.02414).
"""

import functools
from dataclasses import dataclass, field

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from scipy.sparse import csr_array

from relaxdiff.exceptions import InputError
from relaxdiff.structures import nearest_neighbour_distance
from relaxdiff.symmetry import displacement_modes, find_symmetry, no_symmetry


@dataclass(frozen=True)
class Coordinates:
    """Amplitudes of displacement modes (Angstrom) and, if `strain`, the isotropic strain, last.

    reference: the Atoms at q = 0; modes: orthonormal columns, sparse, shape (3N, modes); orbits:
    for each atom the first atom of its orbit, shape (N,); fixed: mask (N,) of atoms that no mode
    moves because they are held, or None.
    """

    reference: Atoms = field(repr=False)
    modes: csr_array = field(repr=False)
    orbits: np.ndarray = field(repr=False)
    strain: bool = True
    fixed: np.ndarray | None = field(default=None, repr=False)

    @property
    def size(self):
        """Number of coordinates n."""
        return self.modes.shape[1] + self.strain

    @property
    def scale(self):
        """Length in Angstrom that a unit of each coordinate moves atoms by, shape (n,).

        For the strain it is the edge of a cube with the cell's volume.
        """
        lengths = np.ones(self.size)
        if self.strain:
            lengths[-1] = self.reference.get_volume() ** (1 / 3)
        return lengths

    @functools.cached_property
    def nearest_neighbour_distance(self):
        """Shortest distance between two atoms of the reference, Angstrom."""
        return nearest_neighbour_distance(self.reference)

    def displacements(self, q):
        """u in Angstrom at the reference cell, shape (N, 3)."""
        return (self.modes @ q[: self.modes.shape[1]]).reshape(-1, 3)

    def strain_of(self, q):
        """The isotropic strain at q (0 if the cell is fixed)."""
        return float(q[-1]) if self.strain else 0.0

    def distance(self, q, other):
        """Largest distance in Angstrom between q and another point: of an atom, or of the edge."""
        change = np.asarray(q) - other
        atoms = np.linalg.norm(self.displacements(change), axis=1).max(initial=0.0)
        return float(max(atoms, abs(self.strain_of(change)) * self.scale[-1]))

    def structure(self, q):
        """The Atoms at q."""
        atoms = self.reference.copy()
        stretch = 1 + self.strain_of(q)
        atoms.set_cell(self.reference.cell.array * stretch)
        atoms.set_positions((self.reference.positions + self.displacements(q)) * stretch)
        return atoms

    def locate(self, atoms):
        """q of a structure with the same atoms, the nearest periodic image of each being meant.

        A rigid shift of the whole structure is taken off; displacements outside the span of the
        modes are lost.
        """
        stretch, apart = _compare(self.reference, atoms)
        amplitudes = self.modes.T @ apart.ravel()
        return np.append(amplitudes, stretch - 1) if self.strain else amplitudes

    def tangent(self, derivative, delta_theta):
        """dq/dlambda at the reference for a direction in parameter space, shape (n,)."""
        moved = np.einsum("pax,p->ax", derivative["position_derivative"].values, delta_theta)
        tangent = self.modes.T @ moved.ravel()
        strain = derivative["strain_derivative"].values @ delta_theta
        return np.append(tangent, strain) if self.strain else tangent


def coordinates_of(atoms, strain=True, symmetry=True, fixed=None):
    """Coordinates with `atoms` at q = 0.

    strain: whether the cell may stretch; symmetry: use the structure's own symmetry, so that only
    totally symmetric displacements are coordinates; without it there are 3N - 3 of them; fixed:
    mask (N,) of atoms that keep their scaled positions. Raises InputError for a mask of another
    shape.
    """
    if fixed is not None and np.shape(fixed) != (len(atoms),):
        raise InputError(f"fixed: shape {np.shape(fixed)}, expected one entry for each atom")
    held = None if fixed is None else np.asarray(fixed, dtype=bool)
    operations = find_symmetry(atoms, fixed=held) if symmetry else no_symmetry(len(atoms))
    modes = displacement_modes(operations, held)
    return Coordinates(atoms.copy(), modes, operations.permutations.min(axis=0), strain, held)


def largest_displacement(atoms, others):
    """Largest distance between an atom's places in two structures, rigid shift and strain apart.

    Both structures hold the same atoms in the same order; Angstrom at the cell of `atoms`.
    """
    _, apart = _compare(atoms, others)
    return float(np.linalg.norm(apart, axis=1).max())


def _compare(atoms, others):
    """Isotropic stretch from `atoms` to `others` and displacements (N, 3) without rigid shift."""
    stretch = (others.get_volume() / atoms.get_volume()) ** (1 / 3)
    apart = others.positions / stretch - atoms.positions
    apart, _ = find_mic(apart - apart[0], atoms.cell)
    return stretch, apart - apart.mean(axis=0)
