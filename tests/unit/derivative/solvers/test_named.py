"""Solvers by their names."""

import pytest

from relaxdiff.derivative.solvers.named import solver_of
from relaxdiff.exceptions import InputError
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.2)  # its lattice parameter does not count


@pytest.fixture(scope="module")
def minimum(small_study):
    return small_study.minimum


def test_unknown_solver_is_refused(minimum):
    with pytest.raises(InputError, match="dense, sparse, energy"):
        solver_of("exact", minimum, CRYSTAL, 2)
