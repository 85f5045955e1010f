"""What docs/architecture.md names exists, and its pictures are those of rules and layers."""

import ast
import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"^```mermaid\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
NAMES = dict.fromkeys(re.findall(r"`([^`\n]+)`", PROSE))
DOTTED = [name for name in NAMES if re.fullmatch(r"[a-z_]+(\.\w+)+", name) and "/" not in name]
PATHS = [name for name in NAMES if re.fullmatch(r"[\w./]+/[\w./]+", name)]
LAYERS = next(
    each["layers"]
    for each in tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    if each["type"] == "layers"
)
PACKAGES = [name for layer in LAYERS for name in layer.split(" | ")]


def found(name):
    """What a name below relaxdiff stands for."""
    parts = ["relaxdiff", *name.split(".")]
    for place in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:place]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[place:]:
            thing = getattr(thing, attribute)
        return thing
    raise AssertionError(name)


def is_file(name):
    """Whether a dotted name is that of a file in the root or in results."""
    return name.rpartition(".")[2] in {"toml", "yaml", "nc", "csv", "md"}


def test_the_page_is_read():
    assert len(PICTURES) == 2
    assert len(DOTTED) > 40
    assert len(PATHS) > 5


@pytest.mark.parametrize("name", [name for name in DOTTED if not is_file(name)])
def test_every_name_is_there(name):
    thing = found(name)
    if inspect.isclass(thing) or inspect.isfunction(thing):  # and where the page says, not imported
        module = thing.__module__.removeprefix("relaxdiff.")
        assert name.startswith(f"{module}.")


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_there(path):
    if "NAME" in path:  # of what is to be added, its folder
        path = path.rpartition("/")[0]
    assert (PROJECT / path).exists()


def test_the_picture_of_the_data_shows_rules():
    rules = "".join(path.read_text() for path in (PROJECT / "workflow/rules").glob("*.smk"))
    known = set(re.findall(r"^ *rule (\w+):", rules, re.MULTILINE))
    files = set(re.findall(r"(\w+)\(\[", PICTURES[0]))
    nodes = re.sub(r'\(\[".*?"\]\)|-\..*\.->|^flowchart TD', " ", PICTURES[0])
    shown = set(re.findall(r"\w+", nodes)) - files
    assert len(shown) > 10
    assert shown <= known


def test_the_picture_of_the_packages_is_that_of_the_layers():
    order = [re.findall(r"\w+", line)[0] for line in PICTURES[1].splitlines()[1:]]
    last = re.search(r'"(units, exceptions)"', PICTURES[1])
    assert order == [layer for layer in LAYERS if " | " not in layer]
    assert last[1].split(", ") == LAYERS[-1].split(" | ")


def test_every_package_has_a_paragraph():
    headings = set(re.findall(r"^### (.*)$", PAGE, re.MULTILINE))
    told = {name for heading in headings for name in heading.split(" and ")}
    assert told == set(PACKAGES) - {"cli"}


def walks():
    """The rows of the last table: rule's file, scripts and names, and the line of the equation."""
    table = PAGE.split("## From a rule to its equation")[1]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "`" in line]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def test_walks_end_at_the_line_of_the_equation():
    assert len(walks()) == 4
    for *names, line in walks():
        assert f"{line}\n" in inspect.getsource(found(names[-1]))


def taken_from(path):
    """Modules of relaxdiff that define what a file imports, through packages too."""
    imports = [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("relaxdiff")
        for alias in node.names
    ]
    things = [getattr(importlib.import_module(module), name) for module, name in imports]
    return {getattr(thing, "__module__", None) for thing in things}


def test_walks_are_no_longer_than_three_files():
    script = None
    for *names, _ in walks():
        if names[0].isidentifier():
            rule, rules, script, *names = names
            text = (PROJECT / rules).read_text(encoding="utf-8")
            assert f'"../../{script}"' in text.partition(f"rule {rule}:")[2].partition("\nrule ")[0]
        files = [PROJECT / script]
        for name in names:
            module = found(name).__module__
            near = files[-1:] if module in taken_from(files[-1]) else []
            # One that a module imports which the script does is on the way, though not in the row.
            near = (
                near
                or [
                    path
                    for path in map(path_of, taken_from(files[-1]) - {None})
                    if module in taken_from(path)
                ][:1]
            )
            assert near, name
            files += [path for path in (*near, path_of(module)) if path not in files]
        assert len(files) <= 3


def path_of(module):
    """The file of a module of relaxdiff."""
    return Path(importlib.import_module(module).__file__)
