"""Checks a user's config and files before any job starts, and reports all problems at once."""

import contextlib
from pathlib import Path

from ase.data import atomic_numbers

from relaxdiff.exceptions import InputError
from relaxdiff.posterior import (
    ENSEMBLE_SOURCES,
    NAMED_SOURCES,
    XyzKeys,
    check_groups,
    elements_of,
    is_distribution,
    posterior_from_named,
    potential_from_named,
    potential_from_posterior,
    read_posterior,
    read_weights,
    sample_posterior,
    snap_hyperparameters,
)
from relaxdiff.potentials.snap import (
    ZblBaseline,
    baseline_from_settings,
    check_baseline,
    read_parameters,
    read_snap,
)
from relaxdiff.structures import (
    build_structure,
    crystal_of_settings,
    nearest_neighbour_distance,
    starting_crystal,
)
from relaxdiff.study.config import PATHS, config_problems, file_problems, paths_in
from relaxdiff.study.fit_settings import atom_problems, check_free, fit_settings
from relaxdiff.study.problem import Problem
from relaxdiff.study.property_settings import check_names, of_properties

# Bytes; larger files are read only by the jobs that need them: the check has to be quick. A guess.
LARGEST_READ = 50e6
LONGEST_SENTENCE = 1000  # characters; a guess at what somebody reads
# Angstrom^3; in every real crystal an atom has more, in diamond 5.7, and in reduced units 0.9.
SMALLEST_ATOM = 0.5
# Relative to the distance between neighbours; a shorter repulsion has no effect. A guess.
SMALLEST_OUTER = 0.3


def check_input(config, schema_path, config_files=(), contents=True):
    """Everything that is wrong with a study's config and the files it names.

    config: the merged config, a dict; schema_path: YAML file; config_files: paths of the files it
    was merged from; contents: whether to read the files that parameters come from. Structures are
    built in any case.
    Returns a list of sentences, in one line each, and a dict from the name of each structure that
    can be built to its number of atoms.
    """
    found, sound = config_problems(config, schema_path)
    problems = list(found)
    atoms, crystals = {}, {}
    if "crystal" in sound:
        crystals, unknown = _starting_crystals(config["crystal"])
        problems += unknown
        if unknown:
            sound.remove("crystal")
    if {"crystal", "structures"} <= sound:
        atoms, unbuilt = _build_structures(config, crystals, found)
        problems += unbuilt
    wrong_fit = any(problem.within("fit") for problem in found)
    fit = fit_settings(config) if "fit" in sound and not wrong_fit else None
    if fit:
        problems += atom_problems(fit, atoms)
    wrong = any(problem.within("posterior") for problem in found)
    if contents and {"crystal", "posterior"} <= sound and not wrong:
        problems += _source_problems(config["posterior"], crystals, fit)
    sentences = [sentence for path in config_files for sentence in file_problems(path)]
    sentences += [problem.sentence for problem in problems]
    return [printable(sentence) for sentence in dict.fromkeys(sentences)], atoms


def printable(text):
    """Text for a terminal: one line, control characters spelled out, not endless."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= LONGEST_SENTENCE:
        return text
    half = LONGEST_SENTENCE // 2
    return f"{text[:half]} ... {text[-half:]}"


def _starting_crystals(settings):
    """Crystals of crystal.element and then of solutes, a dict; and Problems with unknown ones."""
    element = settings["element"]
    crystals, problems = {}, []
    try:
        crystals[element] = _host_crystal(settings)
    except InputError as error:
        problems.append(Problem("crystal", str(error)))
    for solute, lattice in settings["solutes"].items():
        try:
            given = not isinstance(lattice, str)  # a chemical potential
            crystals[solute] = None if given else starting_crystal(solute, lattice)
        except InputError:
            where = f"crystal.solutes.{solute}"
            sentence = (
                f"{where}: ASE knows no cubic or hexagonal crystal of {solute} to start from: "
                "leave it and the structures with it out"
            )
            problems.append(Problem(where, sentence))
    return crystals, problems


def _host_crystal(settings):
    """The crystal to start from; InputError for an unknown element or a length in other units."""
    element, lattice_parameter = settings["element"], settings["lattice_parameter"]
    for each in {element, *(settings["sites"] or ())}:
        if not atomic_numbers.get(each):  # ASE has an X, number 0
            raise InputError(f"crystal.element: {each} is no chemical element")
    crystal = crystal_of_settings(settings)
    unnamed = sorted(set(crystal.fractions) - {element, *settings["solutes"]})
    if unnamed:
        raise InputError(
            f"crystal.solutes: lacks {', '.join(unnamed)} of the compound: name the lattice of its "
            "own crystal, or its chemical potential"
        )
    if crystal.volume_per_atom < SMALLEST_ATOM:
        raise InputError(
            f"crystal.lattice_parameter: {lattice_parameter} is less than an atom of {element}: "
            "give it in Angstrom"
        )
    return crystal


def _build_structures(config, crystals, found):
    """Numbers of atoms by name, and the Problems that keep a structure from being built.

    crystals: of `_starting_crystals`; found: the Problems found before; structures that have one
    are left out.
    """
    host, *solutes = crystals
    atoms, problems = {}, []
    for entry in config["structures"]:
        name, where = entry["name"], f"structures.{entry['name']}"
        if any(problem.within(where) for problem in found):
            continue
        try:
            atoms[name] = len(build_structure(entry, crystals[host], solutes))
        except InputError as error:
            problems.append(Problem(where, str(error)))
    return atoms, problems


def _source_problems(posterior, crystals, fit):
    """A list with the first Problem of the files that parameters come from and their contents.

    fit: of `fit_settings`, or None.
    """
    source = next(source for source in PATHS if posterior[source] is not None)
    settings = posterior[source]
    try:
        where = f"posterior.{source}"
        if source == "training":
            hyperparameters, baseline = _read_training(settings)
        else:
            paths = [settings] if source == "file" else paths_in(settings, source).values()
            if sum(Path(path).stat().st_size for path in paths) > LARGEST_READ:
                return []
            potential = _read_potential(posterior)
            if not potential.is_linear:
                _check_reach(potential.elements, potential.reach, crystals, where)
                if fit and not of_properties(fit):
                    raise InputError(
                        f"fit: to positions is for SNAP, and {where} is {potential.name}"
                    )
                if fit:
                    check_names(fit, potential.parameters.names)
                return []
            hyperparameters, baseline = potential.hyperparameters, potential.baseline
        _check_potential(hyperparameters, baseline, crystals, where)
        if fit:
            check_free(fit, hyperparameters)
    except InputError as error:
        return [Problem(f"posterior.{source}", str(error))]
    return []


@contextlib.contextmanager
def _reading(key):
    """Adds to an InputError about a file the key of the config that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{error} ({key})") from None


