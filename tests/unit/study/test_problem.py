"""Problems know which part of a config they are about, whatever their sentences say."""

import pytest

from relaxdiff.study.problem import Problem


@pytest.mark.parametrize(
    ("key", "block", "inside"),
    [
        ("structures.slab.cell", "structures.slab", True),
        ("structures.slab", "structures.slab", True),
        ("structures.slab_2.cell", "structures.slab", False),
        ("structures", "structures.slab", False),
        ("crystal.solutes", "posterior", False),
        ("", "posterior", False),
    ],
)
def test_a_problem_is_within_its_block(key, block, inside):
    assert Problem(key, "posterior: a sentence about structures.slab.cell").within(block) is inside
