"""A digest of the code that a job runs, so that the job runs again after the code was edited."""

import ast
import functools
import hashlib
import re
import textwrap
from pathlib import Path

LIBRARY = Path(__file__).parents[2]  # the folder that holds `relaxdiff`
# A statement that imports from it. Every call of Snakemake looks at all files: to parse them whole
# would take a third of a second.
STATEMENT = re.compile(r"^[ \t]*(?:from|import) relaxdiff\b[^(\n]*(?:\([^)]*\))?", re.MULTILINE)


def code_digest(script):
    """SHA-256 of a script and of all modules of relaxdiff that it imports, directly or not.

    script: path of a Python file. The workflow passes the digest in `params`. For a name imported
    from a package only the module that defines it counts, not the package's other modules.
    `common.py` beside the scripts does not count either, as it computes no results.
    """
    waiting, found = [Path(script).resolve()], set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [_defining(module, name) for module, name, _ in _imports(path)]
    text = "".join(f"{path.name}\n{_source(path)}" for path in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@functools.cache
def _source(path):
    return path.read_text(encoding="utf-8")


@functools.cache
def _imports(path):
    """What a file imports from relaxdiff: a list of module, name in it, name in the file.

    The names are None where the whole module is imported.
    """
    taken = []
    statements = STATEMENT.findall(_source(path))
    for node in ast.parse("\n".join(map(textwrap.dedent, statements))).body:
        if isinstance(node, ast.ImportFrom):
            taken += [(node.module, alias.name, alias.asname or alias.name) for alias in node.names]
        else:
            taken += [(alias.name, None, None) for alias in node.names]
    return taken


def _defining(module, name):
    """The file that defines a name of a module or, through its `__init__`, of a package."""
    folder = LIBRARY.joinpath(*module.split("."))
    if not folder.is_dir():
        return folder.with_suffix(".py")
    own = folder / "__init__.py"
    for origin, original, known_as in _imports(own):
        if name is not None and known_as == name:
            return _defining(origin, original)
    inside = folder / f"{name}.py"
    if inside.is_file():
        return inside
    return folder / f"{name}/__init__.py" if (folder / str(name)).is_dir() else own
