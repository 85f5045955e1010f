"""Finished samples are found again, and only by the job that would make the same ones."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.files.datasets import variable
from relaxdiff.running.checkpoints import Checkpoints


@pytest.fixture
def inputs(tmp_path):
    paths = [tmp_path / "posterior.nc", tmp_path / "reference.nc"]
    for path in paths:
        path.write_bytes(b"inputs of " + path.name.encode())
    return paths


@pytest.fixture
def sample():
    status = np.array([["converged", "cut"]])
    return xr.Dataset(
        {
            "status": variable(("sample", "lambda"), status, "1", "outcome"),
            "energy": variable(("sample", "lambda"), [[-1.5, np.nan]], "eV", "energy"),
        },
        {"sample": [3], "lambda": [0.0, 0.2]},
    )


def test_a_finished_sample_is_read_as_it_was_written(tmp_path, inputs, sample):
    Checkpoints(tmp_path / "finished", inputs, ["newton", 1]).write(3, sample)
    again = Checkpoints(tmp_path / "finished", inputs, ["newton", 1])
    xr.testing.assert_identical(again.read(3).drop_attrs(), sample.drop_attrs())
    assert again.read(4) is None


def test_other_settings_or_other_inputs_count_as_unfinished(tmp_path, inputs, sample):
    Checkpoints(tmp_path / "finished", inputs, ["newton", 1]).write(3, sample)
    assert Checkpoints(tmp_path / "finished", inputs, ["lammps", 1]).read(3) is None
    inputs[1].write_bytes(b"another reference")
    assert Checkpoints(tmp_path / "finished", inputs, ["newton", 1]).read(3) is None


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [lambda content: content[:1000], flipped])
def test_a_damaged_file_counts_as_unfinished(tmp_path, inputs, sample, damage):
    checkpoints = Checkpoints(tmp_path / "finished", inputs, [])
    checkpoints.write(3, sample)
    (file,) = (tmp_path / "finished").glob("*.nc")
    file.write_bytes(damage(file.read_bytes()))
    assert checkpoints.read(3) is None
