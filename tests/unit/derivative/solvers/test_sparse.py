"""The sparse solver agrees with the dense one, and says so when it fails."""

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, implicit_derivative, relax
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.minima.springs import Springs
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

DERIVATIVES = (
    "position_derivative",
    "strain_derivative",
    "level_strain_derivative",
    "energy_curvature",
)


def apart(one, other, name):
    """Largest difference relative to the largest value."""
    scale = np.abs(other[name].values).max(initial=0.0)
    return np.abs(one[name].values - other[name].values).max(initial=0.0) / (scale or 1.0)


def test_sparse_agrees_with_dense(minimum, dense):
    sparse = implicit_derivative(minimum, Sparse(tolerance=1e-9))
    for name in DERIVATIVES:
        assert apart(sparse, dense, name) < 1e-6
    assert "hessian_tensor" not in sparse
    assert sparse.attrs["iterations"] > 0


def test_one_direction_costs_a_fraction_of_all(minimum):
    one = implicit_derivative(minimum, Sparse(), np.eye(55)[:, :1])
    everything = implicit_derivative(minimum, Sparse())
    assert one.attrs["evaluations"] < everything.attrs["evaluations"]
    # Solutions found so far start the next column: far fewer than 55 times as many.
    assert everything.attrs["iterations"] < 20 * max(one.attrs["iterations"], 1)


def test_failures_are_advice(tungsten):
    larger = relax(vacancy_cell("W", 3.18, 3), tungsten)
    with pytest.raises(RelaxationError, match=r"of 56 right-hand sides: not .* after 1 iterations"):
        implicit_derivative(larger, Sparse(max_iterations=1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"tolerance": 2.0}, "tolerance = 2.0"), ({"max_iterations": 0}, "max_iterations = 0")],
)
def test_settings_are_checked_at_once(settings, message):
    with pytest.raises(InputError, match=message):
        Sparse(**settings)


@pytest.mark.parametrize("preconditioned", ["lattice", "springs"])
def test_preconditioners_shorten_the_search(tungsten, preconditioned):
    minimum = relax(vacancy_cell("W", 3.18, 5), tungsten)
    direction = np.random.default_rng(8).normal(size=(55, 1)) * tungsten.theta[:, None]
    crystal = PerfectCrystal("W", "bcc", minimum.atoms.cell.lengths()[0] / 5)
    help_of = {
        "lattice": lambda: LatticeGreen(
            crystal_force_constants(tungsten, crystal), minimum.atoms, 5
        ),
        "springs": lambda: Springs(minimum.atoms),
    }
    plain = implicit_derivative(minimum, Sparse(), direction)
    helped = implicit_derivative(
        minimum, Sparse(preconditioner=help_of[preconditioned]()), direction
    )
    assert helped.attrs["iterations"] < plain.attrs["iterations"]
    # One column for the direction, one for the strain.
    assert helped.attrs["iterations"] <= 2 * {"lattice": 8, "springs": 15}[preconditioned]
    assert apart(helped, plain, "position_derivative") < 1e-6
