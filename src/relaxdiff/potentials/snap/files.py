"""The .snapcoeff, .snapparam and .snap files of LAMMPS, read and written."""

import re
from pathlib import Path

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_text
from relaxdiff.potentials.snap.baseline import PairBaseline, ZblBaseline
from relaxdiff.potentials.snap.hyperparameters import FLAGS, SnapHyperparameters
from relaxdiff.potentials.snap.potential import SnapPotential

# What a .snapparam file may set, and the value LAMMPS takes when it does not (`pair_style snap`).
PARAMETER_DEFAULTS = {
    "rcutfac": None,
    "twojmax": None,
    "rfac0": 0.99363,
    "rmin0": 0.0,
    "switchflag": 1,
    "bzeroflag": 1,
    "quadraticflag": 0,
    "bnormflag": 0,
}
WHOLE = ("twojmax", "bnormflag", *FLAGS)
# Extensions of SNAP that are not supported, and what they are.
EXTENSIONS = {
    "chemflag": "components of each combination of elements",
    "switchinnerflag": "an inner switching function",
}
# What belongs to switchinnerflag: a number for each element.
OF_INNER_SWITCH = ("sinner", "dinner")
# Without influence on the energy: LAMMPS's own memory layout, and what matters only with chemflag.
WITHOUT_MEANING = ("chunksize", "parallelthresh", "unit_conversion_factor", "wselfallflag")
# Before 2019 LAMMPS had several ways to choose components; this value means the one it has kept.
DIAGONAL_STYLE = 3
UNITS = re.compile(r"^#.*\bUNITS: *(\w+)")


def read_snap(
    coeff: str | Path,
    param: str | Path,
    baseline: ZblBaseline | PairBaseline | None = None,
    *,
    reference: ZblBaseline | PairBaseline | None = None,
) -> SnapPotential:
    """Read a SNAP potential, linear or quadratic, of one element or several.

    coeff, param: paths of the .snapcoeff and .snapparam files; baseline: a ZblBaseline or
    PairBaseline, or None for a potential without a fixed part; reference: its older name. Returns a
    SnapPotential. Raises InputError naming the file when it is missing, truncated, not numeric, or
    uses an extension of SNAP that is not supported.
    """
    parameters = read_parameters(param)
    blocks = _read_coefficients(Path(coeff))
    elements, radii, weights, coefficients = zip(*blocks, strict=True)
    try:
        hyperparameters = SnapHyperparameters(
            elements,
            parameters["twojmax"],
            parameters["rcutfac"],
            radii,
            weights,
            **{key: parameters[key] for key in ("rfac0", "rmin0", *FLAGS)},
        )
    except InputError as error:
        raise InputError(f"{coeff} with {param}: {error}") from None
    expected = hyperparameters.n_of_element + 1
    if len(coefficients[0]) != expected:
        kind = "quadraticflag 1 and " if hyperparameters.quadraticflag else ""
        raise InputError(
            f"{coeff}: {kind}twojmax = {hyperparameters.twojmax} in {param} needs {expected} "
            f"coefficients (beta_0 first) for each element, found {len(coefficients[0])}: is the "
            "file truncated?"
        )
    table = np.array(coefficients)
    table[:, 1:] /= coefficient_norms(parameters, hyperparameters)
    return SnapPotential(
        hyperparameters=hyperparameters,
        theta=table[:, 1:].ravel(),
        energy_shift=table[:, 0],
        baseline=baseline if reference is None else reference,
        name=Path(coeff).name.removesuffix(".snapcoeff"),
    )


