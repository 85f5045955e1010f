"""Targets from files: a reference.nc, other files, and disks of another lattice parameter."""

from dataclasses import replace

import ase.io
import numpy as np
import pytest
from crystal_study import CRYSTALS

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.fit.targets import scaled_to, target_from_file
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.structures.dislocations import dislocation_disk

SETTINGS = {"radius": 22.0, "element": "Be", "place": "hard"}


def disk(lattice_parameter, ring=10.0, **settings):
    crystal = replace(CRYSTALS["bcc"], a=lattice_parameter)
    return dislocation_disk(SETTINGS | settings | {"ring": ring}, crystal)


def test_a_reference_is_read_as_it_was_relaxed(case, tmp_path):
    write_dataset(minimum_dataset(case.start), tmp_path / "reference.nc", {})
    found = target_from_file(tmp_path / "reference.nc")
    assert found == case.start.atoms
    assert "core" not in found.info


def test_other_files_are_read_by_ase(case, tmp_path):
    ase.io.write(tmp_path / "target.xyz", case.target, format="extxyz")
    assert target_from_file(tmp_path / "target.xyz").positions == pytest.approx(
        case.target.positions, abs=1e-6
    )


def test_another_netcdf_file_is_refused(tmp_path):
    (tmp_path / "other.nc").write_text("no NetCDF", encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.nc: is not a readable NetCDF file"):
        target_from_file(tmp_path / "other.nc")


def test_a_disk_of_another_potential_is_scaled_onto_that_of_the_start():
    """Its lattice parameter and the gap around it, which is as wide as the ring, are others."""
    start, target = disk(3.18), disk(3.184, ring=9.8)
    assert np.abs(target.positions - start.positions).max() > 0.1
    scaled = scaled_to(target, start)
    assert scaled.positions == pytest.approx(start.positions, abs=1e-3)
    assert scaled.cell.array == pytest.approx(start.cell.array)
    places = start.arrays["crystal_positions"]
    assert scaled.arrays["crystal_positions"] == pytest.approx(places, abs=1e-3)
    assert scaled.info["core"] == pytest.approx(start.info["core"])
    assert scaled.info["lattice_parameter"] == 3.18


def test_what_is_no_disk_is_not_scaled(case):
    assert scaled_to(case.target, case.start.atoms) is case.target
