"""Write docs/config.md, a section for each key of the config.

What is allowed comes from workflow/schemas/config.schema.yaml, the defaults and what keys mean from
config.yaml: the comment above a key, or the lines of it that begin with the name of a key below.

    python docs/write_config_reference.py
"""

import re
import textwrap
from pathlib import Path

import yaml

from relaxdiff.structures.kinds import COMMON_KEYS, KINDS

PROJECT = Path(__file__).parents[1]
COMMAND = "python docs/write_config_reference.py"
WIDTH = 105
EXAMPLE = re.compile(r"^  # (- |  )")  # of entries in `structures` that are commented out
BRACKETS = re.compile(r"[\w/.]*<\w+>[\w/<>]*(\.\w+)?")  # Markdown would take <study> for HTML
KEY = re.compile(r"^(?P<indent> *(- )?)(?P<key>\w+):")
KEY_IN_COMMENT = re.compile(r"^(?P<indent> {2,})(?P<key>\w+):(?P<text>( .*)?)$")
VALUE_FIRST = re.compile(r"\w+:")
TYPES = {"integer": "whole number", "number": "number", "string": "text"}

HEAD = f"""# Every key of the config

*Made from [config.yaml](../config.yaml) and its
[schema](../workflow/schemas/config.schema.yaml) by `{COMMAND}`:
edit those, not this page.*

A study is described by `config.yaml`, with the keys of a file of your own
(`--configfile mine.yaml`) laid over it: a file of your own holds the keys that differ. Lists are
replaced as a whole. A key that is not on this page is refused before anything runs, with the
nearest one that is.

Snakemake may run in another folder than the clone, with `-s` or `--directory`: results go there.
Defaults still come from the clone, a `config.yaml` in that folder goes over them, and files below
`resources/` that the folder lacks are the clone's. All other paths start in that folder.
"""