def read_parameters(path):
    """The keys and numbers of a .snapparam file, a dict, defaults filled in as LAMMPS does.

    Raises InputError naming the file, as `read_snap`.
    """
    path = Path(path)
    parameters, given = dict(PARAMETER_DEFAULTS), set()
    for words in _words(path):
        if words[0] in OF_INNER_SWITCH:
            raise _not_supported(path, words[0], EXTENSIONS["switchinnerflag"])
        if len(words) != 2:
            raise InputError(f"{path}: expected 'keyword value', found '{' '.join(words)[:60]}'")
        key, value = words
        if key in given:
            raise InputError(f"{path}: the keyword {key} is given twice, keep one of them")
        given.add(key)
        if key in WITHOUT_MEANING:
            continue
        number = _number(value, path)
        if key in EXTENSIONS:
            if number != 0:
                raise _not_supported(path, f"{key} {value}", EXTENSIONS[key])
        elif key == "diagonalstyle":
            if number != DIAGONAL_STYLE:
                raise _not_supported(path, f"{key} {value}", "another choice of components")
        elif key in parameters:
            if key in WHOLE and not number.is_integer():
                raise InputError(f"{path}: {key} must be a whole number, found {value}")
            parameters[key] = int(number) if key in WHOLE else number
        else:
            known = ", ".join([*PARAMETER_DEFAULTS, *EXTENSIONS])
            raise InputError(f"{path}: unknown keyword '{key[:60]}'; known are {known}")
    if parameters["bnormflag"] not in (0, 1):
        raise InputError(f"{path}: bnormflag must be 0 or 1, found {parameters['bnormflag']}")
    for key in ("rcutfac", "twojmax"):
        if parameters[key] is None:
            raise InputError(f"{path}: the keyword {key} is missing")
    return parameters


def coefficient_norms(parameters, hyperparameters):
    """Divisors of an element's coefficients that make them those of unscaled components, (K,).

    parameters: of `read_parameters`. With bnormflag 1 LAMMPS divides a component of the index j
    (twice the angular momentum) by j + 1; else the divisors are 1.
    """
    if not parameters["bnormflag"]:
        return np.ones(hyperparameters.n_of_element)
    linear = 1.0 + np.array(hyperparameters.component_indices)
    if not hyperparameters.quadraticflag:
        return linear
    first, second = np.triu_indices(len(linear))
    return np.append(linear, linear[first] * linear[second])


def _not_supported(path, what, meaning):
    """An InputError that does not invite the user to edit the potential."""
    return InputError(
        f"{path}: {what} ({meaning}) is not supported, so that this potential cannot be used; "
        "without that line it would be another potential"
    )


def _read_coefficients(path):
    """Symbol, radius, weight and list of coefficients of each element of a .snapcoeff file."""
    units = UNITS.search(read_text(path).partition("\n")[0])  # the tag that LAMMPS looks for
    if units and units[1] != "metal":
        raise InputError(f"{path}: is in LAMMPS's units {units[1]}, give all coefficients in eV")
    lines = _words(path)
    if len(lines) < 2 or len(lines[0]) < 2 or len(lines[1]) != 3:
        raise InputError(
            f"{path}: expected a line 'number-of-elements number-of-coefficients' and then "
            "'element radius weight': is this a .snapcoeff file?"
        )
    n_elements, n_coefficients = (_number(word, path) for word in lines[0][:2])
    blocks = []
    for words in lines[1:]:
        if len(words) == 3:
            blocks.append((words[0], *(_number(word, path) for word in words[1:]), []))
        elif len(words) == 1:
            blocks[-1][3].append(_number(words[0], path))
        else:
            raise InputError(
                f"{path}: expected one coefficient on each line, found '{' '.join(words)[:60]}'"
            )
    if len(blocks) != n_elements:
        raise InputError(
            f"{path}: announces {n_elements:g} elements, holds {len(blocks)}: is the file "
            "truncated?"
        )
    for element, *_, coefficients in blocks:
        if len(coefficients) != n_coefficients:
            raise InputError(
                f"{path}: announces {n_coefficients:g} coefficients, holds {len(coefficients)} of "
                f"{element}: is the file truncated?"
            )
    return blocks


def _words(path):
    """The lines of a text file as lists of words, comments and empty lines left out."""
    lines = (line.split("#")[0].split() for line in read_text(path).splitlines())
    return [line for line in lines if line]


def _number(word, path):
    try:
        value = float(word)
    except ValueError:
        raise InputError(f"{path}: expected a number, found '{word[:60]}'") from None
    if not np.isfinite(value):
        raise InputError(f"{path}: '{word}' is not a finite number")
    return value
