"""The Hessian of all that may move, without symmetry: what symmetry blocks are held against."""

import numpy as np

from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.structures.coordinates import coordinates_of


def full_eigenvalues(atoms, potential, freedom):
    """Its eigenvalues by central differences, ascending; translations are out if no atom is held.

    Strains count by their norm times the edge of the cell.
    """
    coordinates = coordinates_of(atoms, freedom, symmetry=False)
    units = coordinates.scale * norms(coordinates.n_modes, coordinates.strains)
    rows = []
    with AllAtomColumns(coordinates, potential.hyperparameters, potential.baseline) as evaluator:
        for direction in np.diag(1 / units):
            pair = [evaluator.columns(sign * 1e-4 * direction) for sign in (1, -1)]
            rows.append((pair[0] - pair[1]) @ potential.weights / 2e-4)
    hessian = np.array(rows) / units
    return np.linalg.eigvalsh((hessian + hessian.T) / 2)


def norms(n_modes, strains):
    """Of the displacement modes, 1 each, and of strains, one array."""
    return np.append(np.ones(n_modes), np.linalg.norm(strains, axis=(1, 2)))
