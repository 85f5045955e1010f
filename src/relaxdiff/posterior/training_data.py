"""Training data of a linear SNAP fit, read from files.

A training set is a set of named groups of configurations with energies, forces and, for some,
stresses from DFT. Two formats are read:

* FitSNAP JSON: a folder, or a tar of it, with one folder per group; each file is a line that starts
  with `#` and then {"Dataset": {"Data": [{"Positions", "Lattice", "Energy", "Forces", "Stress",
  "AtomTypes", "NumAtoms"}, ...]}}; stresses in bar, positive under compression;
* extended XYZ, as ASE reads it: the group is info["config_type"]; energy, forces, and stress (ASE's
  sign, eV/A^3) or virial (eV).

A stress that is zero in every component means that the file has no stress: the databases fill the
place with zeros, and no DFT stress is zero to the last digit. It gives no rows.
"""

import csv
import json
import lzma
import re
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import ase.io
import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.stress import voigt_6_to_full_3x3_stress

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_text
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM

QUANTITIES = {"energy": "eV/atom", "force": "eV/Angstrom", "stress": "bar"}
WEIGHT_COLUMNS = ("energy_weight", "force_weight", "stress_weight")

TAR_SUFFIXES = (".tar", ".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2")
XYZ_SUFFIXES = (".xyz", ".extxyz")
GROUP = re.compile(r"\w[\w.+=,()@-]*")  # a group names files of the study
# What FitSNAP JSON may say about its units, and the factor to eV, Angstrom and bar.
STYLES = {
    "EnergyStyle": {"electronvolt": 1.0},
    "ForcesStyle": {"electronvoltperangstrom": 1.0},
    "StressStyle": {"bar": 1.0, "kbar": 1000.0, "kb": 1000.0},
    "PositionsStyle": {"angstrom": 1.0},
    "LatticeStyle": {"angstrom": 1.0},
    "AtomTypeStyle": {"chemicalsymbol": 1.0},
}


@dataclass(frozen=True)
class Configuration:
    """One DFT calculation.

    name: where it was read from; energy: eV, of the whole cell; forces: eV/A, shape (N, 3);
    stress: eV/A^3, shape (3, 3), ASE's sign (positive under tension), or None.
    """

    name: str
    atoms: Atoms
    energy: float
    forces: np.ndarray
    stress: np.ndarray | None


def read_weights(path):
    """Read the table of group weights, CSV: group,energy_weight,force_weight,stress_weight.

    Returns a dict: group -> dict with the keys of QUANTITIES. A row of the design is multiplied by
    its weight, as FitSNAP does: energies in eV/atom, forces in eV/A, stresses in bar. With the
    weight 0 the rows stay out of the fit and are only used to measure its error. Lines that start
    with # are comments. Raises InputError naming the file and the group.
    """
    text = read_text(path)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(lines)
    expected = ["group", *WEIGHT_COLUMNS]
    if [name.strip() for name in reader.fieldnames or ()] != expected:
        raise InputError(f"{path}: the first line must be {','.join(expected)}")
    reader.fieldnames = expected
    weights = {}
    for row in reader:
        group = (row["group"] or "").strip()
        if not GROUP.fullmatch(group):
            raise InputError(
                f"{path}: '{group[:60]}' cannot be the name of a group: use letters, digits and "
                "any of _.+=,()@- behind the first"
            )
        if group in weights:
            raise InputError(f"{path}: the group {group} stands there twice")
        if None in row or None in row.values():
            raise InputError(f"{path}: the line of group {group} needs {len(expected)} columns")
        weights[group] = {
            quantity: _weight(row[column], path, group)
            for quantity, column in zip(QUANTITIES, WEIGHT_COLUMNS, strict=True)
        }
    if not weights:
        raise InputError(f"{path}: holds no groups")
    if not any(weight for of_group in weights.values() for weight in of_group.values()):
        raise InputError(f"{path}: every weight is 0, so there is nothing to fit")
    return weights


def _weight(text, path, group):
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not (np.isfinite(value) and value >= 0):
        raise InputError(
            f"{path}: a weight of group {group} is '{text}', not a number of 0 or more"
        )
    return value


