"""Each level's own block of the Hessian."""

import ast
from pathlib import Path

import numpy as np
import pytest

from relaxdiff.derivative.levels import (
    DERIVATIVE_LEVELS,
    EVALUATION,
    HESSIAN,
    LEVELS,
    NEIGHBOURS_X,
    level_derivatives,
    level_named,
    most_complete,
    names_of_levels,
)


@pytest.mark.parametrize("strains", [0, 1, 3, 6])
@pytest.mark.parametrize("modes", [0, 3])
def test_each_level_solves_its_own_block(modes, strains):
    rng = np.random.default_rng(1)
    size = modes + strains
    square = rng.normal(size=(size, size))
    hessian, columns = square @ square.T + np.eye(size), rng.normal(size=(size, 6))
    derivatives = dict(
        zip(DERIVATIVE_LEVELS, level_derivatives(hessian, columns, strains), strict=True)
    )
    atoms, cell = slice(modes), slice(modes, size)
    assert not derivatives["c"].any()
    assert not derivatives["h"][atoms].any()
    assert hessian[cell, cell] @ derivatives["h"][cell] == pytest.approx(-columns[cell])
    assert not derivatives["ih"][cell].any()
    assert hessian[atoms, atoms] @ derivatives["ih"][atoms] == pytest.approx(-columns[atoms])
    assert hessian @ derivatives["h+ih"] == pytest.approx(-columns)


@pytest.mark.parametrize("strains", [0, 1, 3])
def test_level_derivatives_are_those_of_the_parts_of_the_hessian(strains):
    random = np.random.default_rng(6)
    root = random.normal(size=(6, 6))
    hessian, columns = root @ root.T + np.eye(6), random.normal(size=(6, 2))
    found = dict(zip(DERIVATIVE_LEVELS, level_derivatives(hessian, columns, strains), strict=True))
    size = 6 - strains
    expected = {level: np.zeros((6, 2)) for level in DERIVATIVE_LEVELS}
    expected["h+ih"] = -np.linalg.solve(hessian, columns)
    expected["ih"][:size] = -np.linalg.solve(hessian[:size, :size], columns[:size])
    expected["h"][size:] = -np.linalg.solve(hessian[size:, size:], columns[size:])
    for level in DERIVATIVE_LEVELS:
        np.testing.assert_allclose(found[level], expected[level], atol=1e-12, err_msg=level)


PROJECT = Path(__file__).parents[3]


TABLE = PROJECT / "src/relaxdiff/derivative/levels.py"


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
