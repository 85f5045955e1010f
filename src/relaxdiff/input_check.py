"""All that can be known of a user's input before any job starts: config and files, told at once."""

from pathlib import Path

from relaxdiff.config import PATHS, config_problems, file_problems
from relaxdiff.exceptions import InputError
from relaxdiff.posterior import (
    posterior_from_ensemble,
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.potential import SnapHyperparameters, ZblReference
from relaxdiff.structures import (
    build_structure,
    bulk_cell,
    nearest_neighbour_distance,
    tabulated_lattice_parameter,
)
from relaxdiff.training import check_groups, read_weights

LARGEST_READ = 50e6  # bytes; larger files are read by the jobs that need them alone
LONGEST_SENTENCE = 1000  # characters
SMALLEST_OUTER = 0.3  # of the distance between neighbours: a repulsion within this one does nothing


def check_input(config, schema_path, config_files=(), contents=True):
    """Everything that is wrong with a study's config and the files it names.

    config: the merged config, a dict; schema_path: YAML file; config_files: paths of what it was
    merged from; contents: whether to read the files that parameters come from. Structures are built
    in any case.
    Returns a list of sentences, in one line each, and a dict from the name of each structure that
    can be built to its number of atoms.
    """
    problems = [problem for path in config_files for problem in file_problems(path)]
    found, sound = config_problems(config, schema_path)
    problems += found
    atoms = {}
    if "crystal" in sound:
        try:
            edge = tabulated_lattice_parameter(config["crystal"]["element"])
        except InputError as error:
            problems.append(str(error))
            sound.remove("crystal")
    if {"crystal", "structures"} <= sound:
        atoms, unbuilt = _build_structures(config, edge, found)
        problems += unbuilt
    wrong = any(sentence.startswith("posterior") for sentence in found)
    if contents and {"crystal", "posterior"} <= sound and not wrong:
        problems += _source_problems(config["posterior"], config["crystal"])
    return [printable(problem) for problem in dict.fromkeys(problems)], atoms


def printable(text):
    """Text for a terminal: one line, control characters spelled out, not endless."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= LONGEST_SENTENCE:
        return text
    half = LONGEST_SENTENCE // 2
    return f"{text[:half]} ... {text[-half:]}"


def _build_structures(config, edge, found):
    """Numbers of atoms by name, and what keeps a structure from being built.

    edge: lattice parameter in Angstrom; found: what is known to be wrong; structures among it are
    left out.
    """
    element, lattice = config["crystal"]["element"], config["crystal"]["lattice"]
    atoms, problems = {}, []
    for entry in config["structures"]:
        name = entry["name"]
        if any(each.startswith((f"structures.{name}.", f"structures.{name}:")) for each in found):
            continue
        try:
            atoms[name] = len(build_structure(entry, element, lattice, edge))
        except InputError as error:
            problems.append(str(error))
    return atoms, problems


def _source_problems(posterior, crystal):
    """What is wrong with the files that parameters come from, and with what is in them."""
    source = next(source for source in PATHS if posterior[source] is not None)
    settings = posterior[source]
    named = {f"posterior.{source}.{key}": settings[key] for key in PATHS[source]}
    if source == "file":
        named = {"posterior.file": settings}
    try:
        if source == "training":
            hyperparameters, reference = _read_training(settings)
        else:
            if sum(Path(path).stat().st_size for path in named.values()) > LARGEST_READ:
                return []
            potential = _read_potential(posterior)
            hyperparameters, reference = potential.hyperparameters, potential.reference
        _check_potential(hyperparameters, reference, crystal, f"posterior.{source}")
    except InputError as error:
        sentence = str(error)
        keys = [key for key, path in named.items() if sentence.startswith(str(path))]
        return [f"{sentence} ({keys[0]})" if keys else sentence]
    return []


def _read_training(settings):
    """Hyperparameters and reference of a potential to be fitted, its weights and groups checked."""
    check_groups(settings["data"], read_weights(settings["group_weights"]))
    given = settings["hyperparameters"]
    try:
        hyperparameters = SnapHyperparameters(
            element=settings["element"],
            twojmax=given["twojmax"],
            cutoff_factor=given["cutoff"],
            rfac0=given["rfac0"],
            rmin0=given["rmin0"],
        )
    except InputError as error:
        raise InputError(f"posterior.training.hyperparameters: {error}") from None
    return hyperparameters, _reference(settings["reference"])


def _read_potential(posterior):
    """The SnapPotential at the mean of a posterior that is read or converted."""
    if posterior["file"] is not None:
        found = read_posterior(posterior["file"])
    else:
        ensemble = posterior["ensemble"]
        paths = [ensemble[key] for key in PATHS["ensemble"]]
        found = posterior_from_ensemble(*paths, _reference(ensemble.get("reference")))
    if "hypercube_bounds" not in found:
        sample_posterior(found, posterior["samples"], posterior["seed"])
    return potential_from_posterior(found)


def _reference(settings):
    return ZblReference(settings["inner"], settings["outer"]) if settings else None


def _check_potential(hyperparameters, reference, crystal, where):
    """InputError when a potential is for another element, or its lengths are in other units."""
    element = crystal["element"]
    if hyperparameters.element != element:
        raise InputError(
            f"crystal.element: {element}, but the potential of {where} is for "
            f"{hyperparameters.element}: name the same"
        )
    crystal_cell = bulk_cell(element, tabulated_lattice_parameter(element))
    usual = nearest_neighbour_distance(crystal_cell)
    if hyperparameters.cutoff < usual:
        raise InputError(
            f"{where}: the potential reaches {hyperparameters.cutoff:.3g} Angstrom, but atoms of "
            f"{element} are {usual:.3g} apart: give the cutoff in Angstrom"
        )
    if reference is not None and reference.outer < SMALLEST_OUTER * usual:
        raise InputError(
            f"{where}.reference: outer = {reference.outer} is of no effect where atoms are "
            f"{usual:.3g} Angstrom apart: give inner and outer in Angstrom"
        )
