"""Training data of a linear SNAP fit, read from files.

A training set is a set of named groups of configurations with energies, forces and, for some,
stresses from DFT. Two formats are read:

* FitSNAP JSON: a folder, or a tar of it, with one folder per group; each file is a line that starts
  with `#` and then {"Dataset": {"Data": [{"Positions", "Lattice", "Energy", "Forces", "Stress",
  "AtomTypes", "NumAtoms"}, ...]}}; stresses in bar, positive under compression;
* extended XYZ, as ASE reads it: a file, where the group is info["config_type"], or a folder of
  files, where it is the file's name; energy, forces, and stress (ASE's sign, eV/A^3) or virial
  (eV), by these names or others (`XyzKeys`).

A stress that is zero in every component means that the file has no stress: the databases fill the
place with zeros, and no DFT stress is zero to the last digit. It gives no rows.
"""

from pathlib import Path

from relaxdiff.exceptions import InputError
from relaxdiff.posterior import extended_xyz, fitsnap_json
from relaxdiff.posterior.configurations import QUANTITIES, Configuration
from relaxdiff.posterior.extended_xyz import XyzKeys
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.physical_range import check_range

__all__ = [
    "Configuration",
    "QUANTITIES",
    "XyzKeys",
    "check_groups",
    "read_group",
    "read_group_and_count",
    "read_weights",
]

TAR_SUFFIXES = (".tar", ".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2")


def read_group(data, group, groups, element, keys=None):
    """Read the configurations of one group, a list in the order of their names.

    data: folder or tar (.xz, .gz, .bz2) of FitSNAP JSON, an extended-XYZ file or a folder of them;
    groups: names in the table of weights, which must be the groups of the data; element: the only
    one allowed, or a list of several; keys: XyzKeys of extended XYZ. A tar is read in place,
    nothing is unpacked to disk. Raises InputError naming file and group.
    """
    return read_group_and_count(data, group, groups, element, keys)[0]


def read_group_and_count(data, group, groups, element, keys=None):
    """As `read_group`, and the number of frames that were skipped, for they are not periodic."""
    data = Path(data)
    found, configurations, skipped, labels = _read(data, group, keys)
    _same_groups(data, found, set(groups) | {group})
    allowed = [element] if isinstance(element, str) else list(element)
    for configuration in configurations:
        others = set(configuration.atoms.symbols) - set(allowed)
        if others:
            raise InputError(
                f"{configuration.name}: holds {', '.join(sorted(others))}, "
                f"but the potential is for {' and '.join(allowed)} alone"
            )
    check_range(configurations, labels)
    return configurations, skipped


def _read(data, group, keys):
    """Names of all groups; of one the configurations, the number skipped, and the file's Labels."""
    if not data.is_dir() and not data.is_file():
        raise InputError(f"{data}: no such file or folder")
    kind = _kind_of(data)
    if kind == "json":
        _no_keys(data, keys)
        read = fitsnap_json.read_folder if data.is_dir() else fitsnap_json.read_tar
        found, configurations = read(data, group)
        return found, configurations, 0, fitsnap_json.LABELS
    keys = keys or XyzKeys()
    if kind == "file":
        found, configurations, skipped = extended_xyz.read_file(data, group, keys)
    else:
        files = extended_xyz.group_files(data)
        found, configurations, skipped = set(files), [], 0
        if group in files:
            configurations, skipped = extended_xyz.read_group_file(files[group], keys)
    return found, configurations, skipped, keys.labels()


def check_groups(data, groups, keys=None):
    """InputError when data of a readable kind do not have these groups, as far as that is cheap.

    data, keys: as for `read_group`; groups: names in the table of weights. Only a folder says its
    groups without being read, the others are looked into by `read_group` alone.
    """
    data = Path(data)
    kind = _kind_of(data)
    if kind == "json":
        _no_keys(data, keys)
    if kind == "folder":
        _same_groups(data, set(extended_xyz.group_files(data)), set(groups))
    elif data.is_dir():
        names = {path.parent.name for path in fitsnap_json.json_files(data)}
        _same_groups(data, names, set(groups))
    elif not data.stat().st_size:
        raise InputError(f"{data}: is empty")


def _kind_of(data):
    """'json', 'file' or 'folder' (both of extended XYZ); InputError saying what training data are.

    A folder with JSON files is one of JSON.
    """
    if data.is_dir():
        if fitsnap_json.json_files(data):
            return "json"
        if extended_xyz.group_files(data):
            return "folder"
        raise InputError(
            f"{data}: holds neither .json nor .xyz or .extxyz files: a folder of training data has "
            "a folder of FitSNAP JSON for each group, or a file GROUP.xyz of extended XYZ; write "
            "runs of VASP and others as extended XYZ, with ASE"
        )
    if data.name.endswith(TAR_SUFFIXES):
        return "json"
    if data.name.endswith(extended_xyz.SUFFIXES):
        return "file"
    raise InputError(
        f"{data}: training data must be a folder, a tar ({', '.join(TAR_SUFFIXES)}) or "
        f"extended XYZ ({', '.join(extended_xyz.SUFFIXES)})"
    )


def _no_keys(data, keys):
    given = [name for name, value in vars(keys or XyzKeys()).items() if value is not None]
    if given:
        raise InputError(
            f"{data}: is FitSNAP JSON, whose keys have fixed names and whose unit of stress is its "
            f"StressStyle: leave {', '.join(given)} null"
        )


def _same_groups(data, found, weighted):
    unknown, missing = sorted(weighted - found), sorted(found - weighted)
    if unknown:
        raise InputError(
            f"{data}: has no group {', '.join(unknown)}, which the table of weights names; "
            f"it has {', '.join(sorted(found)) or 'none'}"
        )
    if missing:
        raise InputError(f"{data}: the table of weights has no line for {', '.join(missing)}")
