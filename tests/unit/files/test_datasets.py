"""NetCDF files: whole, stamped, and refused when they are not ours."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from relaxdiff import InputError
from relaxdiff.files.datasets import read_dataset, variable, write_dataset


@pytest.fixture
def dataset():
    return xr.Dataset({"energy": variable("sample", np.arange(3.0), "eV", "an energy")})


def test_written_file_reads_back_with_its_provenance(dataset, tmp_path):
    path = tmp_path / "deep/energy.nc"
    write_dataset(dataset, path, {"seed": 3})
    again = read_dataset(path, needs=["energy"])
    assert np.array_equal(again["energy"], dataset["energy"])
    assert again["energy"].attrs["units"] == "eV"
    assert json.loads(again.attrs["made_from"]) == {"seed": 3}
    assert "lammps" in json.loads(again.attrs["versions"])
    assert [entry.name for entry in path.parent.iterdir()] == ["energy.nc"]


def test_failed_write_leaves_nothing(dataset, tmp_path, monkeypatch):
    def full_disk(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_dataset(dataset, tmp_path / "energy.nc", {})
    assert not list(tmp_path.iterdir())


def test_what_a_killed_writer_leaves_goes_with_the_next_write(dataset, tmp_path):
    script = (
        "import os, signal, sys; import xarray\n"
        "from relaxdiff.files.datasets import write_dataset\n"
        "write = xarray.Dataset.to_netcdf\n"
        "def killed(*args, **kwargs):\n"
        "    write(*args, **kwargs); os.kill(os.getpid(), signal.SIGKILL)\n"
        "xarray.Dataset.to_netcdf = killed\n"
        "write_dataset(xarray.Dataset(), sys.argv[1], {})"
    )
    path = tmp_path / "energy.nc"
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir())
    assert not path.exists()
    write_dataset(dataset, path, {})
    assert list(tmp_path.iterdir()) == [path]


def test_variables_without_units_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="variable bare lacks"):
        write_dataset(xr.Dataset({"bare": 1.0}), tmp_path / "bare.nc", {})


def test_unusable_files_are_refused_by_name(dataset, tmp_path):
    with pytest.raises(InputError, match=r"gone\.nc: no such file"):
        read_dataset(tmp_path / "gone.nc")
    write_dataset(dataset, tmp_path / "good.nc", {})
    whole = (tmp_path / "good.nc").read_bytes()
    (tmp_path / "bad.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"bad\.nc: is not a readable NetCDF file"):
        read_dataset(tmp_path / "bad.nc")
    with pytest.raises(InputError, match=r"good\.nc: lacks the variable\(s\) theta"):
        read_dataset(tmp_path / "good.nc", needs=["energy", "theta"])
