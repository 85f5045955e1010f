"""The config file checked before any job starts: unknown keys, wrong types, contradictions."""

import collections
import difflib
import math
from pathlib import Path

import jsonschema
import yaml

from relaxdiff.exceptions import InputError
from relaxdiff.files import path_exists, read_text
from relaxdiff.posterior import ENSEMBLE_SOURCES, NAMED_SOURCES, lambda_grid
from relaxdiff.potentials.snap import baseline_from_settings
from relaxdiff.study.fit_settings import fit_problems
from relaxdiff.study.problem import Problem
from relaxdiff.study.structure_settings import crystal_problems, structure_problems

SOURCES = ("file", "ensemble", "analytic", "training")
# Keys under `posterior` that name a user's file; in training, `data` can be a folder; in ensemble,
# one of ENSEMBLE_SOURCES is given.
PATHS = {
    "file": (),
    "ensemble": ("coefficients", "parameters", *ENSEMBLE_SOURCES),
    "analytic": ("covariance", "samples"),
    "training": ("data", "group_weights"),
}


def _is_whole(_, value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_, value):
    return _is_whole(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON Schema takes 4.0 for an integer, and Python's float nan and inf for numbers.
Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_whole, "number": _is_number}
    ),
)


def with_shipped_files(config, clone):
    """A copy of a config in which shipped files, in resources/, are found from any folder.

    clone: Path of the project's folder. A path below resources/ that does not exist in the folder
    where Snakemake runs, but does in the clone, is replaced by that in the clone. Anything else
    stays as it is, also what the schema does not accept.
    """
    if isinstance(config, dict):
        return {key: with_shipped_files(value, clone) for key, value in config.items()}
    if isinstance(config, list):
        return [with_shipped_files(value, clone) for value in config]
    if not (isinstance(config, str) and config.startswith("resources/")):
        return config
    return (
        str(clone / config) if not path_exists(config) and path_exists(clone / config) else config
    )


def check_config(config, schema_path):
    """Check a merged config against the JSON Schema and against itself.

    config: dict; schema_path: YAML file. Raises InputError with one sentence per problem, each
    naming key, value and what is allowed.
    """
    problems, _ = config_problems(config, schema_path)
    if problems:
        raise InputError("; ".join(problem.sentence for problem in problems))


def config_problems(config, schema_path):
    """Everything that is wrong with a merged config, and which of its blocks the schema accepts.

    config: dict; schema_path: YAML file. Returns a list of Problems and a set of top-level keys,
    whose blocks have the form that other code expects and were checked against each other.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    errors = list(Validator(schema).iter_errors(_with_text_keys(config)))
    # A key that is wrong in more than one way is reported once.
    once = {str(e.absolute_path): e for e in errors[::-1]}.values()
    problems = [Problem(_place(e.absolute_path, config), _sentence(e, config)) for e in once]
    broken = {error.absolute_path[0] for error in errors if error.absolute_path}
    sound = set(schema["required"]) & set(config) - broken
    return problems[::-1] + _contradictions(config, sound), sound


def _with_text_keys(value):
    """A copy of a config whose keys are all text: the schema's patterns match no other keys."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return [_with_text_keys(inner) for inner in value] if isinstance(value, list) else value


def file_problems(path):
    """Sentences on why a file cannot be read as a config; none for a file that does not exist.

    Keys that occur twice are among the reasons: all but the last would be ignored.
    """
    if not path_exists(path):
        return []
    try:
        text = read_text(path)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)
    except InputError as error:
        return [str(error)]
    except yaml.YAMLError as error:
        return [f"{path}: is not complete YAML: {' '.join(str(error).split())}"]
    if not isinstance(root, yaml.MappingNode):
        return [f"{path}: holds no keys, 'key: value' on each line"]
    problems, waiting = [], [("", root)]
    while waiting:
        where, node = waiting.pop(0)
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{where}{i}.", each) for i, each in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines = collections.defaultdict(list)
            for key, value in node.value:
                lines[str(key.value)].append(str(key.start_mark.line + 1))
                waiting.append((f"{where}{key.value}.", value))
            problems += [
                f"{path}: the key {where}{key} is given {len(given)} times, on the lines "
                f"{', '.join(given)}: keep one of them"
                for key, given in lines.items()
                if len(given) > 1
            ]
    return problems


