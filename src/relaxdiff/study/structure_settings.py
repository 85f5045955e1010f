"""The `structures` of a config, checked beyond what its schema says: by kind, and by each other."""

from relaxdiff.exceptions import InputError
from relaxdiff.files import path_exists
from relaxdiff.structures import (
    BRAVAIS,
    CELLS,
    COMMON_KEYS,
    DIVACANCIES,
    KEYS,
    ON_LATTICE,
    OPTIONAL_KEYS,
    POINT_DEFECT_CELLS,
    POINT_DEFECT_KEYS,
    SMALLEST_SUPERCELL,
    plane_normal,
)
from relaxdiff.study.problem import Problem

# Other folders and files in results/<study>/, where each structure has a folder of its own, and the
# folders within that. The one list: a test holds the rules and config.yaml to it.
RESERVED_NAMES = (
    "logs",
    "training",
    "potentials",
    "figures",
    "posterior",
    "solvers",
    "solver_scaling",
    "ensemble",
    "bulk",
    "joint",
    "truth",
    "evaluations",
    "adaptive",
    "structures",
)


def structure_problems(config):
    """What contradicts itself or another entry in `structures`, a list of Problems.

    config: dict that the schema accepts. The key is that of the structure.
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
        # Values mean something only where the keys are right.
        found = _key_problems(settings, where) or _value_problems(settings, where)
        problems += [Problem(where, sentence) for sentence in found]
    return problems


def _key_problems(settings, where):
    """Keys that a structure lacks, and keys that its kind does not have."""
    kind, needed = settings["kind"], KEYS.get(settings["kind"], POINT_DEFECT_KEYS)
    given = [key for key in settings if key not in COMMON_KEYS]
    if kind == "file" and settings["cell"] == "in_plane_fixed":
        needed = (*needed, "plane")
    elif kind == "file" and "plane" in given:
        return [f"{where}.plane: a file has this key with cell: in_plane_fixed only"]
    missing = [key for key in needed if key not in given]
    needed = (*needed, *OPTIONAL_KEYS.get(kind, ()))
    problems = [f"{where}: the key {', '.join(missing)} is missing"] if missing else []
    return problems + [
        f"{where}.{key}: kind {kind} does not have this key: beside {', '.join(COMMON_KEYS)} it "
        f"has {', '.join(needed)}"
        for key in given
        if key not in needed
    ]


def _value_problems(settings, where):
    """Values that do not go with a structure's kind, planes that are none, and missing files."""
    kind, cells = settings["kind"], CELLS.get(settings["kind"], POINT_DEFECT_CELLS)
    problems = []
    if settings["cell"] not in cells:
        problems.append(
            f"{where}.cell: {settings['cell']} is not possible for kind {kind}: "
            f"use {', '.join(cells[:-1])} or {cells[-1]}"
        )
    if "plane" in settings:
        try:
            plane_normal(settings["plane"])
        except InputError as error:
            problems.append(f"{where}.{error}")
    if "path" in settings and not path_exists(settings["path"]):
        problems.append(f"{where}.path: {settings['path']} does not exist")
    return problems


def crystal_problems(config):
    """Structures that do not go with the crystal, its lattice and its solutes.

    config: dict that the schema accepts. Returns a list of Problems.
    """
    crystal, problems = config["crystal"], []
    host, lattice, solutes = crystal["element"], crystal["lattice"], list(crystal["solutes"])
    if host in solutes:
        sentence = f"crystal.solutes: {host} is crystal.element, name other elements only"
        problems.append(Problem("crystal.solutes", sentence))
    for settings in config["structures"]:
        where = f"structures.{settings['name']}"
        found = _element_problems(settings, where, host, solutes)
        found += _supercell_problems(settings, where, lattice)
        if settings["cell"] == "in_plane_fixed" and lattice not in BRAVAIS:
            found.append(
                f"{where}.cell: in_plane_fixed is possible in {', '.join(BRAVAIS)}, not in "
                f"{lattice}, whose atoms move when a plane is held: use fixed"
            )
        problems += [Problem(where, sentence) for sentence in found]
    return problems


def _element_problems(settings, where, host, solutes):
    """An atom that is to be of an element that the study does not have, or has there already."""
    element = settings.get("element")
    own = element == host
    if element is None or element in solutes or (own and settings["kind"] != "substitutional"):
        return []
    known = ", ".join(solutes) or "none"
    advice = (
        "the site has that one already, name another"
        if own
        else f"add the lattice of its crystal, such as {{{element}: hcp}}"
    )
    return [
        f"{where}.element: {element} is not one of crystal.solutes, which are {known}: {advice}"
    ]


def _supercell_problems(settings, where, lattice):
    """A supercell in which a point defect is next to its own image."""
    divacancy = settings["kind"] in DIVACANCIES
    least = SMALLEST_SUPERCELL.get(lattice, 2) + divacancy
    if settings.get("supercell", least) >= least:
        return []
    what = "divacancy" if divacancy else "point defect"
    return [
        f"{where}.supercell: {settings['supercell']} is too small for a {what}, use {least} or "
        f"more in {lattice}"
    ]


def solver_problems(config):
    """Structures for which the sparse algorithms cannot precondition with the crystal's lattice.

    config: dict that the schema accepts. Returns a list of Problems.
    """
    chosen = {
        "derivative.solver": (config["derivative"]["solver"], "dense or energy"),
        "truth.relaxer": (config["truth"]["relaxer"], "newton or lammps"),
    }
    sparse = {key: instead for key, (choice, instead) in chosen.items() if choice == "sparse"}
    others = [each["name"] for each in config["structures"] if each["kind"] not in ON_LATTICE]
    return [
        Problem(
            key,
            f"{key}: sparse needs every atom on a site of the crystal, which is so for "
            f"{', '.join(ON_LATTICE)} but not for structures.{others[0]}: use {instead}",
        )
        for key, instead in sparse.items()
        if others
    ]
