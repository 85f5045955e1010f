"""A minimum survives its file."""

import numpy as np
import pytest

from relaxdiff import relax
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima.minimum import minimum_dataset, minimum_from_dataset


@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full", "in_plane_fixed"])
@pytest.mark.parametrize("normal_only", [True, False])
def test_minimum_survives_its_file(tungsten, low_symmetry, tmp_path, cell, normal_only):
    minimum = relax(low_symmetry, tungsten, cell, normal_only=normal_only)
    write_dataset(minimum_dataset(minimum), tmp_path / "minimum.nc", {})
    again = minimum_from_dataset(read_dataset(tmp_path / "minimum.nc"), tungsten)
    assert np.array_equal(again.atoms.cell.array, minimum.atoms.cell.array)
    assert np.array_equal(again.strain, minimum.strain)
    for name in ("orbits", "strains"):
        ours, theirs = (getattr(each.coordinates, name) for each in (minimum, again))
        assert np.array_equal(ours, theirs)
    for name in ("strains", "directions"):
        ours, theirs = (getattr(each.coordinates.freedom, name) for each in (minimum, again))
        assert np.array_equal(ours, theirs)
    assert abs(again.coordinates.modes - minimum.coordinates.modes).max() == 0
    assert np.array_equal(again.atoms.positions, minimum.atoms.positions)
    assert again.energy == minimum.energy
    assert again.coordinates.modes.shape == minimum.coordinates.modes.shape
    assert again.converged
