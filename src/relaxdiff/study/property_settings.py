"""The config's `fit` to quantities that are numbers: its defaults, and checks beyond its schema."""

from fnmatch import fnmatchcase
from pathlib import Path

from relaxdiff.exceptions import InputError
from relaxdiff.files import path_exists, read_dataset
from relaxdiff.fit import PROPERTY_METHODS
from relaxdiff.structures import BRAVAIS, COMPOUNDS, CRYSTAL_FILE, kind_of
from relaxdiff.study.problem import Problem

POSITIONS = "positions"
DEFAULTS = {
    "method": "gauss_newton",
    "prior": False,
    "steps": 50,
    "hold_lattice": False,
    "bounds": None,
}
FOR_POSITIONS = ("alchemical", "largest_change", "margin")
OF_STRUCTURES = ("formation_energy", "formation_volume")
OF_HEXAGONAL = ("lattice_parameter_c", "c13", "c33")
OF_CUBIC = ("bulk_modulus",)
NEEDED = {  # others have a value
    "force_constants": ("file", "supercell", "tolerance"),
    "phonon_frequencies": ("q", "values", "tolerance"),
    "heat_capacity": ("temperature", "value", "tolerance"),
    "density_of_states": ("file", "smearing", "tolerance"),
}
KEYS = ("value", "values", "q", "temperature", "smearing", "like", "file", "supercell", "region")
NOT_A_MULTIPLE = 1e-3  # of 1 / crystal.supercell; q of 1/3 may be written with four digits
SNAP_SUFFIXES = [".snapcoeff", ".snapparam", ".snap"]
SUFFIXES = {"lennard_jones": [".table"], "stillinger_weber": [".sw"], "edip": [".edip"]}
LENGTHS = ("lattice_parameter", "lattice_parameter_c")


def of_properties(fit):
    """Whether a block `fit` aims at quantities that are numbers, not at positions."""
    return fit["targets"][0]["quantity"] != POSITIONS


def property_settings(fit):
    """The block with all keys, a dict."""
    return DEFAULTS | fit | {"targets": [{"structure": None} | each for each in fit["targets"]]}


def property_problems(config):
    """Keys of such a `fit` that contradict each other, or the structures, a list of Problems."""
    fit, crystal = config["fit"], config["crystal"]
    settings = property_settings(fit)
    sentences = [
        f"fit.{key}: is for a fit to positions: leave it out" for key in FOR_POSITIONS if key in fit
    ]
    if settings["method"] not in PROPERTY_METHODS:
        sentences.append(
            f"fit.method: {settings['method']} is for positions: use one of "
            f"{', '.join(PROPERTY_METHODS)}"
        )
    if settings["bounds"] and settings["prior"]:
        sentences.append(
            "fit.bounds: a prior keeps parameters near the posterior in its own directions: leave "
            "bounds out, or set prior to false"
        )
    if crystal["lattice"] in (*COMPOUNDS, CRYSTAL_FILE):
        sentences.append(
            "fit: quantities are known of crystals of one element in a lattice with a name, not in "
            f"crystal.lattice: {crystal['lattice']}: leave fit null"
        )
    structures = {each["name"]: each for each in config["structures"]}
    for target in settings["targets"]:
        sentences += _target_sentences(target, settings, crystal, structures)
    names = [
        (each["quantity"], each["structure"], *each.get("q", ()), each.get("temperature"))
        for each in settings["targets"]
    ]
    for each in {each for each in names if names.count(each) > 1}:
        sentences.append(f"fit.targets: {each[0]} is given twice: keep one of them")
    return [Problem(sentence.split(": ")[0], sentence) for sentence in sentences]


def lammps_suffixes(posterior):
    """How names of the files end that LAMMPS reads of a fitted potential; [] if it has no style.

    posterior: `posterior` of the config.
    """
    if posterior["analytic"] is not None:
        return SUFFIXES.get(posterior["analytic"]["potential"], [])
    if posterior["file"] is not None and Path(posterior["file"]).is_file():
        name = read_dataset(posterior["file"]).attrs.get("analytic")
        return SNAP_SUFFIXES if name is None else SUFFIXES.get(name, [])
    return SNAP_SUFFIXES


