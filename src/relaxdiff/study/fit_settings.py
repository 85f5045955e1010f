"""The config's `fit`: its defaults, and checks beyond its schema."""

from dataclasses import replace
from fnmatch import fnmatchcase

from relaxdiff.files import path_exists
from relaxdiff.fit import NAMED_ATOMS
from relaxdiff.potentials.snap import ALCHEMICAL, parameter_names
from relaxdiff.structures import COMPOUNDS, CRYSTAL_FILE, kind_of
from relaxdiff.study.problem import Problem
from relaxdiff.study.property_settings import (
    check_names,
    of_properties,
    property_problems,
    property_settings,
)

DEFAULTS = {
    "alchemical": None,
    "method": "direct",
    "largest_change": 0.1,
    "margin": 0.05,
    "prior": False,
    "steps": 12,
}
NUMBERS = ("value", "values", "q", "temperature", "smearing", "tolerance")  # of quantities
DEFAULT_METHODS = ("direct", "relaxed", "published")
TARGET_DEFAULTS = {"like": None, "file": None, "region": None}


def fit_settings(config):
    """`fit` of a config that `check_config` accepts, a dict with all keys; None if it is null."""
    if config["fit"] is None:
        return None
    if of_properties(config["fit"]):
        return property_settings(config["fit"])
    targets = [TARGET_DEFAULTS | target for target in config["fit"]["targets"]]
    return DEFAULTS | config["fit"] | {"targets": targets}


def fit_problems(config):
    """Keys of `fit` that contradict each other, or the structures, a list of Problems.

    config: dict that the schema accepts, with a `fit`.
    """
    if of_properties(config["fit"]):
        return property_problems(config)
    others = [key for key in ("hold_lattice", "bounds") if key in config["fit"]]
    others += [f"targets.{key}" for key in NUMBERS if key in config["fit"]["targets"][0]]
    if others or len(config["fit"]["targets"]) > 1:
        where = f"fit.{others[0]}" if others else "fit.targets"
        sentence = (
            f"{where}: is for fits to quantities that are numbers, and a fit to positions has one "
            "target: leave it out"
        )
        return [Problem(where, sentence)]
    settings = fit_settings(config)
    (target,) = settings["targets"]
    if target.get("structure") is None:
        sentence = "fit.targets.structure: is missing: name the structure with these positions"
        return [Problem("fit.targets.structure", sentence)]
    if settings["method"] not in DEFAULT_METHODS:
        sentence = (
            f"fit.method: {settings['method']} is not for positions: use one of "
            f"{', '.join(DEFAULT_METHODS)}"
        )
        return [Problem("fit.method", sentence)]
    sentences = [
        *_target_sentences(target, {each["name"]: each for each in config["structures"]}),
        *_parameter_sentences(settings),
    ]
    if config["crystal"]["lattice"] in (*COMPOUNDS, CRYSTAL_FILE):
        sentences.append(
            "fit: is known in crystals of one element in a lattice with a name, not in "
            f"crystal.lattice: {config['crystal']['lattice']}: leave fit null"
        )
    if settings["alchemical"] in NAMED_ATOMS:
        sentences += _core_sentences(settings["alchemical"], target, config["structures"])
    return [Problem(sentence.split(": ")[0], sentence) for sentence in sentences]


def atom_problems(settings, atoms):
    """Structures of different sizes, and indices beyond the last atom, a list of Problems.

    settings: of `fit_settings`; atoms: numbers of atoms by name of those structures that can be
    built.
    """
    if of_properties(settings):
        return []
    (target,), chosen, problems = settings["targets"], settings["alchemical"], []
    count, wanted = (atoms.get(target[key]) for key in ("structure", "like"))
    if count and wanted and count != wanted:
        sentence = (
            f"fit.targets.like: {target['like']} has {wanted} atoms, {target['structure']} "
            f"{count}: they must be the same atoms"
        )
        problems.append(Problem("fit.targets.like", sentence))
    if count and isinstance(chosen, list) and max(chosen) >= count:
        sentence = (
            f"fit.alchemical: {max(chosen)} is not the index of one of the {count} atoms of "
            f"{target['structure']}, which are counted from 0"
        )
        problems.append(Problem("fit.alchemical", sentence))
    return problems


def check_free(settings, hyperparameters):
    """InputError for a pattern of `fit.free` that no parameter of a SNAP potential matches.

    settings: of `fit_settings`; hyperparameters: SnapHyperparameters of the posterior's potential.
    """
    if of_properties(settings):
        check_names(settings, parameter_names(hyperparameters))
        return
    hyper = hyperparameters
    if settings["alchemical"] is not None:
        hyper = replace(
            hyper,
            elements=(*hyper.elements, ALCHEMICAL),
            radii=(*hyper.radii, hyper.radii[0]),
            weights=(*hyper.weights, hyper.weights[0]),
        )
    check_names(settings, parameter_names(hyper))


def _target_sentences(target, structures):
    """What is wrong with the structures that a target names."""
    if (target["like"] is None) == (target["file"] is None):
        found = "none" if target["like"] is None else "both"
        return [
            f"fit.targets: exactly one of like and file must be set, found {found}: set the other "
            "to null"
        ]
    found = []
    for key in ("structure", "like"):
        name = target[key]
        if name is None:
            continue
        if name not in structures:
            found.append(
                f"fit.targets.{key}: {name} is not one of the structures, which are "
                f"{', '.join(structures)}"
            )
        elif structures[name]["cell"] != "fixed":
            found.append(
                f"fit.targets.{key}: the cell of {name} relaxes (cell: "
                f"{structures[name]['cell']}), but a fit holds it: use cell: fixed"
            )
    if target["like"] == target["structure"]:
        found.append(f"fit.targets.like: {target['like']} is the structure itself: name another")
    if target["file"] is not None and not path_exists(target["file"]):
        found.append(f"fit.targets.file: {target['file']} does not exist")
    return found


def _parameter_sentences(settings):
    """Free parameters and alchemical atoms without each other; a prior that is not used."""
    names_x = [each for each in settings["free"] if fnmatchcase(ALCHEMICAL, each.split("_")[0])]
    found = []
    if settings["alchemical"] is None and any(each.startswith("X_") for each in names_x):
        found.append(
            f"fit.free: {names_x[0]} is of alchemical atoms, of which there are none: name them in "
            "fit.alchemical"
        )
    if settings["alchemical"] is not None and not names_x:
        found.append(
            "fit.alchemical: no parameter of these atoms may change: add X_beta_* to fit.free"
        )
    if settings["prior"] and settings["method"] == "published":
        found.append(
            "fit.prior: the method published makes no use of it: set it to false, or use direct or "
            "relaxed"
        )
    return found


def _core_sentences(wanted, target, structures):
    """Atoms that are named by a core, where there is none."""
    kinds = {each["name"]: kind_of(each) for each in structures}
    if target["like"] is None:
        return [
            f"fit.alchemical: {wanted} is known of a target in structures only, not of a file: "
            "give the indices of atoms"
        ]
    others = [
        name
        for name in (target["structure"], target["like"])
        if name in kinds and not kinds[name].is_disk
    ]
    return [
        f"fit.alchemical: {wanted} is known of dislocations only, which {name} is not: give the "
        "indices of atoms"
        for name in others[:1]
    ]
