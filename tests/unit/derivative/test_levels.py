"""The table of levels: what it says of each, and that nothing else knows their names."""

import ast
from pathlib import Path

import pytest

from relaxdiff.derivative.levels import (
    DERIVATIVE_LEVELS,
    EVALUATION,
    HESSIAN,
    LEVELS,
    NEIGHBOURS_X,
    level_named,
    most_complete,
    names_of_levels,
)

PROJECT = Path(__file__).parents[3]
TABLE = PROJECT / "src/relaxdiff/derivative/levels.py"
# 'c', 'h' and 'newton' are names of other things, too.
SPELLED = {"ih", "h+ih", "h+ih@x", "newton@x", "neighbours@x", "@x"}
PYTHON_FILES = [
    path
    for folder in ("src", "scripts")
    for path in sorted((PROJECT / folder).rglob("*.py"))
    if path != TABLE
]


def test_levels_by_what_they_need():
    assert DERIVATIVE_LEVELS == ("c", "h", "ih", "h+ih")
    assert names_of_levels(HESSIAN) == ("newton",)
    assert names_of_levels(EVALUATION) == ("h+ih@x", "newton@x")


def test_the_most_complete_level_is_the_last_of_the_table_whatever_the_order():
    assert most_complete(["newton", "c", "h+ih"]) == "newton"
    assert most_complete(["h+ih@x", "newton"]) == "h+ih@x"
    with pytest.raises(ValueError, match="hessian"):
        most_complete(["hessian"])


def test_a_level_is_evaluated_at_another_one_and_keeps_what_moves():
    for name in names_of_levels(EVALUATION):
        level = level_named(name)
        at = level_named(level.at)
        assert (level.cell, level.atoms) == (at.cell, at.atoms)
        assert level.energy_order > at.energy_order
        assert LEVELS.index(level) > LEVELS.index(at)


def test_only_what_is_found_on_the_way_has_no_order():
    without = [level for level in LEVELS if level.energy_order is None]
    assert without == [NEIGHBOURS_X]
    assert [level for level in LEVELS if level.structure_order is None] == without


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_other_module_spells_a_level(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert not found & SPELLED