def read_group(data, group, groups, element):
    """Read the configurations of one group, a list in the order of their names.

    data: folder or tar (.xz, .gz, .bz2) of FitSNAP JSON, or an extended-XYZ file; groups: names in
    the table of weights, which must be the groups of the data; element: the only one allowed.
    A tar is read in place, nothing is unpacked to disk. Raises InputError naming file and group.
    """
    data = Path(data)
    if data.is_dir():
        found, configurations = _read_folder(data, group)
    elif not data.is_file():
        raise InputError(f"{data}: no such file or folder")
    elif data.name.endswith(TAR_SUFFIXES):
        found, configurations = _read_tar(data, group)
    elif data.name.endswith(XYZ_SUFFIXES):
        found, configurations = _read_xyz(data, group)
    else:
        raise InputError(_kinds_of(data))
    _same_groups(data, found, set(groups) | {group})
    for configuration in configurations:
        others = set(configuration.atoms.symbols) - {element}
        if others:
            raise InputError(
                f"{configuration.name}: holds {', '.join(sorted(others))}, "
                f"but the potential is for {element} alone"
            )
    return configurations


def check_groups(data, groups):
    """InputError when data of a readable kind do not have these groups, as far as that is cheap.

    data: path as for `read_group`; groups: names in the table of weights. Only a folder says its
    groups without being read, the others are looked into by `read_group` alone.
    """
    data = Path(data)
    if data.is_dir():
        _same_groups(data, {path.parent.name for path in _json_files(data)}, set(groups))
    elif not data.name.endswith(TAR_SUFFIXES + XYZ_SUFFIXES):
        raise InputError(_kinds_of(data))
    elif not data.stat().st_size:
        raise InputError(f"{data}: is empty")


def _kinds_of(data):
    """What training data can be, said of one that is something else."""
    return (
        f"{data}: training data must be a folder, a tar ({', '.join(TAR_SUFFIXES)}) or "
        f"extended XYZ ({', '.join(XYZ_SUFFIXES)})"
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


def _read_folder(folder, group):
    """The names of all groups, and the configurations of one, of a folder of JSON files."""
    paths = _json_files(folder)
    found = {path.parent.name for path in paths}
    chosen = sorted((path for path in paths if path.parent.name == group), key=_file_order)
    return found, [
        configuration
        for path in chosen
        for configuration in _parse_json(path.read_bytes(), str(path))
    ]


def _json_files(folder):
    """Those below a folder, hidden ones left out."""
    return [path for path in folder.rglob("*.json") if not path.name.startswith(".")]


def _read_tar(path, group):
    """As `_read_folder`, of a tar that is read from start to end without being unpacked."""
    found, texts = set(), []
    damaged = InputError(f"{path}: is not a complete tar file, it is truncated or damaged")
    try:
        with tarfile.open(path, "r:*") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                if not member.isfile() or name.suffix != ".json" or name.name.startswith("."):
                    continue
                found.add(name.parent.name)
                if name.parent.name == group:
                    texts.append((name, tar.extractfile(member).read()))
            # tarfile takes a tar cut between two members for a complete one: a complete one ends
            # with blocks of zeros.
            tar.fileobj.seek(tar.offset)
            if tar.fileobj.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
                raise damaged
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error):
        raise damaged from None
    texts.sort(key=lambda item: _file_order(item[0]))
    return found, [
        configuration
        for name, text in texts
        for configuration in _parse_json(text, f"{path}: {name}")
    ]


def _file_order(path):
    return path.name, str(path)


def _parse_json(text, name):
    """The configurations of one FitSNAP JSON file, a list."""
    try:
        lines = text.decode("utf-8").split("\n")
        while lines and lines[0].lstrip().startswith("#"):
            del lines[0]
        dataset = json.loads("\n".join(lines))["Dataset"]
        data, styles = dataset["Data"], {key: dataset[key] for key in STYLES if key in dataset}
    except (ValueError, RecursionError):
        raise InputError(f"{name}: is not complete JSON, it is truncated or damaged") from None
    except (KeyError, TypeError):
        raise InputError(f'{name}: is not FitSNAP JSON, {{"Dataset": {{"Data": []}}}}') from None
    for key, style in styles.items():
        if str(style).lower() not in STYLES[key]:
            raise InputError(f"{name}: {key} '{style}' is not supported, use {[*STYLES[key]][0]}")
    bar = STYLES["StressStyle"][str(styles.get("StressStyle", "bar")).lower()]
    if not (isinstance(data, list) and data and all(isinstance(entry, dict) for entry in data)):
        raise InputError(f"{name}: holds no configurations")
    return [
        _from_json(entry, bar, name if len(data) == 1 else f"{name}[{index}]")
        for index, entry in enumerate(data)
    ]


