"""Solvers by their names."""

import pytest
from crystal_study import two_of_copper

from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.derivative.solvers.named import solver_of
from relaxdiff.exceptions import InputError
from relaxdiff.minima.reference import relax_reference
from relaxdiff.structures.lattices import PerfectCrystal, crystal_of_settings

CRYSTAL = PerfectCrystal("W", "bcc", 3.2)  # its lattice parameter does not count


@pytest.fixture(scope="module")
def minimum(small_study):
    return small_study.minimum


def test_unknown_solver_is_refused(minimum):
    with pytest.raises(InputError, match="dense, sparse, energy"):
        solver_of("exact", minimum, CRYSTAL, 2)


def test_the_sparse_solver_knows_the_lattice_of_a_compound():
    compound = {
        "element": "Cu",
        "lattice": "L1_2",
        "sites": ["Cu", "Ni"],
        "lattice_parameter": 3.61,
    }
    vacancy = {"name": "it", "kind": "vacancy", "site": "Ni", "supercell": 2, "cell": "isotropic"}
    minimum = relax_reference(two_of_copper(0.05), compound, vacancy)
    sparse = solver_of("sparse", minimum, crystal_of_settings(compound), 2)
    found = implicit_derivative(minimum, sparse)["position_derivative"].values
    expected = implicit_derivative(minimum)["position_derivative"].values
    assert found == pytest.approx(expected, abs=1e-6 * abs(expected).max())