def _contradictions(config, sound):
    """Keys that contradict others, or paths that do not exist, in the blocks of `sound`."""
    problems = []
    if "posterior" in sound:
        problems += _source_problems(config["posterior"])
    if "perturbation" in sound:
        try:
            lambda_grid(**config["perturbation"])
        except InputError as error:
            problems.append(Problem("perturbation", str(error)))
    if {"figures", "posterior"} <= sound:
        sample, samples = config["figures"]["sample"], config["posterior"]["samples"]
        if sample >= samples:
            sentence = f"{sample} is not one of the {samples} samples, which are counted from 0"
            problems.append(Problem("figures.sample", f"figures.sample: {sentence}"))
    if {"study", "posterior"} <= sound and config["posterior"]["file"] is not None:
        own = Path("results") / config["study"] / "posterior.nc"
        if Path(config["posterior"]["file"]).absolute() == own.absolute():
            sentence = f"posterior.file: {own} is this study's own result: name another study"
            problems.append(Problem("posterior.file", sentence))
    if {"crystal", "posterior"} <= sound and config["posterior"]["training"] is not None:
        fitted, element = config["posterior"]["training"]["element"], config["crystal"]["element"]
        where = "posterior.training.element"
        if isinstance(fitted, str) and fitted != element:
            sentence = f"{where}: {fitted} is not crystal.element, {element}: name the same"
            problems.append(Problem(where, sentence))
        elif element not in fitted:
            sentence = f"{where}: {', '.join(fitted)} lack crystal.element, {element}: name it too"
            problems.append(Problem(where, sentence))
    if "structures" in sound:
        problems += structure_problems(config)
    if {"crystal", "structures"} <= sound:
        problems += crystal_problems(config)
    if {"fit", "crystal", "structures"} <= sound and config["fit"] is not None:
        problems += fit_problems(config)
    return problems


def _source_problems(posterior):
    given = [source for source in SOURCES if posterior[source] is not None]
    problems = []
    if len(given) != 1:
        sentence = (
            "posterior: exactly one of file, ensemble, analytic and training must be set, found "
            f"{' and '.join(given) or 'none'}: set the others to null"
        )
        problems.append(Problem("posterior", sentence))
    for source in given:
        if source == "file":
            named = {"posterior.file": posterior["file"]}
        else:
            paths = paths_in(posterior[source], source)
            named = {f"posterior.{source}.{key}": path for key, path in paths.items()}
        if source == "ensemble":
            problems += _uncertainty_problems(posterior[source], source, ENSEMBLE_SOURCES)
        if source == "analytic":
            problems += _uncertainty_problems(posterior[source], source, NAMED_SOURCES)
        for key, path in named.items():
            if not path_exists(path):
                hint = ": ~ is not replaced, write it out" if path.startswith("~") else ""
                problems.append(Problem(key, f"{key}: {path} does not exist{hint}"))
            elif Path(path).is_dir() and key != "posterior.training.data":
                problems.append(Problem(key, f"{key}: {path} is a folder, name a file"))
        reference = None if source == "file" else posterior[source].get("reference")
        try:
            baseline_from_settings(reference)
        except InputError as error:
            where = f"posterior.{source}.reference"
            problems.append(Problem(where, f"{where}.{error}"))
    return problems


def paths_in(settings, source):
    """The files and folders that a source names, a dict of key and path."""
    given = {key: settings.get(key) for key in PATHS[source]}
    return {key: path for key, path in given.items() if path is not None}


def _uncertainty_problems(settings, source, keys):
    """A Problem unless exactly one of the keys is given in `posterior.<source>`."""
    given = [key for key in keys if settings.get(key) is not None]
    if len(given) == 1:
        return []
    *others, last = keys
    sentence = (
        f"posterior.{source}: exactly one of {', '.join(others)} and {last} must be set, found "
        f"{' and '.join(given) or 'none'}: leave the others out"
    )
    return [Problem(f"posterior.{source}", sentence)]


def _sentence(error, config):
    """A validation error as a sentence for the user."""
    where = _place(error.absolute_path, config)
    if error.validator == "additionalProperties" and "properties" not in error.schema:
        return f"{where}: {error.message} ({error.schema['description']})"
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = [key for key in error.instance if key not in known]
        return " and ".join(_unknown_key(where, key, known) for key in unknown)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{where or 'config'}: the key {', '.join(missing)} is missing"
    if error.validator in ("anyOf", "oneOf") and error.context:
        deepest = max(error.context, key=lambda inner: len(inner.absolute_path))
        return _sentence(deepest, config)
    hint = _type_hint(error.instance, error.validator_value) if error.validator == "type" else ""
    allowed = error.schema.get("description", "")
    return f"{where}: {error.message}{hint}" + (f" ({allowed})" if allowed else "")


def _type_hint(value, wanted):
    """What to write instead of a value that is no number, or not of the kind that the key needs."""
    wanted = wanted if isinstance(wanted, str) else wanted[0]
    if wanted not in ("integer", "number"):
        return ""
    if isinstance(value, bool):
        return ": write a number"
    if isinstance(value, float) and not math.isfinite(value):
        return ": it must be finite"
    if isinstance(value, float):
        return f": write {value:.0f}" if value.is_integer() else ": write a whole number"
    try:
        number = float(value)
    except (TypeError, ValueError):
        return ""
    if not math.isfinite(number):
        return ""
    # YAML reads 1e-4 as text.
    return f": that is text, write {number!r} without quotes, with a point before any e"


def _place(path, config):
    """The keys that lead to a value, joined by dots; a structure by its name if it has one."""
    parts = [str(part) for part in path]
    if len(parts) > 1 and parts[0] == "structures":
        settings = config["structures"][path[1]]
        name = settings.get("name") if isinstance(settings, dict) else None
        parts[1] = name if isinstance(name, str) and name else parts[1]
    return ".".join(parts)


def _unknown_key(where, key, known):
    prefix = f"{where}." if where else ""
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean '{prefix}{near[0]}'?" if near else f"known are {', '.join(known)}"
    return f"unknown config key '{prefix}{key}': {hint}"
