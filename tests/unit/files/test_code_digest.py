"""Which edits run a job again: those of modules that its script takes anything from."""

import ast
import re
import sys
from pathlib import Path

import pytest

from relaxdiff.figures.registry import FIGURES
from relaxdiff.files.code_digest import code_digest

DIGEST = sys.modules["relaxdiff.files.code_digest"]  # the package exports a function of that name
SCRIPTS = sorted(Path(__file__).parents[3].joinpath("scripts").glob("*.py"))


@pytest.fixture
def edited(monkeypatch):
    """Function from a script and a module, such as 'structures/lattices.py': the script's digest
    after an edit of the module."""
    source = DIGEST._source

    def digest(script, module):
        path = DIGEST.LIBRARY / "relaxdiff" / module
        assert path.is_file()
        with monkeypatch.context() as patch:
            patch.setattr(
                DIGEST, "_source", lambda at: source(at) + ("# edited" if at == path else "")
            )
            return code_digest(script)

    return digest


def script(name):
    return next(path for path in SCRIPTS if path.stem == name)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("relax_variants", "structures/lattices.py"),
        ("differentiate_reference", "structures/lattices.py"),
        ("measure_solver", "structures/lattices.py"),
        ("compare_solvers", "structures/lattices.py"),
        ("predict_structure", "minima/minimum.py"),
        ("predict_variants", "posterior/distribution.py"),
        ("differentiate_reference", "derivative/solvers/sparse.py"),
        ("relax_reference", "running/ranks.py"),
        ("plot_figures", "figures/errors.py"),
    ],
)
def test_an_edit_of_a_module_in_use_counts(name, module, edited):
    assert edited(script(name), module) != code_digest(script(name))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("relax_variants", "derivative/implicit.py"),
        ("relax_variants", "predictions/predicted_variants.py"),
        ("relax_reference", "minima/walk.py"),  # a neighbour in a package in use
        ("predict_variants", "figures/style.py"),
        ("sample_posterior", "posterior/pops.py"),
    ],
)
def test_an_edit_elsewhere_does_not(name, module, edited):
    assert edited(script(name), module) == code_digest(script(name))


def test_every_rule_passes_the_digest_of_the_script_that_it_runs():
    rules = SCRIPTS[0].parents[1].joinpath("workflow/rules").glob("*.smk")
    text = "".join(path.read_text(encoding="utf-8") for path in rules)
    runs = re.findall(r"code_of\(\"(\w+)\"\)(?:(?!\brule\b).)*?scripts/(\w+)\.py", text, re.DOTALL)
    assert len(runs) == text.count("    script:") > 25
    assert [digest for digest, _ in runs] == [run for _, run in runs]
    assert {run for _, run in runs} == {path.stem for path in SCRIPTS} - {"common"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_has_a_digest(path):
    assert len(code_digest(path)) == 16


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_an_edit_of_a_module_that_draws_counts(figure, edited):
    plain = script(figure.rule)
    assert edited(plain, f"figures/{figure.module}.py") != code_digest(plain)


def test_imports_are_those_of_the_syntax_tree():
    """Wherever in a file they are."""
    paths = [*SCRIPTS, *DIGEST.LIBRARY.joinpath("relaxdiff").rglob("*.py")]
    for path in paths:
        expected = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = getattr(node, "names", [])
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "relaxdiff":
                expected |= {(node.module, each.name, each.asname or each.name) for each in names}
            elif isinstance(node, ast.Import):
                expected |= {(each.name, None, None) for each in names if "relaxdiff" in each.name}
        assert set(DIGEST._imports(path)) == expected, path


def test_names_are_followed_through_packages(tmp_path, monkeypatch):
    """Renamed ones too, whole modules, and packages in packages."""
    monkeypatch.setattr(DIGEST, "LIBRARY", tmp_path)
    files = {
        "relaxdiff/__init__.py": "",
        "relaxdiff/outer/__init__.py": "from relaxdiff.outer.inner import deep as known\n",
        "relaxdiff/outer/inner/__init__.py": "from relaxdiff.outer.inner.low import deep\n",
        "relaxdiff/outer/inner/low.py": "deep = 1\n",
        "relaxdiff/outer/inner/other.py": "unused = 1\n",
        "relaxdiff/whole.py": "import relaxdiff.outer.leaf\n",
        "relaxdiff/outer/leaf.py": "leaf = 1\n",
        "script.py": "from relaxdiff.outer import known\nfrom relaxdiff import whole\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def digest():
        DIGEST._source.cache_clear()
        DIGEST._imports.cache_clear()
        return code_digest(tmp_path / "script.py")

    before = digest()
    for name, counts in {
        "outer/inner/low": True,
        "outer/leaf": True,
        "outer/inner/other": False,
    }.items():
        path = tmp_path / f"relaxdiff/{name}.py"
        text = path.read_text()
        path.write_text(text + "# edited\n")
        assert (digest() != before) == counts, name
        path.write_text(text)
    digest()
    monkeypatch.undo()
    DIGEST._source.cache_clear()
    DIGEST._imports.cache_clear()
