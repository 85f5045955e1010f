"""Tables of neighbours: for each atom its neighbours, with image shifts, in rows of one length."""

from dataclasses import dataclass

import numpy as np
from matscipy.neighbours import neighbour_list

# Rows are a multiple of this long, so that a slightly other structure seldom needs a compilation.
ROUNDED_TO = 8
AT_ONCE = 1024  # atoms in a block; what is computed at once decides how much memory it takes


@dataclass(frozen=True)
class NeighbourTable:
    """The neighbours of all atoms of a structure, in blocks of atoms.

    atoms: their indices, (block, B); own: 1, or 0 where a block's row is empty, (block, B); others:
    indices of the neighbours, (block, B, K); shifts: lattice translations to their images,
    (block, B, K, 3), integers; present: 1, or 0 where a row has no neighbour, (block, B, K).
    """

    atoms: np.ndarray
    own: np.ndarray
    others: np.ndarray
    shifts: np.ndarray
    present: np.ndarray

    @property
    def arrays(self):
        """All arrays, a tuple in the order above."""
        return self.atoms, self.own, self.others, self.shifts, self.present


def neighbour_table(atoms, cutoff):
    """The NeighbourTable of periodic Atoms: all images nearer than `cutoff`, Angstrom.

    Any cell: an atom may be its own neighbour's image, and a neighbour more than once.
    """
    first, second, shifts = neighbour_list("ijS", atoms, cutoff)
    count = len(atoms)
    lengths = np.bincount(first, minlength=count)
    width = max(1, -(-lengths.max(initial=0) // ROUNDED_TO)) * ROUNDED_TO
    size = min(count, AT_ONCE)
    blocks = -(-count // size)
    # The neighbour list is sorted by the first atom.
    row = np.arange(len(first)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    others = np.zeros((blocks * size, width), dtype=np.int32)
    images = np.zeros((blocks * size, width, 3), dtype=np.int16)
    present = np.zeros((blocks * size, width), dtype=np.int8)
    others[first, row], images[first, row], present[first, row] = second, shifts, 1
    indices = np.minimum(np.arange(blocks * size), count - 1).astype(np.int32)
    own = (np.arange(blocks * size) < count).astype(np.int8)
    return NeighbourTable(
        indices.reshape(blocks, size),
        own.reshape(blocks, size),
        others.reshape(blocks, size, width),
        images.reshape(blocks, size, width, 3),
        present.reshape(blocks, size, width),
    )
