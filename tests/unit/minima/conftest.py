"""Minima whose curvatures tests look at."""

import pytest

from relaxdiff import relax
from relaxdiff.structures.kinds import vacancy_cell


@pytest.fixture(scope="session")
def minimum(small_study):
    """A vacancy in a cell that relaxes isotropically."""
    return small_study.minimum


@pytest.fixture(scope="session")
def constants(small_study):
    """Its force constants."""
    return small_study.constants


@pytest.fixture(scope="session")
def in_full_cell(tungsten):
    """The same in a cell that relaxes with all six strains."""
    return relax(vacancy_cell("W", 3.18, 2), tungsten, cell="full")
