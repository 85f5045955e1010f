"""FitSNAP's JSON files, in a folder or a tar with one folder for each group."""

import json
import lzma
import tarfile
import zlib
from pathlib import PurePosixPath

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.configurations import configuration, numbers
from relaxdiff.posterior.physical_range import Labels
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM

# What the files may say about their units, and the factor to eV, Angstrom and bar.
STYLES = {
    "EnergyStyle": {"electronvolt": 1.0},
    "ForcesStyle": {"electronvoltperangstrom": 1.0},
    "StressStyle": {"bar": 1.0, "kbar": 1000.0, "kb": 1000.0},
    "PositionsStyle": {"angstrom": 1.0},
    "LatticeStyle": {"angstrom": 1.0},
    "AtomTypeStyle": {"chemicalsymbol": 1.0},
}
LABELS = Labels("Energy", "Forces", "Stress", "bar or its StressStyle", "StressStyle")


def read_folder(folder, group):
    """The names of all groups, and the configurations of one, of a folder of JSON files."""
    paths = json_files(folder)
    found = {path.parent.name for path in paths}
    chosen = sorted((path for path in paths if path.parent.name == group), key=_file_order)
    return found, [
        found_there for path in chosen for found_there in parse_json(path.read_bytes(), str(path))
    ]


def json_files(folder):
    """Those below a folder, hidden ones left out."""
    return [path for path in folder.rglob("*.json") if not path.name.startswith(".")]


def read_tar(path, group):
    """As `read_folder`, of a tar that is read from start to end without being unpacked."""
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
        found_there for name, text in texts for found_there in parse_json(text, f"{path}: {name}")
    ]


def _file_order(path):
    return path.name, str(path)


def parse_json(text, name):
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
        positions=numbers(entry["Positions"], (count, 3), "Positions", name),
        cell=numbers(entry["Lattice"], (3, 3), "Lattice", name),
        pbc=True,
    )
    stress = numbers(entry.get("Stress", np.zeros((3, 3))), (3, 3), "Stress", name)
    return configuration(
        name,
        atoms,
        numbers(entry["Energy"], (), "Energy", name),
        numbers(entry["Forces"], (count, 3), "Forces", name),
        -stress * bar / BAR_PER_EV_PER_CUBIC_ANGSTROM,
    )
