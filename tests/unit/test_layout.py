"""A test is found from its module without search: tests mirror the tree.

tests/unit/PACKAGE/test_MODULE.py tests src/relaxdiff/PACKAGE/MODULE.py. Tests of other folders of
the project are in a folder of the same name, and what several test files import is in tests/shared.
"""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import relaxdiff

PROJECT = Path(__file__).parents[2]
LIBRARY, TESTS = PROJECT / "src/relaxdiff", PROJECT / "tests"
WITHOUT_TEST = {
    "exceptions.py",  # four names
    "figures/drawing.py",  # draws what registry.py names, tested with it
    "figures/fit_page_template.py",  # the text of a page, tested with fit_page.py
    "figures/interactive_atoms.py",  # a part of the same page's script
    "figures/interactive_script.py",  # the same page's script
    "figures/interactive_template.py",  # the text of a page, tested with interactive.py
}
WITHOUT_MODULE = {
    "test_layout.py",
    # All potentials with all solvers, against structures relaxed anew.
    "derivative/test_every_potential.py",
    # Atoms that are held, from the relaxation to the check: all modules must honour it.
    "minima/test_held_atoms.py",
    "truth/test_truth_with_held_atoms.py",
    # From a file of training data to LAMMPS with the fitted potential.
    "posterior/test_several_elements.py",
}


def modules():
    """Paths of all modules below src/relaxdiff; packages only re-export."""
    paths = (path.relative_to(LIBRARY) for path in LIBRARY.rglob("*.py"))
    return {str(path) for path in paths if path.name != "__init__.py"}


def files_of_tests():
    """Paths of the modules that files in tests/unit are named after, and those files."""
    unit = TESTS / "unit"
    found = {path.relative_to(unit) for path in unit.rglob("test_*.py")}
    return {str(path.with_name(path.name.removeprefix("test_"))): str(path) for path in found}


def test_every_module_has_a_file_of_tests():
    assert sorted(modules() - set(files_of_tests()) - WITHOUT_TEST) == []


def test_every_file_of_tests_has_a_module():
    lost = {test for module, test in files_of_tests().items() if module not in modules()}
    assert sorted(lost - WITHOUT_MODULE) == []


def test_exceptions_are_needed():
    assert WITHOUT_TEST <= modules() - set(files_of_tests())


def test_other_tests_are_in_a_folder_named_after_what_they_test():
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    others = {folder.parts[0] for folder in folders} - {"unit"}
    assert others
    for name in others:
        assert (PROJECT / name).is_dir(), f"tests/{name} tests no folder of that name"
    assert not list((TESTS / "shared").glob("test_*"))


@pytest.mark.parametrize("name", ["scripts"])
def test_tests_of_scripts_are_named_after_them(name):
    for path in (TESTS / name).glob("test_*.py"):
        assert (PROJECT / name / path.name.removeprefix("test_")).is_file(), path.name


def imports_across(path):
    """Modules of other packages that a module imports from, with the names taken."""
    own = package_of(".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("relaxdiff."):
            if node.module != own and package_of(node.module) != own:
                yield node.module, [alias.name for alias in node.names]


def package_of(module):
    return module.rpartition(".")[0]


@pytest.mark.parametrize("module", sorted(modules()))
def test_packages_take_from_each_other_what_these_export(module):
    """Never from a module within; the few modules that are in no package apart."""
    path = LIBRARY / module
    if path.parent == LIBRARY and path.name == "cli.py":
        pytest.skip("the command line is in no package")
    for source, names in imports_across(path):
        if source in ("relaxdiff.exceptions", "relaxdiff.units"):
            continue
        package = importlib.import_module(source)
        assert Path(package.__file__).name == "__init__.py", source
        assert set(names) <= set(package.__all__), source


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("__init__.py")), ids=lambda p: p.parent.name)
def test_packages_say_what_lives_there_and_export_what_exists(path):
    name = ".".join(path.parent.relative_to(LIBRARY.parent).parts)
    package = importlib.import_module(name)
    assert package.__doc__.strip().endswith(".")
    assert "\n" not in package.__doc__.strip()
    assert list(package.__all__) == sorted(set(package.__all__))
    assert all(hasattr(package, each) for each in package.__all__)


@pytest.mark.parametrize(
    "name", [name for name in relaxdiff.__all__ if inspect.isfunction(getattr(relaxdiff, name))]
)
def test_what_import_relaxdiff_gives_is_annotated(name):
    signature = inspect.signature(getattr(relaxdiff, name))
    annotations = [each.annotation for each in signature.parameters.values()]
    assert inspect.Signature.empty not in [*annotations, signature.return_annotation]
