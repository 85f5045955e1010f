"""Slabs with surfaces, and crystals with a stacking fault, before they relax."""

import itertools
import math

import numpy as np
from ase.build import surface
from ase.cell import Cell
from ase.geometry import find_mic

from relaxdiff.exceptions import InputError
from relaxdiff.structures.lattices import BRAVAIS
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.symmetry import find_symmetry

SAME_HEIGHT = 1e-6  # Angstrom; atoms whose heights differ by less are of one plane


def miller_indices(plane, lattice="bcc"):
    """Three whole numbers without a common divisor, (3,), that name a plane.

    plane: three Miller indices of the conventional cell, or for hcp four Miller-Bravais indices,
    [h, k, -(h + k), l]; lattice: one of LATTICES. Raises InputError when they are no plane.
    """
    if len(plane) == 4 and lattice != "hcp":
        raise InputError(f"plane: {list(plane)} has four indices, {lattice} has planes of three")
    if len(plane) == 4 and plane[0] + plane[1] + plane[2] != 0:
        raise InputError(
            f"plane: {list(plane)} is no plane, the first three of four indices must add up to 0: "
            f"[{plane[0]}, {plane[1]}, {-plane[0] - plane[1]}, {plane[3]}]"
        )
    indices = np.array([*plane[:2], plane[-1]], dtype=int)
    if not indices.any():
        raise InputError(f"plane: {list(plane)} is no plane, at least one index must not be 0")
    return indices // np.gcd.reduce(indices)


def plane_normal(plane, lengths=(1.0,)):
    """Unit vector (3,) normal to a plane, in the axes of the conventional cell.

    plane: as for `miller_indices`, which raises InputError; lengths: lattice parameters of the
    crystal, a of a cubic one, a and c of hcp.
    """
    if len(lengths) == 1:
        indices = miller_indices(plane)
        return indices / np.linalg.norm(indices)
    a, c = lengths
    cell = Cell.fromcellpar([a, a, c, 90, 90, 120])
    normal = np.linalg.solve(cell.array, miller_indices(plane, "hcp"))
    return normal / np.linalg.norm(normal)


def surface_slab(settings, crystal):
    """A slab in the middle of its cell; z is normal to the surfaces.

    Where the gaps between planes alternate, as for {111} of diamond and (10-10) of hcp, the
    surfaces are at the wide gaps, which cuts the fewest bonds. vacuum: from the top atoms of the
    slab to the bottom atoms of its image, Angstrom. Raises InputError when these would be
    neighbours, and for a number of planes that leaves two different surfaces.
    """
    cell = crystal.conventional()
    usual = nearest_neighbour_distance(cell)
    if settings["vacuum"] < usual:
        raise InputError(
            f"vacuum: {settings['vacuum']} Angstrom keeps no surfaces apart where atoms are "
            f"{usual:.3g} from each other: use more than the potential's cutoff"
        )
    layers = settings["layers"]
    slab, _ = _atomic_planes(cell, miller_indices(settings["plane"], crystal.lattice), layers)
    slab.center(vacuum=settings["vacuum"] / 2, axis=2)
    # Inversion turns a slab with an even number of planes of two kinds upside down.
    if layers % 2 and crystal.lattice not in BRAVAIS and not _is_reversible(slab):
        raise InputError(
            f"layers: {layers} planes {list(settings['plane'])} of {crystal.lattice} would have "
            f"two different surfaces: use {layers - 1} or {layers + 1}"
        )
    return slab


def _is_reversible(slab):
    """Whether a symmetry operation exchanges the two surfaces of a slab, z being their normal."""
    return bool((find_symmetry(slab).rotations[:, 2, 2] < -0.5).any())


def faulted_crystal(settings, crystal):
    """A crystal with one fault, halfway up; z is normal to it. crystal: of BRAVAIS lattices.

    Above the fault all atoms are shifted, and the third cell vector with them, so that there is no
    second fault at the top of the cell. Without the shift the third vector is the lattice vector
    across `layers` planes that is nearest to their normal. It is along the normal only when the
    planes stack back onto themselves: in bcc and fcc when `layers` is a multiple of 2 for {100} and
    {110}, 3 for {111} and 6 for {112}.
    """
    layers = settings["layers"]
    indices = miller_indices(settings["plane"], crystal.lattice)
    atoms, spacing = _atomic_planes(crystal.conventional(), indices, layers + 1)
    heights = atoms.positions[:, 2] / spacing
    outside = heights > layers - 0.5
    # From an atom of the first plane to those of the plane that is its image.
    across = atoms.positions[outside] - atoms.positions[heights.argmin()]
    across, lengths = find_mic(across, atoms.cell, pbc=(True, True, False))
    shift = np.array(settings["displacement"]) @ atoms.cell.array[:2]
    atoms.positions[heights > layers // 2 - 0.5] += shift
    atoms.cell[2] = across[lengths.round(6).argmin()] + shift
    del atoms[outside]
    return atoms


def planes_of_crystal(plane, crystal):
    """The perfect crystal in a cell whose first two vectors are in a plane, Atoms.

    plane: as for `miller_indices`; the axes are those of the conventional cell, which has the same
    volume.
    """
    indices = miller_indices(plane, crystal.lattice)
    atoms = crystal.conventional()
    largest = np.abs(indices).max() + 1
    steps = np.array(list(itertools.product(range(-largest, largest + 1), repeat=3)))
    steps = steps[np.argsort(np.linalg.norm(steps @ atoms.cell.array, axis=1), kind="stable")]
    inside, above = steps[steps @ indices == 0][1:], steps[steps @ indices == 1]
    # The first two that span all lattice vectors in the plane: their product is its indices.
    first = inside[0]
    second = next(step for step in inside if (np.cross(first, step) == indices).all())
    atoms.set_cell(np.array([first, second, above[0]]) @ atoms.cell.array)
    atoms.wrap()
    return atoms


def _atomic_planes(cell, indices, layers):
    """`layers` atomic planes of a crystal, the first at z = 0, z being their normal.

    cell: the conventional one; indices: of `miller_indices`. The gap below the first plane is the
    widest gap between planes of the crystal. The cell's first two vectors are those of
    `ase.build.surface`, which need not span the smallest cell. Returns Atoms and the mean distance
    of planes in Angstrom.
    """
    # Not `periodic`: ASE would wrap rounding errors at height 0 to the top.
    repeat = surface(cell, indices, 1)
    period = cell.get_volume() / np.linalg.norm(np.cross(*repeat.cell[:2]))
    heights = _heights(repeat)
    gaps = np.diff(heights, prepend=heights[-1] - period)  # below each plane
    first = int(np.argmax(gaps > gaps.max() - SAME_HEIGHT))
    in_repeat = len(heights)
    atoms = surface(cell, indices, math.ceil((first + layers) / in_repeat))
    atoms.pbc = True
    spacing = period / in_repeat
    atoms.cell[2] = [0, 0, layers * spacing]
    planes = np.searchsorted(_heights(atoms), atoms.positions[:, 2] + SAME_HEIGHT) - 1
    del atoms[(planes < first) | (planes >= first + layers)]
    if first:
        atoms.positions[:, 2] -= heights[first]
    return atoms, spacing


def _heights(atoms):
    """Of atomic planes along z, ascending, Angstrom."""
    heights = np.sort(atoms.positions[:, 2])
    return heights[np.diff(heights, prepend=-np.inf) > SAME_HEIGHT]
