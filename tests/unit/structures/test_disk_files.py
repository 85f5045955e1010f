"""Disks with a dislocation that are read from files."""

import re

import ase.io
import numpy as np
import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.structures.dislocations import dislocation_disk, held_components
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.18)
ENTRY = {"name": "mine", "kind": "dislocation", "radius": 20.0, "cell": "fixed"}


@pytest.fixture(scope="module")
def built():
    return dislocation_disk(ENTRY, CRYSTAL)


@pytest.mark.parametrize("ending", ["extxyz", "lammps-data"])
def test_the_disk_that_was_written(ending, built, tmp_path):
    """A data file of LAMMPS numbers the types of atoms instead of naming elements."""
    plain = built.copy()
    plain.set_constraint()
    path = tmp_path / f"disk.{ending}"
    ase.io.write(path, plain, format=ending)
    entry = ENTRY | {"path": str(path), "lattice_parameter": 3.18}
    read = build_structure(entry, PerfectCrystal("W", "bcc", 3.2), elements=("W",))
    assert (read.symbols == "W").all()
    assert read.positions == pytest.approx(built.positions * 3.2 / 3.18, abs=1e-4)
    assert read.info["lattice_parameter"] == 3.2
    held, wanted = held_components(read), held_components(built)
    # matscipy counts from the dislocation, which is not quite in the middle of the atoms.
    assert (held != wanted).mean() < 0.1
    across = read.positions[:, :2]
    middle = (across.min(axis=0) + across.max(axis=0)) / 2
    assert (held == (np.linalg.norm(across - middle, axis=1) > 10.0)).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"core": "hard"}, "core: is of a disk that is built, not of a file: leave it out"),
        ({"lattice_parameter": None}, "lattice_parameter: give that of the crystal that the file"),
        ({"radius": 90.0}, "radius: less ring, it leaves all atoms of the file free"),
        ({"radius": 10.0}, "radius: less ring, it leaves no atom of the file free"),
        ({"path": None}, "lattice_parameter: is that of a file: name it in path, or leave it out"),
    ],
)
def test_refused(changes, sentence, built, tmp_path):
    path = tmp_path / "disk.extxyz"
    ase.io.write(path, built)
    entry = ENTRY | {"path": str(path), "lattice_parameter": 3.18} | changes
    entry = {key: value for key, value in entry.items() if value is not None}
    with pytest.raises(InputError, match=re.escape(f"structures.mine.{sentence}")):
        build_structure(entry, CRYSTAL, elements=("W",))


def test_the_line_must_be_along_z(built, tmp_path):
    turned = built.copy()
    turned.rotate(90, "x", rotate_cell=True)
    path = tmp_path / "disk.extxyz"
    ase.io.write(path, turned)
    entry = ENTRY | {"path": str(path), "lattice_parameter": 3.18}
    with pytest.raises(InputError, match=r"path: the third cell vector must be along z"):
        build_structure(entry, CRYSTAL, elements=("W",))