def reference():
    """The text of docs/config.md."""
    schema = _load("workflow/schemas/config.schema.yaml")
    defaults = _load("config.yaml")
    meanings = key_comments((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    parts = [HEAD]
    for key, rule in schema["properties"].items():
        parts.append(f"## {key}\n")
        if key == "structures":
            parts += _structures(rule, schema, meanings)
        elif rule.get("type") == "object":
            parts.append(_wrap(meanings.get(key, "")))
            parts += _block(key, rule, schema, meanings, defaults[key])
        else:
            parts += _lines(key, rule, schema, meanings, defaults[key])
            if _has_sections(key, rule, meanings):
                parts += _block(key, rule, schema, meanings, defaults[key])
    return "\n".join(part for part in parts if part)


def key_comments(text):
    """What is said of each key in config.yaml, a dict: dotted key -> text.

    Keys of `structures` are given by kind: structures.surface.plane; what is said of an entry as a
    whole under structures.surface.
    """
    before, listed = text.split("structures:\n")
    listed, after = re.split(r"\n(?=\n# )", listed, maxsplit=1)
    found = {"structures": _joined(line[1:] for line in _last_comment(before))}
    for part in (before, after):
        above, block = [], ""
        for line in part.splitlines():
            match = KEY.match(line)
            if line.lstrip().startswith("#"):
                above.append(line.lstrip()[1:])
                continue
            if match and not match["indent"]:
                block = match["key"]
                found |= _split(block, above)
            elif match and len(match["indent"]) == 2:
                found |= _split(f"{block}.{match['key']}", above)
            above = []
    return found | _structure_comments(listed)


def _structure_comments(text):
    """The same of the entries of `structures`, most of which are commented out."""
    found, above, heading, kind = {}, [], [], ""
    for commented in text.splitlines():
        line = EXAMPLE.sub(r"  \1", commented)
        match = KEY.match(line)
        if line.lstrip().startswith("#"):
            above.append(line.lstrip()[1:])
            continue
        if match["key"] == "name":
            heading = above
        elif match["key"] == "kind":
            kind = line.split(":")[1].strip()
            found[f"structures.{kind}"] = _joined(heading)
            found.setdefault("structures.kind", _joined(above))
        elif above:
            found[f"structures.{kind}.{match['key']}"] = _joined(above)
        above = []
    # The first entry says what all have.
    found["structures.name"] = found["structures.vacancy"]
    return found


def _last_comment(text):
    """The lines of the comment that a text ends with."""
    return text.rstrip("\n").rsplit("\n\n", 1)[-1].splitlines()


def _split(dotted, comment):
    """What a comment says of a key, and of the keys below it that its lines begin with."""
    found, open_keys, current = {dotted: []}, [], dotted
    for line in comment:
        match = KEY_IN_COMMENT.match(line)
        if match:
            indent = len(match["indent"])
            open_keys = [each for each in open_keys if each[0] < indent]
            current = ".".join([dotted, *(name for _, name in open_keys), match["key"]])
            open_keys.append((indent, match["key"]))
            found[current] = [match["text"]]
        elif line.startswith("  "):
            found[current].append(line)
        else:
            current, open_keys = dotted, []
            found[current].append(line)
    return {key: _joined(lines) for key, lines in found.items()}


def _joined(lines):
    return " ".join(" ".join(lines).split())


def _block(where, rule, schema, meanings, defaults):
    """Sections of the keys of a block, those of blocks within blocks behind them."""
    parts = []
    for key, inner in rule["properties"].items():
        dotted = f"{where}.{key}"
        default = defaults.get(key) if defaults is not None else None
        parts.append(f"### {dotted}\n")
        inner = _resolved(inner, schema)
        needed = "needed" if key in rule["required"] else "may be left out"
        parts += _lines(dotted, inner, schema, meanings, default, needed if not defaults else "")
        inner = _resolved(inner.get("items", inner), schema)  # of a list the keys of its entries
        if _has_sections(dotted, inner, meanings):
            parts += _block(dotted, inner, schema, meanings, default)
    return parts


def _has_sections(dotted, rule, meanings):
    """Whether something is said of the keys of a block one by one."""
    return any(f"{dotted}.{name}" in meanings for name in rule.get("properties", {}))


def _lines(dotted, rule, schema, meanings, default, needed=""):
    """What a key can be, its default, and what it means."""
    allowed = _allowed(rule, schema, _has_sections(dotted, rule, meanings))
    shown = needed or f"default `{_flow(default)}`"
    return [_wrap(f"{allowed}; {shown}."), _wrap(meanings.get(dotted, ""))]


def _structures(rule, schema, meanings):
    """Sections of the keys that all entries have, and of those that each kind has."""
    keys = rule["items"]["properties"]
    parts = [
        _wrap(
            f"A list of entries, at least {rule['minItems']}. {meanings['structures']} Which keys "
            "an entry has depends on its kind; it takes no others and needs all of them, but for "
            "the `element` of interstitials and dumbbells."
        )
    ]
    said = {
        "name": meanings["structures.name"],
        "kind": meanings["structures.kind"],
        "cell": meanings["structures.vacancy.cell"],
    }
    for key in COMMON_KEYS:
        parts += [f"### structures: {key}\n", _wrap(f"{_allowed(keys[key], schema)}; needed.")]
        parts.append(_wrap(said[key]))
    vacancy = KINDS["vacancy"]
    parts += ["### structures: point defects\n", _cells(vacancy.cells)]
    parts.append(_kind_table(vacancy.name, vacancy.keys, keys, schema, meanings))
    for kind in KINDS.values():
        if kind.keys == vacancy.keys:
            continue
        name = kind.name
        parts += [f"### structures: {name}\n", _wrap(meanings[f"structures.{name}"])]
        also = meanings.get(f"structures.{name}.cell")
        parts += [_cells(kind.cells), _wrap(also or "")]
        given = [key for key in keys if f"structures.{name}.{key}" in meanings and key != "cell"]
        own = [*kind.keys, *(key for key in given if key not in kind.keys)]
        parts.append(_kind_table(name, own, keys, schema, meanings))
    return parts


def _cells(cells):
    return f"`cell`: {', '.join(f'`{cell}`' for cell in cells)}.\n"


def _kind_table(kind, names, keys, schema, meanings):
    """A table of the keys of one kind of structure."""
    rows = [
        f"| `{name}` | {_allowed(keys[name], schema)} | "
        f"{_plain(meanings.get(f'structures.{kind}.{name}', ''))} |"
        for name in names
    ]
    return "\n".join(["| key | value | meaning |", "|---|---|---|", *rows, ""])


def _allowed(rule, schema, apart=False):
    """What a value can be, in words. apart: its keys have sections of their own."""
    rule = _resolved(rule, schema)
    kinds = rule.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    kind = next((each for each in kinds if each != "null"), None)
    if "enum" in rule:
        *others, last = (f"`{each}`" for each in rule["enum"])
        words = f"{', '.join(others)} or {last}" if others else last
    elif kind == "boolean":
        words = "`true` or `false`"
    elif kind == "object" and "properties" not in rule:
        words = f"a block with {rule['description']}"
    elif kind == "object":
        inner = rule["properties"]
        names = ", ".join(
            f"`{name}`" if apart else f"`{name}` ({_allowed(each, schema)})"
            for name, each in inner.items()
        )
        words = f"a block with the keys {names}"
    elif kind in ("string", "array"):
        words = rule.get("description", "text")
    else:
        words = f"{TYPES[kind]}{_range(rule)}"
    return words + (" or `null`" if "null" in kinds else "")


def _range(rule):
    low, above = rule.get("minimum"), rule.get("exclusiveMinimum")
    high, below = rule.get("maximum"), rule.get("exclusiveMaximum")
    words = []
    if above is not None:
        words.append(f"above {above:g}")
    elif low is not None and high is None:
        words.append(f"{low:g} or more" if below is None else f"from {low:g}")
    elif low is not None:
        words.append(f"from {low} to {high}")
    if below is not None:
        words.append(f"below {below:g}")
    elif high is not None and (low is None or above is not None):
        words.append(f"up to {high}")
    return f" {', '.join(words)}" if words else ""


def _resolved(rule, schema):
    """A schema's rule with what its $ref names."""
    if "$ref" not in rule:
        return rule
    return schema["$defs"][rule["$ref"].rsplit("/", 1)[1]] | rule


def _flow(value):
    """A value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return text.strip().removesuffix("...").strip()


def _wrap(text):
    """A paragraph; nothing of nothing."""
    if not text:
        return ""
    if not VALUE_FIRST.match(text):
        text = text[0].upper() + text[1:]
    text = _plain(text.removesuffix(":"))
    text += "" if text.endswith(".") else "."
    lines = textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{lines}\n"


def _plain(text):
    """Text in which nothing is taken for HTML."""
    return BRACKETS.sub(lambda match: f"`{match[0]}`", text)


def _load(path):
    return yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))


if __name__ == "__main__":
    (PROJECT / "docs/config.md").write_text(reference(), encoding="utf-8")
