"""A fit to properties made of the config: its targets, its variables and their bounds."""

from fnmatch import fnmatchcase

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.fit.properties import Target
from relaxdiff.posterior import covariance_root
from relaxdiff.quantities import (
    DensityOfStates,
    HeatCapacity,
    PhononFrequencies,
    SupercellForceConstants,
    Vibrations,
    read_density_of_states,
    read_force_constants,
)
from relaxdiff.structures import read_structure

# Directions of the posterior with a smaller standard deviation, relative to the largest, are held.
NARROWEST = 1e-6
FORCE_CONSTANTS = "force_constants"
FREQUENCIES = "phonon_frequencies"
HEAT_CAPACITY = "heat_capacity"
DENSITY = "density_of_states"


def targets_of(settings):
    """A list of Target; settings: `fit` of the config. InputError for a file in it."""
    found = []
    for each in settings["targets"]:
        if each["quantity"] == FORCE_CONSTANTS:
            values = read_force_constants(each["file"], each["supercell"]).ravel()
        elif each["quantity"] == DENSITY:
            _, values = read_density_of_states(each["file"])
        elif each["quantity"] == FREQUENCIES:
            values = np.sort(np.array(each["values"], dtype=float))
        else:
            values = np.array([float(each["value"])])
        quantity, tolerance, structure = (
            each[key] for key in ("quantity", "tolerance", "structure")
        )
        found.append(Target(quantity, values, tolerance, structure, _condition(each)))
    return found


def _condition(entry):
    """What an entry's quantity is one at, in words."""
    if entry["quantity"] == FREQUENCIES:
        return " ".join(f"{each:g}" for each in entry["q"])
    if entry["quantity"] == HEAT_CAPACITY:
        return f"{entry['temperature']:g} K"
    return ""


def supercells_of(potential, settings):
    """SupercellForceConstants that targets need, by name, a dict."""
    return {
        each["quantity"]: SupercellForceConstants(potential, read_structure(each["supercell"]))
        for each in settings["targets"]
        if each["quantity"] == FORCE_CONSTANTS
    }


def vibrations_of(potential, start, repeats, settings):
    """The Vibrations that targets need, None if none do.

    start: PerfectCrystal; repeats: of its conventional cell in the supercell of force constants.
    """
    names = (target.name for target in targets_of(settings))
    pairs = zip(names, (_vibrational(each, repeats) for each in settings["targets"]), strict=True)
    wanted = {name: each for name, each in pairs if each is not None}
    return Vibrations(potential, start, repeats, wanted) if wanted else None


def _vibrational(entry, repeats):
    """What an entry wants of vibrations, None if it is of another kind."""
    if entry["quantity"] == FREQUENCIES:
        return PhononFrequencies(tuple(np.rint(np.array(entry["q"]) * repeats) / repeats))
    if entry["quantity"] == HEAT_CAPACITY:
        return HeatCapacity(entry["temperature"])
    if entry["quantity"] == DENSITY:
        frequencies, _ = read_density_of_states(entry["file"])
        return DensityOfStates(frequencies, entry["smearing"])
    return None


def search_directions(potential, posterior, settings):
    """Directions of the variables, (k, E + P), and bounds of these, (2, k), or None.

    One direction for each free parameter, of the length of its value, or with a prior one standard
    deviation of the posterior, parameters that are not free being held; energy shifts then go with
    the parameters as in the posterior. Raises InputError for a free parameter that is 0 without a
    prior, and for bounds that the start is not within.
    """
    names, n_shifts = potential.parameters.names, len(potential.energy_shifts)
    free = [
        place
        for place, name in enumerate(names)
        if any(fnmatchcase(name, pattern) for pattern in settings["free"])
    ]
    if settings["prior"]:
        root, held = covariance_root(posterior), np.setdiff1d(np.arange(len(names)), free)
        root[:, n_shifts + held] = 0.0
        _, lengths, directions = np.linalg.svd(root, full_matrices=False)
        kept = lengths > NARROWEST * lengths[0]
        return lengths[kept, None] * directions[kept], None
    zero = [names[place] for place in free if potential.theta[place] == 0]
    if zero:
        raise InputError(
            f"fit.free: {', '.join(zero)} is 0, which gives no scale to change it by: leave it "
            "out, or set fit.prior to true"
        )
    directions = np.zeros((len(free), n_shifts + len(names)))
    directions[np.arange(len(free)), n_shifts + np.array(free)] = potential.theta[free]
    return directions, _bounds(potential, free, settings["bounds"])


def _bounds(potential, free, given):
    """Bounds of the variables z = theta / start - 1, (2, k)."""
    if not given:
        return None
    found = []
    for place in free:
        name, start = potential.parameters.names[place], potential.theta[place]
        low, high = given.get(name, (-np.inf, np.inf))
        if not low < start < high:
            raise InputError(
                f"fit.bounds.{name}: the start, {start:.6g}, is not between {low:.6g} and "
                f"{high:.6g}"
            )
        found.append(sorted((end / start - 1) for end in (low, high)))
    return np.transpose(found)
