"""Targets from files, also those that another potential relaxed."""

from pathlib import Path

import numpy as np

from relaxdiff.files import read_dataset
from relaxdiff.minima import atoms_from_dataset
from relaxdiff.structures import read_structure

STUDY_FILE = ".nc"  # the ending of a reference.nc


def target_from_file(path):
    """The Atoms of a `reference.nc`, of any study, or of a file that ASE reads.

    Of a dislocation's `reference.nc` they have the arrays and info of `dislocation_disk`. Raises
    InputError, which names the file, if it cannot be read.
    """
    if Path(path).suffix != STUDY_FILE:
        return read_structure(path)
    dataset = read_dataset(path, needs=("positions", "cell", "atomic_numbers"))
    return atoms_from_dataset(dataset)


def scaled_to(target, atoms):
    """The target as it is in the crystal of `atoms`, if both are disks with a dislocation.

    Another potential has another lattice parameter, and a gap of another width between a disk and
    its images. So positions are scaled about the middle of the disk, and the cell across the line
    is that of `atoms`. Other targets are returned as they are.
    """
    own, wanted = (each.info.get("lattice_parameter") for each in (target, atoms))
    if own is None or wanted is None:
        return target
    scaled, factor = target.copy(), wanted / own
    cell = np.array([*atoms.cell.array[:2], factor * target.cell.array[2]])
    before, after = (each[:2].sum(axis=0) / 2 for each in (target.cell.array, cell))
    scaled.set_cell(cell)
    scaled.info["lattice_parameter"] = wanted
    for name in ("positions", "crystal_positions"):
        if name in scaled.arrays:
            scaled.arrays[name] = after + factor * (scaled.arrays[name] - before)
    if "core" in scaled.info:
        scaled.info["core"] = after[:2] + factor * (scaled.info["core"] - before[:2])
    return scaled
