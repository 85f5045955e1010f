"""The coordinates q = (mode amplitudes, strains) in which structures relax and are differentiated.

Atoms sit at x = (x0 + u) F, the rows of the cell at cell0 F, with F = 1 + sum_k e_k B_k: u is a
displacement in Angstrom at the reference cell, the B_k are symmetric matrices. If the identity is
the only B_k, this is the isotropic strain of arXiv:2407.02414 (eq 4). Symmetric matrices leave out
the rotations of the cell, which do not change the energy.

The modes of a structure with symmetry are its totally symmetric displacements; without symmetry
they are the displacements of all atoms. No mode moves held atoms: they keep their scaled positions
and follow the cell. If no atom is held, no mode moves the structure as a whole.
"""

import functools
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.linalg
from ase import Atoms
from ase.geometry import find_mic
from scipy.sparse import csr_array

from relaxdiff.exceptions import InputError
from relaxdiff.structures.modes import displacement_modes, strain_modes
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.symmetry import find_symmetry, no_symmetry

ISOTROPIC = np.eye(3)[None]
CELLS = ("fixed", "isotropic", "full", "in_plane_fixed")


@dataclass(frozen=True)
class Freedom:
    """What may move in a structure.

    strains: symmetric matrices by which the cell may strain, shape (k, 3, 3); directions:
    orthonormal directions in which atoms may move, (1 to 3, 3); fixed: mask (N,) of atoms that keep
    their scaled positions, or (N, 3) of components of atoms that do not move, or None.
    """

    strains: np.ndarray = field(default_factory=ISOTROPIC.copy)
    directions: np.ndarray = field(default_factory=lambda: np.eye(3))
    fixed: np.ndarray | None = None

    def size(self, count):
        """Number of coordinates of `count` atoms if no symmetry is used."""
        held = np.zeros(count, dtype=bool) if self.fixed is None else np.asarray(self.fixed)
        if held.ndim == 2:
            return int((~held).sum()) + len(self.strains)
        moving = count - held.sum() if held.any() else count - 1
        return int(moving) * len(self.directions) + len(self.strains)

    @property
    def held_columns(self):
        """Number of atoms of which some components are held and others are not."""
        if self.fixed is None or np.ndim(self.fixed) == 1:
            return 0
        return int((self.fixed.any(axis=1) & ~self.fixed.all(axis=1)).sum())


