"""Many structures of the same atoms at once, each with its own places, cell and parameters.

A small cell is evaluated in less time than it takes to call the function. One compiled function
evaluates as many of them as it was made for, whatever their number.
"""

import numpy as np

from relaxdiff.potentials.analytic.derivatives import derivatives_of
from relaxdiff.potentials.analytic.neighbours import neighbour_table

AT_ONCE = 32


class ManyStructures:
    """Structures with the atoms of some coordinates' reference, in these coordinates.

    model: AnalyticModel; coordinates: Coordinates; radius: Angstrom, in the reference, of the
    neighbours that atoms are given: it is for the caller that no farther one comes within reach;
    at_once: structures that one call of a compiled function evaluates.
    """

    def __init__(self, model, coordinates, radius, at_once=AT_ONCE):
        self.at_once = at_once
        reference = coordinates.reference
        self._compiled = derivatives_of(model.energy, model.parameters.names)
        species = np.array([model.elements.index(each) for each in reference.symbols])
        table = neighbour_table(reference, radius)
        self._fixed = species.astype(np.int32), *table.arrays
        modes = coordinates.modes.toarray().reshape(len(reference), 3, -1)
        self._basis = modes, np.asarray(coordinates.strains, dtype=float).reshape(-1, 3, 3)
        self._reference = reference.positions, reference.cell.array
        self.size = coordinates.size

    def second_order(self, theta, q=None, structures=None):
        """Energies (V,), gradients (V, n) and Hessians (V, n, n) in the coordinates.

        theta: parameters (V, P); q: (V, n), 0 if None; structures: positions (V, N, 3) and cells
        (V, 3, 3) at q = 0, the reference if None. Not finite where a structure has no energy.
        """
        q = np.zeros((len(theta), self.size)) if q is None else q
        given = q, theta, *self._structures(len(theta), structures)
        return self._in_parts(self._compiled.second_order_of_many, given, self._basis)

    def columns(self, theta, structure):
        """Of one structure: the columns of U expanded about theta (P,), and their derivatives.

        structure: positions (N, 3) and cell (3, 3). Returns D, (P + 1,), dD/dq, (n, P + 1), and
        d2D/dq2, (n, n, P + 1), such that times (theta, 1) they are U and its derivatives.
        """
        given = np.zeros(self.size), np.asarray(theta, dtype=float), *structure, self._basis
        whole, changes = self._compiled.second_order_by_parameters(*given, self._fixed)
        return tuple(
            np.concatenate([change, (each - change @ theta)[..., None]], axis=-1)
            for each, change in zip(map(np.array, whole), map(np.array, changes), strict=True)
        )

    def dynamical_matrices(self, theta, structures, waves):
        """As `AnalyticPotential.dynamical_matrices` of each structure: (V, k, 3N, 3N).

        waves: wave vectors of each, (V, k, 3), 1/Angstrom.
        """
        given = theta, *self._structures(len(theta), structures), waves
        found = self._in_parts(self._compiled.dynamical_of_many, given)
        return found.swapaxes(-1, -2)

    def _structures(self, count, structures):
        if structures is not None:
            return structures
        return tuple(np.broadcast_to(each, (count, *each.shape)) for each in self._reference)

    def _in_parts(self, function, given, *fixed):
        """A compiled function's results for arrays with V entries, AT_ONCE of them at a time."""
        count, parts = len(given[0]), []
        for first in range(0, count, self.at_once):
            # The last part is filled up: the function is compiled for one number of structures.
            places = np.minimum(np.arange(first, first + self.at_once), count - 1)
            found = function(*(each[places] for each in given), *fixed, self._fixed)
            found = found if isinstance(found, tuple) else (found,)
            parts.append([np.array(each)[: count - first] for each in found])
        whole = tuple(np.concatenate(each) for each in zip(*parts, strict=True))
        return whole if len(whole) > 1 else whole[0]
