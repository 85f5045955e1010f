"""Extended XYZ: one file with config_type for the group, or a file for each group."""

from dataclasses import dataclass, fields

import ase.io
import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.configurations import configuration, numbers
from relaxdiff.posterior.physical_range import Labels
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, GPA

SUFFIXES = (".xyz", ".extxyz")
# Units of stresses in eV/Angstrom^3; with a minus before them they are positive under compression.
STRESS_UNITS = {
    "eV/Angstrom^3": 1.0,
    "GPa": 1 / GPA,
    "kbar": 1000 / BAR_PER_EV_PER_CUBIC_ANGSTROM,
    "bar": 1 / BAR_PER_EV_PER_CUBIC_ANGSTROM,
}
WHERE = "posterior.training"  # of the config


@dataclass(frozen=True)
class XyzKeys:
    """What the keys of a file are called; None for what ASE finds.

    energy_key, forces_key, stress_key: of energies (eV), forces (eV/A) and stresses or, if `virial`
    is part of the name, virials (eV); stress_unit: one of STRESS_UNITS, with a minus before it if
    stresses are positive under compression, or None for eV/Angstrom^3.
    """

    energy_key: str | None = None
    forces_key: str | None = None
    stress_key: str | None = None
    stress_unit: str | None = None

    @classmethod
    def of(cls, settings):
        """Those of the config's posterior.training, a dict, where keys may be left out."""
        return cls(**{field.name: settings.get(field.name) for field in fields(cls)})

    def labels(self):
        """How to speak of them."""
        return Labels(
            self.energy_key or "energy",
            self.forces_key or "forces",
            self.stress_key or "stress",
            self.stress_unit or "eV/Angstrom^3",
            f"{WHERE}.stress_unit",
        )

    def stress_factor(self):
        """From the file's stresses to eV/A^3 and ASE's sign."""
        unit = self.stress_unit or "eV/Angstrom^3"
        return (-1 if unit.startswith("-") else 1) * STRESS_UNITS[unit.removeprefix("-")]


def group_files(folder):
    """The files of a folder by group, a dict; the group is the name without .xyz or .extxyz.

    Raises InputError naming two files of one group.
    """
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix not in SUFFIXES or not path.is_file():
            continue
        if path.stem in files:
            raise InputError(
                f"{folder}: {files[path.stem].name} and {path.name} are both the group {path.stem}"
            )
        files[path.stem] = path
    return files


def read_group_file(path, keys):
    """Configurations of a file that is a group, and how many frames were skipped.

    keys: XyzKeys. Frames that are not periodic in x, y and z are skipped.
    """
    return _periodic([(f"{path}[{i}]", atoms) for i, atoms in enumerate(_frames(path))], keys)


def read_file(path, group, keys):
    """The names of all groups, and of one the configurations and how many frames were skipped.

    path: file in which config_type names the groups; keys: XyzKeys. Raises InputError when no frame
    of the file is periodic.
    """
    found, members, periodic = set(), [], False
    frames = _frames(path)
    for index, atoms in enumerate(frames):
        label = atoms.info.get("config_type")
        if label is None:
            raise InputError(
                f"{path}[{index}]: has no config_type, which names the group; of files without "
                "it, name their folder: each is the group of its name"
            )
        found.add(str(label))
        periodic |= all(atoms.pbc)
        if str(label) == group:
            members.append((f"{path}[{index}]", atoms))
    if frames and not periodic:
        raise InputError(
            f"{path}[0]: must be periodic in x, y and z, and so must others: no frame is"
        )
    return found, *_periodic(members, keys)


def _frames(path):
    try:
        return ase.io.read(path, index=":", format="extxyz")
    except Exception as error:  # ASE says what it dislikes with many types of exception
        raise InputError(
            f"{path}: is not complete extended XYZ ({' '.join(str(error).split())})"
        ) from None


def _periodic(members, keys):
    """Configurations of those frames that are periodic, and the number of others."""
    kept = [(name, atoms) for name, atoms in members if all(atoms.pbc)]
    return [_from_frame(atoms, name, keys) for name, atoms in kept], len(members) - len(kept)


def _from_frame(atoms, name, keys):
    """One Configuration from a frame."""
    held = dict(atoms.info) | dict(atoms.arrays)
    if atoms.calc is not None:
        held |= atoms.calc.results
    bare = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    energy_key = keys.energy_key or "energy"
    if energy_key not in held:
        raise _missing(name, energy_key, "energy_key", atoms.info)
    energy = numbers(held[energy_key], (), energy_key, name)
    forces = _forces(held, bare, name, keys)
    return configuration(name, bare, energy, forces, _stress(held, bare, name, keys))


def _forces(held, atoms, name, keys):
    """Forces (N, 3), or None where the frame has none."""
    key = keys.forces_key or "forces"
    if key in held:
        return numbers(held[key], (len(atoms), 3), key, name)
    others = [other for other in held if "force" in other.lower()]
    if keys.forces_key is not None or others:
        raise _missing(name, key, "forces_key", others or held)
    return None


def _stress(held, atoms, name, keys):
    """Stress in eV/A^3 and ASE's sign, (3, 3), zeros where the frame has none."""
    virials = [key for key in held if key.lower() in ("virial", "virials")]
    key = keys.stress_key or next(iter(["stress"] * ("stress" in held) + virials), None)
    if key not in held:
        return np.zeros((3, 3))
    flat = np.ravel(held[key])
    if flat.size == 6:
        matrix = voigt_6_to_full_3x3_stress(numbers(flat, (6,), key, name))
    else:
        matrix = numbers(flat, (9,), key, name).reshape(3, 3)
    if "virial" not in key.lower():
        return matrix * keys.stress_factor()
    if keys.stress_unit is not None:
        raise InputError(
            f"{name}: {key} is a virial, in eV: {WHERE}.stress_unit is for stresses, leave it null"
        )
    return -matrix / atoms.get_volume()


def _missing(name, key, setting, held):
    known = ", ".join(map(str, held)) or "nothing"
    return InputError(
        f"{name}: has no {key}; it has {known}: name what it is called in {WHERE}.{setting}"
    )
