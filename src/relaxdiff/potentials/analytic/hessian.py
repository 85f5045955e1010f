"""The whole Hessian of a structure, from rows that need only the atoms around each atom."""

import numpy as np

from relaxdiff.potentials import symmetrised

ATOMS_AT_ONCE = 16  # whose rows are computed together; decides how much memory it takes


def second_derivatives(compiled, coordinates, given, by_parameters=False, wanted=None):
    """d2U/dq2 as last column, (n, n, 1); its derivatives by theta before it if wanted.

    compiled: Derivatives; coordinates: Coordinates; given: place, theta (P,) and structure as the
    compiled functions take them; wanted: indices of k modes whose rows alone are returned,
    (k, n, c).
    """
    modes, atoms = coordinates.modes, np.arange(len(coordinates.reference))
    if wanted is not None:
        modes = modes[:, wanted]
        atoms = np.unique(modes.nonzero()[0] // 3)
    by_atoms = _atom_rows(compiled, coordinates, given, by_parameters, atoms)
    moved = modes[(3 * atoms[:, None] + np.arange(3)).ravel()]
    flat = by_atoms.reshape(3 * len(atoms), -1)
    on_modes = (moved.T @ flat).reshape(-1, *by_atoms.shape[2:])
    if wanted is not None:
        return on_modes
    on_strains = _strain_rows(compiled, coordinates, given, by_parameters)
    return symmetrised(np.concatenate([on_modes, on_strains]))


def _atom_rows(compiled, coordinates, given, by_parameters, atoms):
    """The rows of atoms' positions, (atom, 3, n, c)."""
    near, counted = _around(given[2], len(coordinates.reference))
    at_once, blocks = min(ATOMS_AT_ONCE, len(atoms)), []
    for first in range(0, len(atoms), at_once):
        # Always as many, so that there is one compilation.
        moved = atoms[np.minimum(np.arange(first, first + at_once), len(atoms) - 1)]
        chosen = (*given, moved, near[moved], counted[moved])
        parts = [[each[..., None] for each in compiled.rows(*chosen)]]
        if by_parameters:
            parts.insert(0, compiled.rows_by_parameters(*chosen))
        blocks.append(_in_coordinates(coordinates, parts)[: len(atoms) - first])
    return np.concatenate(blocks)


def _strain_rows(compiled, coordinates, given, by_parameters):
    """The rows of the strains, (strain, n, c)."""
    strains, (place, theta, structure) = coordinates.strains, given
    still = np.zeros((len(strains), *place[0].shape)), np.zeros((len(strains), len(theta)))
    change = still[0], strains, still[1]
    slopes = compiled.along_many(place, theta, structure, change)
    parts = [[slopes.by_positions[..., None], slopes.by_deformation[..., None]]]
    if by_parameters:
        slopes = compiled.along_many_by_parameters(place, theta, structure, change)
        parts.insert(0, [slopes.by_positions, slopes.by_deformation])
    return _in_coordinates(coordinates, parts)


def _in_coordinates(coordinates, parts):
    """Derivatives by q, (..., n, c), of rows.

    parts: of columns to be joined, pairs of derivatives by positions, (..., N, 3, c), and by the
    deformation, (..., 3, 3, c).
    """
    by_positions, by_deformation = (
        np.concatenate([np.asarray(part[which]) for part in parts], axis=-1) for which in range(2)
    )
    rows = by_positions.shape[:-3]
    flat = np.moveaxis(by_positions.reshape(-1, *by_positions.shape[-3:]), 0, -1)
    on_modes = np.moveaxis(coordinates.pull_back(flat), -1, 0)
    on_strains = np.einsum(
        "kab,rabc->rkc", coordinates.strains, by_deformation.reshape(-1, *by_deformation.shape[-3:])
    )
    found = np.concatenate([on_modes, on_strains], axis=1)
    return found.reshape(*rows, *found.shape[1:])


def _around(structure, count):
    """For each atom those that have it as a neighbour, and itself, (N, w); and which count, (N, w).

    An atom that is a neighbour more than once counts once.
    """
    _, _, _, _, others, _, present = structure
    others, present = (each.reshape(-1, each.shape[-1])[:count] for each in (others, present))
    itself = np.arange(count)[:, None]
    near = np.sort(np.hstack([np.where(present, others, itself), itself]), axis=1)
    counted = np.ones(near.shape, dtype=np.int8)
    counted[:, 1:] = near[:, 1:] != near[:, :-1]
    return near, counted
