"""How a crystal is turned in a structure made of it: a surface, a fault or a structure from a file.

Some atoms of the structure have the crystal's surroundings. The neighbours of one of them are those
of a site of the crystal, turned: two of their vectors, which must have the lengths and the angle of
two of the crystal's, give a rotation, and the best of all such rotations is kept.
"""

import numpy as np
from matscipy.neighbours import neighbour_list
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from relaxdiff.structures import nearest_neighbour_distance

# In nearest-neighbour distances: the first neighbours end at the widest gap between these.
SHELLS = 1.0, 2.0
ALIKE = 0.1  # nearest-neighbour distances by which vectors of the structure may differ
LOOKED_AT = 8  # atoms; one of them would do if none had noise
OTHER_ELEMENT = 10.0  # nearest-neighbour distances between two atoms of different elements


def orientation(atoms, unit):
    """The rotation that takes vectors of a crystal to those of a structure made of it, (3, 3).

    atoms: the structure; unit: the crystal's conventional cell, with nearly the same lattice
    parameter. Rows are unit vectors along x, y and z of the structure in the frame of the crystal.
    Any of the rotations that are equivalent by the crystal's symmetry; the identity if no atom has
    the crystal's surroundings.
    """
    distance = nearest_neighbour_distance(unit)
    reach = _reach(unit, distance)
    sites = _surroundings(unit, reach, distance)
    counts = {len(each) for each in sites}
    around = _surroundings(atoms, reach, distance)
    whole = [index for index, each in enumerate(around) if len(each) in counts]
    best, found = np.inf, np.eye(3)
    for atom in whole[:: max(1, len(whole) // LOOKED_AT)]:
        for site, vectors in enumerate(sites):
            if len(vectors) == len(around[atom]) and unit.numbers[site] == atoms.numbers[atom]:
                mismatch, turn = _best(vectors, around[atom], distance)
                best, found = min((best, found), (mismatch, turn), key=lambda each: each[0])
    return found


def _reach(unit, distance):
    """Angstrom; in the middle of the widest gap in the distances of neighbours."""
    apart = np.unique(neighbour_list("d", unit, (SHELLS[1] + ALIKE) * distance).round(3))
    apart = np.append(apart[apart < SHELLS[1] * distance], SHELLS[1] * distance)
    widest = np.diff(apart).argmax()
    return (apart[widest] + apart[widest + 1]) / 2


def _surroundings(atoms, reach, distance):
    """For each atom the vectors to its neighbours, with a fourth component for their element."""
    first, second, apart = neighbour_list("ijD", atoms, reach)
    apart = np.column_stack([apart, OTHER_ELEMENT * distance * atoms.numbers[second]])
    order = np.argsort(first, kind="stable")
    return np.split(apart[order], np.cumsum(np.bincount(first, minlength=len(atoms)))[:-1])


def _best(wanted, there, distance):
    """Mean distance and rotation that take vectors (k, 4) of a site best to those of an atom."""
    tree = cKDTree(there)
    limit = ALIKE * distance
    one = wanted[0]
    # Not along the first: the two have to fix a rotation.
    across = np.linalg.norm(np.cross(wanted[:, :3], one[:3]), axis=1)
    other = wanted[across.argmax()]
    best, found = np.inf, np.eye(3)
    for first in there[_alike(there, one, limit)]:
        for second in there[_alike(there, other, limit)]:
            angle = np.linalg.norm(first[:3] - second[:3]) - np.linalg.norm(one[:3] - other[:3])
            if abs(angle) > 2 * limit:
                continue
            turn = Rotation.align_vectors([first[:3], second[:3]], [one[:3], other[:3]])[0]
            mismatch, turn = _refined(turn, wanted, there, tree)
            best, found = min((best, found), (mismatch, turn), key=lambda each: each[0])
    return best, found


def _alike(there, vector, limit):
    """Mask of the vectors that have the length and the element of one, to `limit` Angstrom."""
    lengths = np.linalg.norm(there[:, :3], axis=1) - np.linalg.norm(vector[:3])
    return (np.abs(lengths) < limit) & (there[:, 3] == vector[3])


def _refined(turn, wanted, there, tree):
    """The rotation made the best for all neighbours, and the mean distance that it leaves."""
    turned = np.column_stack([turn.apply(wanted[:, :3]), wanted[:, 3]])
    _, nearest = tree.query(turned)
    turn = Rotation.align_vectors(there[nearest, :3], wanted[:, :3])[0]
    turned = np.column_stack([turn.apply(wanted[:, :3]), wanted[:, 3]])
    return tree.query(turned)[0].mean(), turn.as_matrix()