@dataclass(frozen=True)
class Coordinates:
    """Amplitudes of displacement modes (Angstrom), then strains.

    reference: the Atoms at q = 0; modes: orthonormal columns, sparse, shape (3N, modes); orbits:
    for each atom the first atom of its orbit, shape (N,); strains: the matrices B_k, shape
    (strain, 3, 3), none for a fixed cell; freedom: the Freedom that modes and strains are part of.
    """

    reference: Atoms = field(repr=False)
    modes: csr_array = field(repr=False)
    orbits: np.ndarray = field(repr=False)
    strains: np.ndarray = field(default_factory=ISOTROPIC.copy, repr=False)
    freedom: Freedom = field(default_factory=Freedom, repr=False)

    @property
    def n_modes(self):
        """Number of displacement modes; the strains come after them."""
        return self.modes.shape[1]

    @property
    def size(self):
        """Number of coordinates n."""
        return self.n_modes + len(self.strains)

    @property
    def held(self):
        """Mask (N, 3) of the components of the atoms' positions that are held."""
        count = len(self.reference)
        fixed = False if self.freedom.fixed is None else self.freedom.fixed
        return np.broadcast_to(np.asarray(fixed, dtype=bool).T, (3, count)).T.copy()

    @functools.cached_property
    def edge(self):
        """Edge of a cube with the reference cell's volume, Angstrom."""
        return self.reference.get_volume() ** (1 / 3)

    @functools.cached_property
    def scale(self):
        """How far one unit of each coordinate moves atoms, Angstrom, shape (n,)."""
        return np.append(np.ones(self.n_modes), np.full(len(self.strains), self.edge))

    @functools.cached_property
    def nearest_neighbour_distance(self):
        """Shortest distance between two atoms of the reference, Angstrom."""
        return nearest_neighbour_distance(self.reference)

    def displacements(self, q):
        """u in Angstrom at the reference cell, shape (N, 3)."""
        return (self.modes @ q[: self.n_modes]).reshape(-1, 3)

    def pull_back(self, fields):
        """Derivatives by the amplitudes, (modes, ...), from those by the atoms, (N, 3, ...).

        Given displacement fields, it returns their amplitudes, as far as the modes span the fields.
        """
        fields = np.asarray(fields)
        on_modes = self.modes.T @ fields.reshape(self.modes.shape[0], -1)
        return on_modes.reshape(self.n_modes, *fields.shape[2:])

    def strain_of(self, q):
        """The strain F - 1 at q, shape (..., 3, 3) for q of shape (..., n)."""
        return np.tensordot(np.asarray(q)[..., self.n_modes :], self.strains, axes=1)

    def volume(self, q):
        """Volume of the cell at q, Angstrom^3; q: (..., n)."""
        strains = np.asarray(q)[..., self.n_modes :]
        return self.reference.get_volume() * relative_volume(strains, self.strains)

    def distance(self, q, other):
        """Largest distance in Angstrom between q and another point: of an atom, or of the edge."""
        change = np.asarray(q) - other
        atoms = np.linalg.norm(self.displacements(change), axis=1).max(initial=0.0)
        return float(max(atoms, np.abs(self.strain_of(change)).max() * self.edge))

    def structure(self, q):
        """The Atoms at q."""
        atoms = self.reference.copy()
        deformation = np.eye(3) + self.strain_of(q)
        atoms.set_cell(self.reference.cell.array @ deformation)
        atoms.set_positions((self.reference.positions + self.displacements(q)) @ deformation)
        return atoms

    def at(self, q):
        """The same coordinates with q = 0 at another structure of theirs."""
        return replace(self, reference=self.structure(q))

    def locate(self, atoms):
        """q of a structure with the same atoms; the nearest periodic image of each atom is taken.

        A rigid shift and a rotation of the whole structure are removed, the shift such that held
        atoms are where they were. Displacements and strains outside the span of the coordinates are
        lost.
        """
        strain, apart = _compare(self.reference, atoms)
        if self.held.any():
            apart = apart - np.mean(apart, axis=0, where=self.held)
        basis = self.strains.reshape(-1, 9)
        strains = np.linalg.lstsq(basis.T, strain.ravel(), rcond=None)[0] if len(basis) else []
        return np.append(self.pull_back(apart), strains)


def coordinates_of(atoms, freedom=None, symmetry=True):
    """Coordinates with `atoms` at q = 0.

    freedom: what may move, all atoms and the isotropic strain if None; symmetry: use the
    structure's own symmetry, so that only totally symmetric displacements and strains are
    coordinates; without it there are 3N - 3 displacements. Where only components of atoms are held
    there must be no symmetry. Raises InputError if the mask of fixed atoms has the wrong shape, or
    holds components of atoms but not at least one of each.
    """
    freedom = Freedom() if freedom is None else freedom
    held = freedom.fixed
    if held is not None:
        _check_held(np.asarray(held), len(atoms), symmetry)
    operations = find_symmetry(atoms, fixed=held) if symmetry else no_symmetry(len(atoms))
    operations = operations.confined(freedom.directions)
    operations = operations.subgroup(operations.keeps_span(freedom.strains))
    return Coordinates(
        atoms.copy(),
        displacement_modes(operations, held),
        operations.permutations.min(axis=0).astype(int),
        strain_modes(operations, freedom.strains),
        freedom,
    )


def _check_held(held, count, symmetry):
    """InputError for a mask of held atoms or components that cannot be used."""
    if held.shape not in ((count,), (count, 3)):
        raise InputError(
            f"fixed: shape {held.shape}, expected one entry for each atom or for x, y and z of each"
        )
    if held.ndim == 2 and (symmetry or not held.any(axis=0).all()):
        raise InputError(
            "fixed: of components of atoms, x, y and z each have to be held somewhere, and the "
            "structure has to relax without symmetry"
        )


