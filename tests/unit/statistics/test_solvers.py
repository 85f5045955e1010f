"""What the study of the solvers compares, on a cell of 15 atoms."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.derivative.solvers import SOLVERS
from relaxdiff.exceptions import RelaxationError
from relaxdiff.statistics.solvers import compare_alphas, compare_displacements, measure_solver
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.2)  # its lattice parameter does not count


@pytest.fixture(scope="module")
def minimum(small_study):
    return small_study.minimum


def truth_of(minimum, status):
    """A truth of sample 0 in which every displacement is zero."""
    lambdas = np.arange(-6.0, 7, 2)
    over = ("sample", "lambda")
    q = np.zeros((1, len(lambdas), minimum.coordinates.size))
    return xr.Dataset(
        {"status": (over, [status]), "coordinates": ((*over, "mode"), q)},
        {"sample": [0], "lambda": lambdas},
    )


def test_all_solvers_predict_the_same_displacements(minimum, posterior):
    table = compare_displacements(
        minimum, posterior, truth_of(minimum, ["converged"] * 7), CRYSTAL, 2
    )
    assert set(table["lambda"]) == {4.0}
    moved = [table["predicted"][table["solver"] == solver].values for solver in SOLVERS]
    assert np.abs(moved[0]).max() > 1e-4
    for other in moved[1:]:
        assert other == pytest.approx(moved[0], abs=1e-6)


def test_displacements_need_a_variant_that_converged(minimum, posterior):
    lost = ["converged", "cut", "left_basin", "converged", "saddle_point", "cut", "cut"]
    with pytest.raises(RelaxationError, match="nothing to compare"):
        compare_displacements(minimum, posterior, truth_of(minimum, lost), CRYSTAL, 2)


def test_error_of_the_energy_solver_grows_with_the_square_of_alpha(minimum, posterior):
    table = compare_alphas(minimum, posterior, alphas=(1e-2, 1e-1)).set_index("alpha")
    assert table.loc[1e-1, "error"] / table.loc[1e-2, "error"] == pytest.approx(100, rel=0.3)


def test_costs_are_those_of_one_direction(minimum, posterior):
    row = measure_solver("dense", minimum, posterior, CRYSTAL, 2)
    assert (row["solver"], row["supercell"], row["atoms"]) == ("dense", 2, 15)
    size = minimum.coordinates.size
    # The Hessian, its strain column, and one gradient.
    assert row["evaluations"] == 4 * size + 4 + 1
    assert row["iterations"] is None
    # Not more than 0 for sure: this process may have memory to spare from other tests.
    assert 0 <= row["grown_MiB"] < row["peak_MiB"]
