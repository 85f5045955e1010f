"""The config file checked before any job starts: unknown keys, wrong types, contradictions."""

import difflib
from pathlib import Path

import jsonschema
import yaml

from relaxdiff.exceptions import InputError
from relaxdiff.structure_settings import structure_problems
from relaxdiff.variants import lambda_grid

SOURCES = ("file", "ensemble", "training")
# Keys under `posterior` that name a file or folder of the user's.
PATHS = {
    "file": (),
    "ensemble": ("coefficients", "parameters", "samples"),
    "training": ("data", "group_weights"),
}


def check_config(config, schema_path):
    """Check a merged config against the JSON Schema and against itself.

    config: dict; schema_path: YAML file. Raises InputError with one sentence per problem, each
    naming key, value and what is allowed.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    problems = [
        _sentence(error, config)
        for error in jsonschema.Draft202012Validator(schema).iter_errors(config)
    ]
    if not problems:
        problems = _contradictions(config) + structure_problems(config)
    if problems:
        raise InputError("; ".join(problems))


def _contradictions(config):
    posterior = config["posterior"]
    given = [source for source in SOURCES if posterior[source] is not None]
    if len(given) != 1:
        return [
            "posterior: exactly one of file, ensemble and training must be set, found "
            f"{' and '.join(given) or 'none'}: set the others to null"
        ]
    problems = []
    try:
        lambda_grid(**config["perturbation"])
    except InputError as error:
        problems.append(str(error))
    if config["figures"]["sample"] >= posterior["samples"]:
        problems.append(
            f"figures.sample: {config['figures']['sample']} is not one of the "
            f"{posterior['samples']} samples, which are counted from 0"
        )
    own = Path("results") / config["study"] / "posterior.nc"
    if posterior["file"] is not None and Path(posterior["file"]).absolute() == own.absolute():
        problems.append(f"posterior.file: {own} is this study's own result: name another study")
    source = given[0]
    named = {f"posterior.{source}.{key}": posterior[source][key] for key in PATHS[source]}
    if source == "file":
        named = {"posterior.file": posterior["file"]}
    problems += [
        f"{key}: {path} does not exist" for key, path in named.items() if not Path(path).exists()
    ]
    return problems


def _sentence(error, config):
    """A validation error in the user's words."""
    where = _place(error.absolute_path, config)
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
    allowed = error.schema.get("description", "")
    return f"{where}: {error.message}" + (f" ({allowed})" if allowed else "")


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
