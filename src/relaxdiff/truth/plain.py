"""A relaxation that shares no minimiser, coordinates or derivatives with the rest of the library.

LAMMPS does it with its own pair style. A potential that LAMMPS does not know is relaxed by ASE with
the potential's calculator: then the energy function is the same, and everything else is not.
"""

from dataclasses import replace

import numpy as np
from ase.constraints import FixAtoms, FixCartesian
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS

from relaxdiff.exceptions import InputError
from relaxdiff.lammps import LammpsMinimum, lammps_minimise
from relaxdiff.structures import Freedom
from relaxdiff.units import VOIGT

MOST_STEPS = 3000
LARGEST_STEP = 0.05  # Angstrom
ROUND = 50  # steps, after each of which it may be given up
# Of the tolerance, for the force on an atom or on a vector of the cell that ASE compares: the
# derivative by a strain may be up to twice as large as that.
SHARE = 0.4


def minimise_plainly(atoms, potential, tolerance=1e-6, freedom=None, lost=lambda atoms: False):
    """Relax a periodic structure by plain LAMMPS or, if it cannot, by ASE; a LammpsMinimum.

    Arguments as for `lammps_minimise`. Raises EvaluationError where the potential has no value, and
    InputError for a constraint that ASE cannot keep.
    """
    if potential.in_lammps:
        return lammps_minimise(atoms, potential, tolerance, freedom, lost)
    freedom, moving = Freedom() if freedom is None else freedom, atoms.copy()
    turn = _turn(freedom.strains)
    _rotate(moving, turn)
    freedom = replace(freedom, strains=turn @ freedom.strains @ turn.T)
    moving.calc = potential.calculator()
    moving.set_constraint(_constraints(moving, freedom))
    optimiser = LBFGS(_filtered(moving, freedom.strains), logfile=None, maxstep=LARGEST_STEP)
    for _ in range(0, MOST_STEPS, ROUND):
        if optimiser.run(fmax=SHARE * tolerance, steps=ROUND) or lost(_back(moving, turn)):
            break
    gradient, end = _largest_gradient(moving, freedom.strains), _back(moving, turn)
    return LammpsMinimum(end, float(moving.get_potential_energy()), gradient, optimiser.nsteps + 1)


def _turn(strains):
    """The rotation (3, 3) that ASE needs, whose strains are along axes, for a strain along a line.

    It makes the line of a single strain n n^T the third axis; for other strains it does nothing.
    """
    if len(strains) != 1 or np.linalg.matrix_rank(strains[0], tol=1e-8) != 1:
        return np.eye(3)
    if np.count_nonzero(np.abs(strains[0]) > 1e-8) == 1:
        return np.eye(3)  # n is an axis
    _, axes = np.linalg.eigh(strains[0])
    axes[:, 0] *= np.linalg.det(axes)  # no reflection
    return axes.T


def _rotate(atoms, turn):
    """Turn atoms and cell as one."""
    atoms.set_cell(atoms.cell.array @ turn.T, scale_atoms=True)


def _back(atoms, turn):
    """A copy without constraints, turned back."""
    copy = atoms.copy()
    copy.set_constraint()
    _rotate(copy, turn.T)
    return copy


def _constraints(atoms, freedom):
    """ASE's constraints for atoms that are held, or confined to the direction of one axis."""
    count = len(atoms)
    held = np.zeros((count, 3), dtype=bool)
    if freedom.fixed is not None:
        held |= np.reshape(freedom.fixed, (count, -1))
    if len(freedom.directions) < 3:
        along = np.isclose(np.abs(freedom.directions).max(axis=0), 1)
        if along.sum() != len(freedom.directions):
            raise InputError("the check by ASE confines atoms to x, y and z only")
        held |= ~along
    whole = np.flatnonzero(held.all(axis=1))
    parts = np.flatnonzero(held.any(axis=1) & ~held.all(axis=1))
    return [FixAtoms(whole), *(FixCartesian(int(i), held[i]) for i in parts)]


def _filtered(atoms, strains):
    """The Atoms, or ASE's filter of atoms and cell, for the strains (k, 3, 3) that are allowed.

    Coordinates of the cell are scaled by its edge, as `Coordinates.scale`.
    """
    if not len(strains):
        return atoms
    edge = atoms.get_volume() ** (1 / 3)
    if len(strains) == 1 and np.allclose(strains[0], np.eye(3)):
        return FrechetCellFilter(atoms, hydrostatic_strain=True, exp_cell_factor=edge)
    components = np.abs(strains).max(axis=0) > 1e-8
    if len(strains) == 6 or (len(strains) == 1 and np.count_nonzero(components) == 1):
        mask = [bool(components[i, j]) for i, j in VOIGT]
        return FrechetCellFilter(atoms, mask=mask, exp_cell_factor=edge)
    raise InputError(
        "the check by ASE knows cells that are fixed, relax isotropically, fully or along one line"
    )


def _largest_gradient(atoms, strains):
    """Largest force on an atom that may move, or dU/dstrain over the cell's edge, eV/Angstrom."""
    largest = np.abs(atoms.get_forces()).max(initial=0.0)
    volume = atoms.get_volume()
    slopes = volume * np.tensordot(strains, atoms.get_stress(voigt=False), axes=2)
    return float(max(largest, np.abs(slopes).max(initial=0.0) / volume ** (1 / 3)))
