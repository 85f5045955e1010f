"""One DFT calculation of a training set, whichever file it comes from."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from relaxdiff.exceptions import InputError

QUANTITIES = {"energy": "eV/atom", "force": "eV/Angstrom", "stress": "bar"}


@dataclass(frozen=True)
class Configuration:
    """One DFT calculation.

    name: where it was read from; energy: eV, of the whole cell; forces: eV/A, shape (N, 3), or
    None; stress: eV/A^3, shape (3, 3), ASE's sign (positive under tension), or None.
    """

    name: str
    atoms: Atoms
    energy: float
    forces: np.ndarray | None
    stress: np.ndarray | None


def configuration(name, atoms, energy, forces, stress):
    """A checked Configuration; a stress of zeros becomes None.

    Raises InputError naming the configuration.
    """
    if not len(atoms):
        raise InputError(f"{name}: holds no atoms")
    if not (np.isfinite(atoms.positions).all() and atoms.cell.volume > 1e-6):
        raise InputError(f"{name}: the positions are not finite, or the cell has no volume")
    if np.abs(stress - stress.T).max() > 1e-3 * np.abs(stress).max():
        raise InputError(f"{name}: the stress is not a symmetric matrix")
    present = bool(np.any(stress))
    return Configuration(
        name, atoms, float(energy), forces, (stress + stress.T) / 2 if present else None
    )


def numbers(values, shape, what, name):
    """Numbers of a given shape, an array; InputError naming the configuration otherwise."""
    try:
        array = np.asarray(values, dtype=float)
    except (ValueError, TypeError):
        raise InputError(f"{name}: {what} is not an array of numbers") from None
    if array.shape != shape:
        raise InputError(f"{name}: {what} has the shape {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: {what} holds a number that is not finite")
    return array
