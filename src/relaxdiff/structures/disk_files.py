"""Disks with a dislocation: built, or read from a file."""

import numpy as np
from ase.constraints import FixAtoms

from relaxdiff.exceptions import InputError
from relaxdiff.structures.dislocations import ANY_RING, dislocation_disk
from relaxdiff.structures.from_files import from_file


def disk(settings, crystal, solutes=(), elements=None):
    """The Atoms of a disk with a dislocation: of the file in `path`, else of `dislocation_disk`.

    settings, crystal, solutes, elements: as for `build_structure`. Of a file, the line is along the
    third cell vector, z, through the middle of the atoms; atoms farther than `radius` - `ring` from
    it are held. Raises InputError, which begins with the key.
    """
    if "path" not in settings:
        if "lattice_parameter" in settings:
            raise InputError(
                "lattice_parameter: is that of a file: name it in path, or leave it out"
            )
        return dislocation_disk(settings, crystal)
    for key in ("core", "dislocation", "element", "place"):
        if key in settings:
            raise InputError(f"{key}: is of a disk that is built, not of a file: leave it out")
    if "lattice_parameter" not in settings:
        raise InputError(
            "lattice_parameter: give that of the crystal that the file was made for, in Angstrom"
        )
    atoms = from_file(settings, crystal, solutes, elements)
    if np.abs(atoms.cell.array[2, :2]).max() > 1e-3 or np.abs(atoms.cell.array[:2, 2]).max() > 1e-3:
        raise InputError("path: the third cell vector must be along z, across the other two")
    across = atoms.positions[:, :2]
    middle = (across.min(axis=0) + across.max(axis=0)) / 2
    held = np.linalg.norm(across - middle, axis=1) > settings["radius"] - settings.get(
        "ring", ANY_RING
    )
    if held.all() or not held.any():
        raise InputError(
            f"radius: less ring, it leaves {'no atom' if held.all() else 'all atoms'} of the file "
            "free: give the radius of the disk, in Angstrom"
        )
    atoms.set_constraint(FixAtoms(np.flatnonzero(held)))
    atoms.info = {"lattice_parameter": crystal.a}
    return atoms
