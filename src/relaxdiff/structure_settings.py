"""The `structures` of a config, checked beyond what its schema says: by kind, and by each other."""

from relaxdiff.datasets import path_exists
from relaxdiff.exceptions import InputError
from relaxdiff.structures import ON_LATTICE, plane_normal

# Other folders and files in results/<study>/, where each structure has a folder of its own.
RESERVED_NAMES = (
    "logs",
    "training",
    "potentials",
    "figures",
    "posterior",
    "solvers",
    "ensemble",
    "bulk",
    "joint",
    "truth",
    "evaluations",
    "adaptive",
    "structures",
)
# What a structure has beside these keys, and how its cell can relax; point defects are all kinds
# that are not named here.
COMMON_KEYS = ("name", "kind", "cell")
POINT_DEFECT_KEYS = ("supercell",)
KEYS = {
    "surface": ("plane", "layers", "vacuum"),
    "gamma_surface": ("plane", "layers", "displacement"),
    "file": ("path", "lattice_parameter"),
}
POINT_DEFECT_CELLS = ("fixed", "isotropic", "full")
CELLS = {
    "surface": ("fixed", "in_plane_fixed"),
    "gamma_surface": ("fixed", "in_plane_fixed"),
    "file": ("fixed", "isotropic", "full", "in_plane_fixed"),
}
DIVACANCY_SUPERCELL = 3  # in a smaller one a divacancy's images are as near as its two halves


def structure_problems(config):
    """What contradicts itself or another entry in `structures`: sentences, each naming its key.

    config: dict that the schema accepts.
    """
    structures = config["structures"]
    names = [each["name"].lower() for each in structures]  # some file systems ignore the case
    problems = [
        f"structures: the name {name} is given {names.count(name)} times, use different names"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    for settings in structures:
        where = f"structures.{settings['name']}"
        if settings["name"].lower() in RESERVED_NAMES:
            problems.append(
                f"{where}.name: {settings['name']} is taken by other results of the study, choose "
                "another"
            )
        # Values mean something only where the keys are right.
        problems += _key_problems(settings, where) or _value_problems(settings, where)
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
    if kind.startswith("divacancy") and settings["supercell"] < DIVACANCY_SUPERCELL:
        problems.append(
            f"{where}.supercell: {settings['supercell']} is too small for a divacancy, "
            f"use {DIVACANCY_SUPERCELL} or more"
        )
    if "plane" in settings:
        try:
            plane_normal(settings["plane"])
        except InputError as error:
            problems.append(f"{where}.{error}")
    if "path" in settings and not path_exists(settings["path"]):
        problems.append(f"{where}.path: {settings['path']} does not exist")
    return problems


def solver_problems(config):
    """Structures for which the sparse algorithms cannot precondition with the crystal's lattice.

    config: dict that the schema accepts. Returns sentences, each naming its key.
    """
    chosen = {
        "derivative.solver": (config["derivative"]["solver"], "dense or energy"),
        "truth.relaxer": (config["truth"]["relaxer"], "newton or lammps"),
    }
    others = [each["name"] for each in config["structures"] if each["kind"] not in ON_LATTICE]
    return [
        f"{key}: sparse needs every atom on a site of the crystal, which is so for "
        f"{', '.join(ON_LATTICE)} but not for structures.{others[0]}: use {instead}"
        for key, (choice, instead) in chosen.items()
        if choice == "sparse" and others
    ]
