"""The perfect crystal's lattice Green's function, which preconditions a defect's Hessian.

Away from a defect the Hessian of a supercell is that of the perfect crystal: a convolution with the
force constants Phi(R), which a Fourier transform over the n^3 cells inverts (Born & Huang,
Dynamical Theory of Crystal Lattices, 1954; for defects Tewary, Adv. Phys. 22, 757, 1973):

    D(k) = sum_R Phi(R) exp(-i k . R),    G(R) = n^-3 sum_k D(k)^-1 exp(i k . R)

A defect changes the Hessian only near it, whatever the size of the supercell. Conjugate gradients
preconditioned by G have to deal only with that change: the number of their steps does not grow with
the supercell.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.fft
from ase import Atoms

from relaxdiff.exceptions import InputError
from relaxdiff.potentials import FORCE_CONSTANT_STEP, responses_to
from relaxdiff.structures import find_symmetry

SOFTEST = 1e-6  # relative to the stiffest mode; softer modes are raised to it: G has to be finite


@dataclass(frozen=True)
class ForceConstants:
    """Second derivatives of the energy of an infinite crystal.

    unit: the conventional cell, of m atoms; cells: integer positions R of the cells within reach of
    the one at the origin, shape (cell, 3); matrices: d2U / dx(R, i) dx(0, j), rows (i, xyz),
    columns (j, xyz), shape (cell, 3m, 3m), eV/Angstrom^2.
    """

    unit: Atoms = field(repr=False)
    cells: np.ndarray = field(repr=False)
    matrices: np.ndarray = field(repr=False)

    def dynamical_matrices(self, repeats):
        """D(k) of `repeats`^3 cells with periodic boundaries, shape (n, n, n // 2 + 1, 3m, 3m).

        eV/Angstrom^2, without masses, k in the order of `rfftn`. Force constants of cells that are
        periodic images in the supercell are added up, so that D is exact in small supercells too.
        """
        folded = np.zeros((repeats, repeats, repeats, *self.matrices.shape[1:]))
        np.add.at(folded, tuple(self.cells.T % repeats), self.matrices)
        matrices = scipy.fft.rfftn(folded, axes=(0, 1, 2))
        return (matrices + matrices.conj().swapaxes(-1, -2)) / 2

    def elastic_constants(self):
        """C_ijkl at rest, ions held, eV/Angstrom^3, shape (3, 3, 3, 3).

        By the method of long waves (Born & Huang, section 27): with the brackets
        [ab, cd] = -1/2V sum Phi_ab r_c r_d, C_ikjl = [ij, kl] + [kj, il] - [ik, jl].
        """
        places, count = self.unit.positions, len(self.unit)
        apart = (self.cells @ self.unit.cell.array)[:, None, None] + (places[:, None] - places)
        blocks = self.matrices.reshape(len(self.cells), count, 3, count, 3)
        sums = np.einsum("riajb,rijc,rijd->abcd", blocks, apart, apart, optimize=True)
        brackets = -sums / (2 * self.unit.get_volume())
        return (
            np.einsum("ijkl->ikjl", brackets)
            + np.einsum("kjil->ikjl", brackets)
            - np.einsum("ikjl->ikjl", brackets)
        )


def crystal_force_constants(potential, crystal):
    """ForceConstants of a PerfectCrystal; potential: SnapPotential.

    Each atom of the primitive cell is moved in a supercell of `cells_in_range`, 6 evaluations.
    Raises LammpsError when LAMMPS cannot evaluate the crystal.
    """
    unit = crystal.conventional()
    symmetry = find_symmetry(unit)
    shifts = symmetry.permutations[np.isclose(symmetry.rotations, np.eye(3)).all(axis=(1, 2))]
    with potential.descriptor_calculator() as calculator:
        repeats = cells_in_range(calculator, crystal)
        parts = [
            _responses(calculator, potential.weights, unit, repeats, shifts[:, atom], shifts)
            for atom in np.unique(shifts.min(axis=0))
        ]
    cells, rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    cells, index = np.unique(cells, axis=0, return_inverse=True)
    matrices = np.zeros((len(cells), len(unit), 3, len(unit), 3))
    matrices[index.ravel(), rows, :, columns, :] = values
    return ForceConstants(unit, cells, matrices.reshape(len(cells), 3 * len(unit), -1))


def cells_in_range(calculator, crystal):
    """Edge of the smallest supercell in which no atom interacts with two images of another.

    In conventional cells of a PerfectCrystal. Atoms interact if they have a common neighbour, so up
    to twice the cutoff.
    """
    reach = 2 * max(calculator.smoothness_limits)
    heights = 1 / np.linalg.norm(np.linalg.inv(crystal.conventional().cell.array), axis=0)
    return int(2 * reach / heights.min()) + 1


def _responses(calculator, weights, unit, repeats, images, shifts):
    """Blocks of force constants between all atoms and one, and the same one shifted.

    images, shifts: to which atoms of the unit cell its pure translations take that one, shape
    (translation,), and each atom, shape (translation, m). Returns R, i, j and block (3, 3) of each
    pair of j in the cell at the origin and i in the cell at R; pairs out of reach have zeros.
    """
    crystal, atom, to_cells = unit.repeat(repeats), images.min(), np.linalg.inv(unit.cell.array)
    apart, matrices = responses_to(calculator, crystal, atom, FORCE_CONSTANT_STEP)
    blocks = (matrices @ weights).swapaxes(1, 2)
    parts = []
    for image, shift in zip(images, shifts, strict=True):
        atoms = np.tile(shift, repeats**3)
        cells = (apart + unit.positions[image] - unit.positions[atoms]) @ to_cells
        parts.append((cells.round().astype(int), atoms, np.full(len(atoms), image), blocks))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def crystal_green(potential, atoms, crystal, supercell):
    """The LatticeGreen of a defect in `supercell`^3 conventional cells.

    crystal: PerfectCrystal, which is given the lattice parameters of the defect's own cell. Raises
    InputError when an atom has no lattice site of its own, LammpsError.
    """
    a, _, c = atoms.cell.lengths() / supercell
    crystal = replace(crystal, a=a, c=None if crystal.c is None else c)
    return LatticeGreen(crystal_force_constants(potential, crystal), atoms, supercell)


class LatticeGreen:
    """Displacements of a defect's atoms under forces, if they were part of the perfect crystal.

    force_constants: ForceConstants, best at the lattice parameters of `atoms`; atoms: the defect's
    supercell of `repeats`^3 conventional cells, relaxed from sites of the crystal's lattice; no
    force acts on empty sites. Symmetric and positive definite, except for rigid translations, which
    are projected out; for the perfect crystal it is the pseudo-inverse of the Hessian.
    elastic_constants: of the crystal, see ForceConstants; for the curvature in strains. Raises
    InputError when an atom has no site of its own.
    """

    def __init__(self, force_constants, atoms, repeats):
        self.elastic_constants = force_constants.elastic_constants()
        self.sites = _sites(force_constants.unit, atoms, repeats)
        self.grid = (repeats, repeats, repeats)
        self.inverse = _inverse(force_constants.dynamical_matrices(repeats))

    def apply(self, forces):
        """Displacements (N, 3) in Angstrom that forces (N, 3) in eV/Angstrom cause."""
        waves = np.zeros((*self.grid, self.inverse.shape[-1]))
        waves.reshape(-1, 3)[self.sites] = forces - forces.mean(axis=0)
        waves = scipy.fft.rfftn(waves, axes=(0, 1, 2))
        waves = (self.inverse @ waves[..., None])[..., 0]
        everywhere = scipy.fft.irfftn(waves, s=self.grid, axes=(0, 1, 2))
        displacements = everywhere.reshape(-1, 3)[self.sites]
        return displacements - displacements.mean(axis=0)


def _sites(unit, atoms, repeats):
    """Index of the site nearest to each atom, shape (N,), in the order of `unit.repeat`."""
    apart = repeats * atoms.get_scaled_positions()[:, None] - unit.get_scaled_positions()
    cells = np.round(apart)
    own = ((apart - cells) ** 2).sum(axis=2).argmin(axis=1)
    cells = cells[np.arange(len(atoms)), own].astype(int) % repeats
    sites = np.ravel_multi_index((*cells.T, own), (repeats, repeats, repeats, len(unit)))
    if len(np.unique(sites)) < len(atoms):
        raise InputError(
            f"{atoms.get_chemical_formula()}: an atom has no lattice site of its own among those "
            f"of {repeats}^3 cells (is it an interstitial?)"
        )
    return sites


def _inverse(matrices):
    """D(k)^-1 for Hermitian D (..., 3m, 3m); at k = 0 without the three rigid translations.

    Eigenvalues of an unstable crystal count by their magnitude.
    """
    values, vectors = np.linalg.eigh(matrices)
    values = np.abs(values)
    compliances = 1 / np.maximum(values, SOFTEST * values.max())
    compliances[0, 0, 0, np.argsort(values[0, 0, 0])[:3]] = 0
    return (vectors * compliances[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