def cell_strains(cell, atoms, reach):
    """The strains that a kind of cell relaxation allows, shape (k, 3, 3); `Freedom.strains`.

    cell: 'fixed'; 'isotropic'; 'full', all six components; 'in_plane_fixed', only the one normal to
    the plane of the first two cell vectors. reach: of the potential, Angstrom: a cell with a wider
    gap between its atoms has a vacuum. A strain across a vacuum does not change the energy, so that
    along the normal nothing is left to relax. Raises InputError for another name, and for a cell
    with a vacuum that is to relax as 'isotropic' or 'full'.
    """
    if cell not in CELLS:
        raise InputError(f"cell: '{cell}' is not one of {', '.join(CELLS)}")
    if cell == "fixed":
        return np.zeros((0, 3, 3))
    normals = face_normals(atoms)
    gaps = [widest_gap(atoms, axis, normal) for axis, normal in enumerate(normals)]
    if cell == "in_plane_fixed":
        return np.zeros((0, 3, 3)) if gaps[2] > reach else np.outer(normals[2], normals[2])[None]
    if max(gaps) > reach:
        raise InputError(
            f"cell: {cell} is not possible with a gap of {max(gaps):.1f} Angstrom, wider than the "
            "potential's reach: use in_plane_fixed or fixed"
        )
    return ISOTROPIC.copy() if cell == "isotropic" else _six_components()


def relative_volume(strains, basis):
    """det(1 + sum_k e_k B_k), the volume relative to the reference's; strains: (..., k), or NaN."""
    with np.errstate(invalid="ignore"):
        return np.linalg.det(np.eye(3) + np.tensordot(strains, basis, axes=1))


def face_normals(atoms):
    """Unit normals of the cell's faces: the k-th is normal to the two other cell vectors."""
    normals = np.linalg.inv(atoms.cell.array).T
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def largest_displacement(atoms, others):
    """Largest distance an atom moves between two structures, without rigid shift and strain.

    Both structures hold the same atoms in the same order; Angstrom at the cell of `atoms`.
    """
    _, apart = _compare(atoms, others)
    return float(np.linalg.norm(apart, axis=1).max())


def _six_components():
    """A basis of the symmetric matrices."""
    pairs = np.triu_indices(3)
    matrices = np.zeros((6, 3, 3))
    matrices[range(6), pairs[0], pairs[1]] = matrices[range(6), pairs[1], pairs[0]] = 1
    return matrices


def widest_gap(atoms, axis, normal):
    """Widest distance between neighbouring atoms' heights over a face of the cell, Angstrom."""
    height = atoms.cell.array[axis] @ normal
    heights = np.sort(atoms.positions @ normal % height)
    return float(np.diff(np.append(heights, heights[0] + height)).max())


def _compare(atoms, others):
    """Strain (3, 3) from `atoms` to `others` and displacements (N, 3) without rigid shift."""
    deformation = np.linalg.solve(atoms.cell.array, others.cell.array)
    _, stretch = scipy.linalg.polar(deformation, side="left")
    apart = others.positions @ np.linalg.inv(deformation) - atoms.positions
    apart, _ = find_mic(apart - apart[0], atoms.cell)
    return stretch - np.eye(3), apart - apart.mean(axis=0)


def on_coordinates(coordinates, deformation, gradient, strain_gradient):
    """Derivatives by atoms, (N, 3, c), and strains, (3, 3, c), as ones by q, (n, c)."""
    slopes = deformation @ gradient
    on_modes = coordinates.pull_back(slopes)
    # A strain B of the reference cell is a strain F^-1 B of the present cell.
    on_top = np.linalg.solve(deformation, coordinates.strains)
    return np.vstack([on_modes, np.tensordot(on_top, strain_gradient, axes=2)])
