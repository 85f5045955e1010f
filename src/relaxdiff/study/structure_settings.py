"""Checks of a config's `structures` beyond its schema: by kind, and against each other."""

from relaxdiff.exceptions import InputError
from relaxdiff.files import path_exists
from relaxdiff.structures import (
    COMMON_KEYS,
    COMPOUNDS,
    CRYSTAL_FILE,
    kind_of,
    miller_indices,
)
from relaxdiff.study.problem import Problem

# Names that structures cannot have, as each has a folder in results/<study>/: the other folders and
# files there, and the folders within. A test compares the rules and config.yaml with this list.
RESERVED_NAMES = (
    "logs",
    "training",
    "potentials",
    "figures",
    "posterior",
    "solvers",
    "solver_scaling",
    "ensemble",
    "analytic",
    "bulk",
    "joint",
    "fit",
    "truth",
    "evaluations",
    "adaptive",
    "structures",
    "tables",
)


def structure_problems(config):
    """Entries of `structures` that contradict themselves or each other, a list of Problems.

    config: dict that the schema accepts. Each Problem has the key of the structure.
    """
    structures = config["structures"]
    names = [each["name"].lower() for each in structures]  # some file systems ignore the case
    problems = [
        Problem(
            "structures",
            f"structures: the name {name} is given {names.count(name)} times, use different names",
        )
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for settings in structures:
        where = f"structures.{settings['name']}"
        if settings["name"].lower() in RESERVED_NAMES:
            taken = f"{settings['name']} is taken by other results of the study, choose another"
            problems.append(Problem(where, f"{where}.name: {taken}"))
        # Values are checked only if the keys are right.
        found = _key_problems(settings, where) or _value_problems(settings, where)
        problems += [Problem(where, sentence) for sentence in found]
    return problems


def _key_problems(settings, where):
    """Keys that a structure lacks, and keys that its kind does not have."""
    kind, in_plane = kind_of(settings), settings["cell"] == "in_plane_fixed"
    given = [key for key in settings if key not in COMMON_KEYS]
    if misplaced := [key for key in given if key in kind.keys_in_plane and not in_plane]:
        return [
            f"{where}.{key}: a {kind.name} has this key with cell: in_plane_fixed only"
            for key in misplaced
        ]
    needed = (*kind.keys, *(kind.keys_in_plane if in_plane else ()))
    missing = [key for key in needed if key not in given]
    needed = (*needed, *kind.optional_keys)
    problems = [f"{where}: the key {', '.join(missing)} is missing"] if missing else []
    return problems + [
        f"{where}.{key}: kind {kind.name} does not have this key: beside "
        f"{', '.join(COMMON_KEYS)} it has {', '.join(needed)}"
        for key in given
        if key not in needed
    ]


def _value_problems(settings, where):
    """Values that do not fit a structure's kind, and missing files."""
    kind, problems = kind_of(settings), []
    if settings["cell"] not in kind.cells:
        problems.append(
            f"{where}.cell: {settings['cell']} is not possible for kind {kind.name}: "
            f"use {' or '.join(filter(None, [', '.join(kind.cells[:-1]), kind.cells[-1]]))}"
        )
    if "path" in settings and not path_exists(settings["path"]):
        problems.append(f"{where}.path: {settings['path']} does not exist")
    return problems


def crystal_problems(config):
    """Structures that do not fit the crystal, its lattice and its solutes.

    config: dict that the schema accepts. Returns a list of Problems.
    """
    crystal = config["crystal"]
    host, lattice, solutes = crystal["element"], crystal["lattice"], list(crystal["solutes"])
    problems = [Problem("crystal", sentence) for sentence in _compound_problems(crystal)]
    if host in solutes:
        sentence = f"crystal.solutes: {host} is crystal.element, name other elements only"
        problems.append(Problem("crystal.solutes", sentence))
    for settings in config["structures"]:
        where = f"structures.{settings['name']}"
        found = _element_problems(settings, where, host, solutes)
        found += _supercell_problems(settings, where, lattice)
        found += _plane_problems(settings, where, lattice)
        problems += [Problem(where, sentence) for sentence in found]
    return problems


def _compound_problems(crystal):
    """Keys that are only for compounds or for a crystal from a file, and a missing file."""
    lattice, problems = crystal["lattice"], []
    if crystal["sites"] is not None and lattice not in COMPOUNDS:
        problems.append(
            f"crystal.sites: {lattice} is none of {', '.join(COMPOUNDS)}, which have sites: leave "
            "it null"
        )
    if crystal["path"] is not None:
        if lattice != CRYSTAL_FILE:
            problems.append(f"crystal.path: lattice: {lattice} is read from no file: leave it null")
        elif not path_exists(crystal["path"]):
            problems.append(f"crystal.path: {crystal['path']} does not exist")
    return problems


def _element_problems(settings, where, host, solutes):
    """An element that the study does not have, or that is on the site already."""
    element, site = settings.get("element"), settings.get("site", host)
    if site not in (host, *solutes):
        return [f"{where}.site: {site} is not in the crystal"]
    if element == site and kind_of(settings).needs_solute:
        return [f"{where}.element: the site has {element} already: name another"]
    if element in (None, host, *solutes):
        return []
    known = ", ".join(solutes) or "none"
    return [
        f"{where}.element: {element} is not one of crystal.solutes, which are {known}: add the "
        f"lattice of its crystal, such as {{{element}: hcp}}"
    ]


def _supercell_problems(settings, where, lattice):
    """A supercell in which a point defect is next to its own image."""
    kind = kind_of(settings)
    least = kind.smallest_supercell(lattice)
    if settings.get("supercell", least) >= least:
        return []
    return [
        f"{where}.supercell: {settings['supercell']} is too small for a {kind.what}, use {least} "
        f"or more in {lattice}"
    ]


def _plane_problems(settings, where, lattice):
    """Indices that are no plane, or no plane of the lattice."""
    if "plane" not in settings:
        return []
    try:
        miller_indices(settings["plane"], lattice)
    except InputError as error:
        return [f"{where}.{error}"]
    return []