def check_names(settings, names):
    """InputError for a pattern of `fit.free`, or a name in `fit.bounds`, of no parameter."""
    for key in ("free", "bounds"):
        for pattern in settings.get(key) or ():
            if not any(fnmatchcase(name, pattern) for name in names):
                raise InputError(
                    f"fit.{key}: no parameter of the potential matches {pattern}; they are "
                    f"{names[0]} to {names[-1]}"
                )


def _target_sentences(target, settings, crystal, structures):
    """What is wrong with one target."""
    quantity, name = target["quantity"], target["structure"]
    if quantity == POSITIONS:
        return ["fit.targets: positions cannot be fitted together with other quantities"]
    needed = NEEDED.get(quantity, ("value", "tolerance"))
    found = [
        f"fit.targets.{key}: is missing for {quantity}" for key in needed if target.get(key) is None
    ]
    found += [
        f"fit.targets.{key}: is not for {quantity}: leave it out"
        for key in KEYS
        if key not in needed and target.get(key) is not None
    ]
    found += [
        f"fit.targets.{key}: {target[key]} does not exist"
        for key in ("file", "supercell")
        if key in needed and target.get(key) is not None and not path_exists(target[key])
    ]
    if quantity in OF_STRUCTURES:
        return found + _structure_sentences(quantity, name, settings, crystal, structures)
    if name is not None:
        found.append(
            f"fit.targets.structure: {quantity} is a quantity of the crystal: leave structure out"
        )
    if quantity == "phonon_frequencies" and not found:
        found += _frequency_sentences(target, crystal)
    hexagonal = crystal["lattice"] == "hcp"
    if quantity in (OF_CUBIC if hexagonal else OF_HEXAGONAL):
        found.append(
            f"fit.targets.quantity: {quantity} is not known in crystal.lattice: "
            f"{crystal['lattice']}"
        )
    if settings["hold_lattice"] and quantity in LENGTHS:
        found.append(f"fit.hold_lattice: true holds {quantity}, which is a target")
    if not settings["hold_lattice"] and quantity == "pressure":
        found.append(
            "fit.targets.quantity: pressure is 0 where the lattice relaxes: set fit.hold_lattice "
            "to true, or leave it out"
        )
    return found


def _frequency_sentences(target, crystal):
    """A wave vector that the supercell does not hold, or another number of branches."""
    branches, repeats, found = 3 if crystal["lattice"] in BRAVAIS else 6, crystal["supercell"], []
    if len(target["values"]) != branches:
        found.append(
            f"fit.targets.values: {len(target['values'])} frequencies are given, but the crystal "
            f"has {branches} branches: give all"
        )
    steps = [each * repeats for each in target["q"]]
    if any(abs(each - round(each)) > NOT_A_MULTIPLE for each in steps):
        q = ", ".join(f"{each:g}" for each in target["q"])
        found.append(
            f"fit.targets.q: the supercell of {repeats} conventional cells does not hold [{q}]: "
            f"use multiples of 1/{repeats}, or another crystal.supercell"
        )
    return found


def _structure_sentences(quantity, name, settings, crystal, structures):
    """What is wrong with a target that is a quantity of a structure."""
    where = "fit.targets.structure"
    if name is None:
        return [f"{where}: is missing: {quantity} is that of a structure"]
    if name not in structures:
        return [f"{where}: {name} is not one of the structures, which are {', '.join(structures)}"]
    entry = structures[name]
    if entry["cell"] not in ("isotropic", "full"):
        return [
            f"{where}: the cell of {name} must relax as a whole for its {quantity}: use cell: "
            "isotropic or full"
        ]
    if kind_of(entry).solutes_in(entry, crystal["solutes"]):
        return [f"{where}: {name} may hold other elements than {crystal['element']}: leave it out"]
    if settings["hold_lattice"]:
        return [
            f"fit.hold_lattice: true is for quantities of the crystal, not for the {quantity} of "
            f"{name}: set it to false"
        ]
    return []