def _read_training(settings):
    """Hyperparameters and baseline of a potential to be fitted, its weights and groups checked."""
    with _reading("posterior.training.group_weights"):
        weights = read_weights(settings["group_weights"])
    with _reading("posterior.training.data"):
        check_groups(settings["data"], weights, XyzKeys.of(settings))
    try:
        hyperparameters = snap_hyperparameters(settings["element"], **settings["hyperparameters"])
    except InputError as error:
        raise InputError(f"posterior.training.hyperparameters: {error}") from None
    baseline = _baseline(settings["reference"], "posterior.training", hyperparameters.elements)
    return hyperparameters, baseline


def _read_potential(posterior):
    """The Potential at the mean of a posterior that is read or converted."""
    if posterior["file"] is not None:
        with _reading("posterior.file"):
            found = read_posterior(posterior["file"])
    elif posterior["analytic"] is not None:
        found = _read_analytic(posterior["analytic"])
    else:
        ensemble = posterior["ensemble"]
        coefficients, parameters = ensemble["coefficients"], ensemble["parameters"]
        key = next(key for key in ENSEMBLE_SOURCES if ensemble.get(key) is not None)
        baseline = _baseline(ensemble.get("reference"), "posterior.ensemble")
        # One file after the other, each with those before it, so that an error is the last one's.
        with _reading("posterior.ensemble.parameters"):
            read_parameters(parameters)
        with _reading("posterior.ensemble.coefficients"):
            read_snap(coefficients, parameters, baseline)
        with _reading(f"posterior.ensemble.{key}"):
            found = ENSEMBLE_SOURCES[key](coefficients, parameters, ensemble[key], baseline)
        _baseline(ensemble.get("reference"), "posterior.ensemble", elements_of(found))
    if not is_distribution(found):
        sample_posterior(found, posterior["samples"], posterior["seed"])
    return potential_from_posterior(found)


def _read_analytic(settings):
    """The posterior of a potential written in JAX, read key by key, so that errors name theirs."""
    known, where = {}, "posterior.analytic"
    for key in ("potential", "elements", "parameters"):
        known[key] = settings.get(key)
        with _reading(f"{where}.{key}"):
            potential_from_named(known)
    key = next(key for key in NAMED_SOURCES if settings.get(key) is not None)
    with _reading(f"{where}.{key}"):
        return posterior_from_named(settings)


def _baseline(settings, where, elements=()):
    """The fixed pair style; `where` is its key. Other styles than ZBL are tried on the elements."""
    try:
        baseline = baseline_from_settings(settings)
        if elements:
            check_baseline(baseline, elements)
    except InputError as error:
        raise InputError(f"{where}.reference.{error}") from None
    return baseline


def _check_potential(hyperparameters, baseline, crystals, where):
    """InputError when a potential is for other elements, or its lengths are in other units."""
    element, *_ = crystals
    usual = _check_reach(hyperparameters.elements, hyperparameters.cutoff, crystals, where)
    if isinstance(baseline, ZblBaseline) and baseline.outer < SMALLEST_OUTER * usual:
        raise InputError(
            f"{where}.reference: outer = {baseline.outer} is of no effect where atoms are "
            f"{usual:.3g} Angstrom apart: give inner and outer in Angstrom"
        )


def _check_reach(elements, reach, crystals, where):
    """InputError for a potential of other elements or too short a reach (Angstrom).

    Returns the distance between neighbours in the crystal, Angstrom.
    """
    element, *solutes = crystals
    known = ", ".join(elements)
    if element not in elements:
        raise InputError(
            f"crystal.element: {element}, but the potential of {where} is for {known}: name the "
            "same"
        )
    for solute in solutes:
        if solute not in elements:
            raise InputError(
                f"crystal.solutes.{solute}: the potential of {where} is for {known} only"
            )
    usual = nearest_neighbour_distance(crystals[element].conventional())
    if reach < usual:
        raise InputError(
            f"{where}: the potential reaches {reach:.3g} Angstrom, but atoms of "
            f"{element} are {usual:.3g} apart: give the cutoff in Angstrom"
        )
    return usual
