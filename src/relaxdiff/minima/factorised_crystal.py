"""The crystal's force constants on the atoms of any structure near a crystal, factorised.

Each pair of atoms gets the force constants of that pair in the perfect crystal whose vector is
nearest to theirs. Where the surroundings of all atoms are those of the crystal this is the Hessian;
a defect changes it near by. The sparse matrix is factorised once, and its inverse preconditions
relaxations and conjugate gradients of interstitials, surfaces and dislocations, for which there is
no lattice Green's function (`lattice_green`).

An atom that lacks neighbours keeps the crystal's own curvature. So the matrix is a part of the
crystal's Hessian, in which the missing atoms are held, and stays positive definite. Where a defect
makes it indefinite all the same, springs as stiff as is needed hold all atoms. (To leave out small
force constants would save little, and makes even the crystal's matrix indefinite.)
"""

import numpy as np
from matscipy.neighbours import neighbour_list
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from relaxdiff.structures import nearest_neighbour_distance

# Of the nearest-neighbour distance; a pair of atoms farther than this from every vector of the
# crystal has no force constants. Half a neighbour's distance away is another vector.
LARGEST_MISMATCH = 0.25
SMALLEST = 1e-6  # of the largest force constant; pairs with smaller ones are left out
SHIFT = 1e-3  # of the largest curvature; added where nothing else keeps the structure in place


def crystal_matrix(force_constants, atoms, axes=None):
    """The Hessian as far as the crystal gives it, sparse, (3N, 3N), eV/Angstrom^2.

    force_constants: ForceConstants; atoms: a structure near that crystal; axes: unit vectors along
    x, y and z of the structure in the frame of the crystal, rows, (3, 3), or None for the same.
    """
    unit = force_constants.unit
    vectors, blocks, elements = _pairs(
        force_constants, np.eye(3) if axes is None else np.asarray(axes)
    )
    limit = LARGEST_MISMATCH * nearest_neighbour_distance(unit)
    reach = max(np.linalg.norm(each, axis=1).max() for each in vectors) + limit
    first, second, apart = neighbour_list("ijD", atoms, reach)
    itself = np.arange(len(atoms))
    first, second = np.append(first, itself), np.append(second, itself)
    apart = np.vstack([apart, np.zeros((len(atoms), 3))])
    found = [cKDTree(each).query(apart, distance_upper_bound=limit) for each in vectors]
    site = _sites(unit, atoms, first, second, elements, found)[first]
    total = csr_array((3 * len(atoms), 3 * len(atoms)))
    for number, (distances, nearest) in enumerate(found):
        taken = np.isfinite(distances) & (site == number)
        values = blocks[number][nearest[taken]]
        total = total + _spread(second[taken], first[taken], values, len(atoms))
    return (total + total.T) / 2


def _sites(unit, atoms, first, second, elements, found):
    """For each atom the site of the unit cell whose neighbours are most like its own, (N,).

    Of the atom's element, if there is one. first, second: pairs of atoms; elements: numbers of each
    site's neighbours; found: for each site the distances of all pairs from the nearest of these,
    infinite beyond the limit, and which one it is.
    """
    known = np.isin(atoms.numbers, unit.numbers)
    fits = []
    for own, numbers, (distances, nearest) in zip(unit.numbers, elements, found, strict=True):
        near = np.isfinite(distances)
        alike = near.astype(float)
        alike[near] += numbers[nearest[near]] == atoms.numbers[second[near]]
        fit = np.bincount(first, alike, len(atoms))
        fits.append(np.where(known & (atoms.numbers != own), -1, fit))
    return np.argmax(fits, axis=0)


def _pairs(force_constants, axes):
    """Of each site's neighbours the vectors (k, 3), blocks (k, 3, 3) and elements (k,).

    Vectors and blocks are in the frame of the structure; rows of a block belong to the neighbour.
    """
    unit, count = force_constants.unit, len(force_constants.unit)
    blocks = force_constants.matrices.reshape(-1, count, 3, count, 3)
    shifts = force_constants.cells @ unit.cell.array
    largest = np.abs(blocks).max()
    vectors, matrices, elements = [], [], []
    for site, place in enumerate(unit.positions):
        apart = (shifts[:, None] + unit.positions - place).reshape(-1, 3)
        own = blocks[:, :, :, site].reshape(-1, 3, 3)
        kept = np.abs(own).max(axis=(1, 2)) > SMALLEST * largest
        vectors.append(apart[kept] @ axes.T)
        matrices.append(axes @ own[kept] @ axes.T)
        elements.append(np.tile(unit.numbers, len(shifts))[kept])
    return vectors, matrices, elements


def _spread(rows, columns, blocks, count):
    """Blocks (k, 3, 3) of pairs of atoms as a sparse matrix, (3N, 3N); repeated pairs add up."""
    axes = np.arange(3)
    places = np.broadcast_arrays(
        3 * rows[:, None, None] + axes[:, None], 3 * columns[:, None, None] + axes
    )
    places = tuple(each.ravel() for each in places)
    return csr_array((blocks.ravel(), places), shape=(3 * count, 3 * count))


def factorised(matrix):
    """A function that solves with a sparse symmetric matrix (n, n), for right sides (n, ...)."""
    return _factors(matrix).solve


def _factors(matrix):
    """With symmetric pivots: as sparse as a Cholesky factorisation, which scipy lacks."""
    return splu(
        matrix.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )


def _definite(matrix, shift):
    """The factors of a matrix, made definite by the least shift of 0, SHIFT, 10 SHIFT ...

    shift: the first to try, relative to the largest curvature. The pivots have the signs of the
    eigenvalues (Sylvester).
    """
    scale = matrix.diagonal().max()
    while True:
        factors = _factors(matrix + shift * scale * eye_array(matrix.shape[0]))
        if factors.U.diagonal().min() > 0:
            return factors
        shift = 10 * shift or SHIFT


class FactorisedCrystal:
    """Displacements of a structure's atoms under forces, if all were in the perfect crystal.

    force_constants: ForceConstants, best at the structure's own lattice parameter; atoms, axes: as
    in `crystal_matrix`; held: mask of atoms (N,) or components (N, 3) that do not move, or None.
    Symmetric and positive definite. `elastic_constants`: of the crystal, see ForceConstants.
    """

    def __init__(self, force_constants, atoms, held=None, axes=None):
        self.elastic_constants = force_constants.elastic_constants()
        self.free = free_components(held, len(atoms))
        matrix = crystal_matrix(force_constants, atoms, axes)[self.free][:, self.free]
        self.solve = _definite(matrix, SHIFT if self.free.all() else 0.0).solve

    def apply(self, forces):
        """Displacements (N, 3) in Angstrom that forces (N, 3) in eV/Angstrom cause."""
        moved = np.zeros(np.size(forces))
        moved[self.free] = self.solve(np.ravel(forces)[self.free])
        moved = moved.reshape(-1, 3)
        return moved - moved.mean(axis=0) if self.free.all() else moved


def free_components(held, count):
    """Mask (3N,) of the components that may move; held: mask (N,) or (N, 3), or None."""
    if held is None:
        return np.ones(3 * count, dtype=bool)
    held = np.asarray(held, dtype=bool)
    return ~(np.repeat(held, 3) if held.ndim == 1 else held.ravel())