def _from_json(entry, bar, name):
    """One Configuration from one object of FitSNAP's "Data" list."""
    missing = {"Positions", "Lattice", "Energy", "Forces", "AtomTypes"} - set(entry)
    if missing:
        raise InputError(f"{name}: lacks {', '.join(sorted(missing))}")
    types = entry["AtomTypes"]
    if not isinstance(types, list):
        raise InputError(f"{name}: AtomTypes is not a list")
    count = entry.get("NumAtoms", len(types))
    if len(types) != count:
        raise InputError(f"{name}: NumAtoms is {count}, AtomTypes has {len(types)} entries")
    strange = {str(symbol) for symbol in types} - set(atomic_numbers)
    if strange:
        raise InputError(f"{name}: AtomTypes holds {', '.join(sorted(strange))}, not an element")
    atoms = Atoms(
        types,
        positions=_array(entry["Positions"], (count, 3), "Positions", name),
        cell=_array(entry["Lattice"], (3, 3), "Lattice", name),
        pbc=True,
    )
    stress = _array(entry.get("Stress", np.zeros((3, 3))), (3, 3), "Stress", name)
    return _configuration(
        name,
        atoms,
        _array(entry["Energy"], (), "Energy", name),
        _array(entry["Forces"], (count, 3), "Forces", name),
        -stress * bar / BAR_PER_EV_PER_CUBIC_ANGSTROM,
    )


def _read_xyz(path, group):
    """As `_read_folder`, of an extended-XYZ file."""
    found, configurations = set(), []
    try:
        frames = ase.io.read(path, index=":", format="extxyz")
    except Exception as error:  # ASE says what it dislikes with many types of exception
        raise InputError(
            f"{path}: is not complete extended XYZ ({' '.join(str(error).split())})"
        ) from None
    for index, atoms in enumerate(frames):
        name = f"{path}[{index}]"
        label = atoms.info.get("config_type")
        if label is None:
            raise InputError(f"{name}: has no config_type, which names the group")
        found.add(str(label))
        if str(label) == group:
            configurations.append(_from_xyz(atoms, name))
    return found, configurations


def _from_xyz(atoms, name):
    """One Configuration from a frame with the results that ASE found in it."""
    results = {} if atoms.calc is None else atoms.calc.results
    for key in ("energy", "forces"):
        if key not in results:
            raise InputError(f"{name}: has no {key}")
    if not all(atoms.pbc):
        raise InputError(f"{name}: must be periodic in x, y and z")
    stress = np.zeros((3, 3))
    if "stress" in results:
        voigt = _array(results["stress"], (6,), "stress", name)
        stress = voigt_6_to_full_3x3_stress(voigt)
    elif "virial" in atoms.info:
        virial = _array(np.reshape(atoms.info["virial"], -1), (9,), "virial", name)
        stress = -virial.reshape(3, 3) / atoms.get_volume()
    bare = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    energy = _array(results["energy"], (), "energy", name)
    forces = _array(results["forces"], (len(atoms), 3), "forces", name)
    return _configuration(name, bare, energy, forces, stress)


def _configuration(name, atoms, energy, forces, stress):
    """A checked Configuration; a stress of zeros becomes None."""
    if not len(atoms):
        raise InputError(f"{name}: holds no atoms")
    if not (np.isfinite(atoms.positions).all() and atoms.cell.volume > 1e-6):
        raise InputError(f"{name}: the positions are not finite, or the cell has no volume")
    if np.abs(stress - stress.T).max() > 1e-3 * np.abs(stress).max():
        raise InputError(f"{name}: the stress is not a symmetric matrix")
    present = bool(np.any(stress))
    return Configuration(
        name, atoms, float(energy), forces, (stress + stress.T) / 2 if present else None
    )


def _array(values, shape, what, name):
    """Numbers of a given shape; InputError naming the configuration otherwise."""
    try:
        array = np.asarray(values, dtype=float)
    except (ValueError, TypeError):
        raise InputError(f"{name}: {what} is not an array of numbers") from None
    if array.shape != shape:
        raise InputError(f"{name}: {what} has the shape {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: {what} holds a number that is not finite")
    return array
