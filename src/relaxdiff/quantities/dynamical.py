"""Frequencies of a perfect crystal at wave vectors, and their derivatives, from a supercell's Phi.

The force constants Phi give the dynamical matrices

    D_ij(q) = sum_R Phi_ij(R) exp(2 pi i q.R) / m

of atoms i in the primitive cell and translations of j at R from them: the nearest images of these,
with equal shares where several are as near (Parlinski, Li & Kawazoe, Phys. Rev. Lett. 78, 4063
(1997)). At wave vectors that the supercell holds all images have the same phase. Squares of
frequencies lambda = (omega / 2 pi)^2 are eigenvalues of D, and change by e^H dD e with the
eigenvectors e. D is linear in Phi, so dD is that of dPhi.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import spglib
from ase import units

# eV/(Angstrom^2 u) as a square of frequencies, THz^2.
THZ2 = units._e * 1e20 / units._amu / (2 * np.pi * 1e12) ** 2
AS_NEAR = 1e-4  # Angstrom; images whose distances differ by less share a force constant
RIGID = 3  # branches at Gamma that shift the crystal
MESH = 150.0  # Angstrom; wave vectors of a mesh are those of a cell of this size
AT_ONCE = 2**22  # entries of dynamical matrices and their derivatives at a time, 64 MB


@dataclass(frozen=True)
class Modes:
    """Squares of frequencies, (q, branch), THz^2, ascending, and derivatives, (q, branch, P).

    Squares of unstable modes are negative, those of rigid shifts are 0. A branch is differentiable
    where no other has its frequency; sums over degenerate branches are everywhere.
    """

    squares: np.ndarray
    slopes: np.ndarray

    def frequencies(self):
        """Frequencies, THz, negative of unstable modes, and their derivatives.

        A frequency that goes through 0 has no derivative there; it is given as 0, as is that of
        rigid shifts, which is.
        """
        sizes = np.sqrt(np.abs(self.squares))
        moving = sizes > 0
        slopes = np.zeros_like(self.slopes)
        slopes[moving] = self.slopes[moving] / (2 * sizes[moving][:, None])
        return np.sign(self.squares) * sizes, slopes


class Lattice:
    """Where the atoms of a supercell are, for phases and for a mesh of wave vectors.

    crystal: PerfectCrystal of one element; constants: SupercellForceConstants of `repeats` of its
    conventional cells along each edge.
    """

    def __init__(self, crystal, constants, repeats):
        supercell, self.kinds = constants.atoms, constants.kinds
        self.unit, self.primitive = crystal.conventional(), crystal.primitive()
        self.mass = supercell.get_masses()[0]
        places = supercell.get_scaled_positions()
        apart = places[None] - places[constants.rows][:, None]
        apart -= apart.round()
        images = apart[:, :, None] + np.array(list(itertools.product((-1, 0, 1), repeat=3)))
        distances = np.linalg.norm(images @ supercell.cell.array, axis=-1)
        near = distances < distances.min(axis=-1, keepdims=True) + AS_NEAR
        self._images, self._counts = repeats * images[near], near.sum(axis=-1)

    def phases(self, waves):
        """exp(2 pi i q.R), the mean of an atom's nearest images, (q, row, N).

        waves: (q, 3), in units of the conventional cell's reciprocal vectors.
        """
        every = np.exp(2j * np.pi * waves @ self._images.T)
        counts = self._counts.ravel()
        sums = np.add.reduceat(every, np.cumsum(counts) - counts, axis=1)
        return (sums / counts).reshape(len(waves), *self._counts.shape)

    @cached_property
    def mesh(self):
        """Wave vectors of a mesh through Gamma, one of each star, (q, 3), and their shares, (q,).

        Units are those of `phases`; the shares' sum is 1.
        """
        cell = self.primitive
        lengths = np.linalg.norm(np.linalg.inv(cell.cell.array), axis=0)
        sizes = np.maximum(1, np.rint(MESH * lengths)).astype(int)
        structure = (cell.cell.array, cell.get_scaled_positions(), cell.numbers)
        stars, steps = spglib.get_ir_reciprocal_mesh(sizes, structure)
        chosen, counts = np.unique(stars, return_counts=True)
        waves = steps[chosen] / sizes @ np.linalg.solve(cell.cell.array.T, self.unit.cell.array.T)
        return waves, counts / counts.sum()


class Harmonic:
    """A crystal with force constants and their derivatives.

    lattice: Lattice; columns: (row, N, 3, 3, 1 + P) of Phi, eV/Angstrom^2, and its derivatives.
    """

    def __init__(self, lattice, columns):
        self.lattice, self.columns = lattice, columns

    def modes(self, waves):
        """The Modes at wave vectors, (q, 3), in the units of `Lattice.phases`."""
        size = 9 * len(self.columns) ** 2 * self.columns.shape[-1]
        parts = np.array_split(waves, -(-len(waves) * size // AT_ONCE))
        found = [self._few(each) for each in parts]
        return Modes(*(np.concatenate(each) for each in zip(*found, strict=True)))

    @cached_property
    def on_mesh(self):
        """The Modes at the lattice's mesh."""
        return self.modes(self.lattice.mesh[0])

    def _few(self, waves):
        phases = self.lattice.phases(waves)
        matrices = self._matrices(phases)
        squares, vectors = np.linalg.eigh(matrices[..., 0])
        turned = np.einsum("qijp,qjb->qibp", matrices[..., 1:], vectors)
        slopes = np.einsum("qib,qibp->qbp", vectors.conj(), turned).real
        # Noise of the three rigid shifts would have large derivatives of its root.
        for gamma in np.flatnonzero(np.isclose(phases, 1).all(axis=(1, 2))):
            rigid = np.argsort(np.abs(squares[gamma]))[:RIGID]
            squares[gamma, rigid], slopes[gamma, rigid] = 0.0, 0.0
        return squares, slopes

    def _matrices(self, phases):
        """D and its derivatives, THz^2, (q, 3 rows, 3 rows, 1 + P), Hermitian."""
        rows, _, _, _, count = self.columns.shape
        found = np.empty((len(phases), rows, 3, rows, 3, count), dtype=complex)
        for row, kind in itertools.product(range(rows), repeat=2):
            chosen = self.lattice.kinds == kind
            sums = np.tensordot(phases[:, row, chosen], self.columns[row, chosen], axes=1)
            found[:, row, :, kind] = THZ2 / self.lattice.mass * sums
        found = found.reshape(len(phases), 3 * rows, 3 * rows, count)
        return (found + found.swapaxes(1, 2).conj()) / 2
