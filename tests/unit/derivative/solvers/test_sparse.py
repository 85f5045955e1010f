"""The sparse solver agrees with the dense one, and says so when it fails."""

import numpy as np
import pytest

import relaxdiff.derivative.solvers.sparse
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


def test_one_direction_costs_a_fraction_of_all(tungsten):
    minimum = relax(vacancy_cell("W", 3.18, 6), tungsten)
    one = implicit_derivative(minimum, Sparse(), np.eye(55)[:, :1])
    everything = implicit_derivative(minimum, Sparse())
    assert one.attrs["evaluations"] < everything.attrs["evaluations"]


def test_no_direction_is_searched_twice(minimum):
    """All columns together need no more directions than there are, and what rounding leaves."""
    everything = implicit_derivative(minimum, Sparse())
    assert 0 < everything.attrs["iterations"] <= 1.1 * minimum.coordinates.n_modes + 1


def test_few_directions_are_kept_at_a_time(tungsten, monkeypatch):
    """The same solutions in more iterations."""
    minimum = relax(vacancy_cell("W", 3.18, 3), tungsten)
    chosen = np.eye(55)[:, :8]
    with_all = implicit_derivative(minimum, Sparse(), chosen)
    monkeypatch.setattr(relaxdiff.derivative.solvers.sparse, "KEPT", 2)
    with_two = implicit_derivative(minimum, Sparse(), chosen)
    assert with_two.attrs["iterations"] > with_all.attrs["iterations"]
    for name in DERIVATIVES:
        assert apart(with_two, with_all, name) < 1e-6


def test_one_direction_is_that_of_structures_relaxed_anew(tungsten):
    """As in a large cell: the lattice's Green's function throughout, one direction."""
    atoms = vacancy_cell("W", 3.18, 6)
    green = LatticeGreen(
        crystal_force_constants(tungsten, PerfectCrystal("W", "bcc", 3.18)), atoms, 6
    )
    direction = 1e-2 * np.random.default_rng(5).normal(size=55) * tungsten.theta
    minimum = relax(atoms, tungsten, preconditioner=green)
    found = implicit_derivative(minimum, Sparse(preconditioner=green), direction[:, None])
    ends = [
        relax(
            atoms,
            tungsten.with_theta(tungsten.theta + step * direction),
            preconditioner=green,
        )
        for step in (1e-2, -1e-2)
    ]
    slope = (ends[0].energy - ends[1].energy) / 2e-2
    assert found["descriptors"].item() == pytest.approx(slope, rel=1e-6)
    strains = (ends[0].strain - ends[1].strain)[0, 0] / 2e-2 / (1 + minimum.strain[0, 0])
    assert found["strain_derivative"].item() == pytest.approx(strains, rel=1e-4)
    places = [end.atoms.get_scaled_positions() for end in ends]
    moved = (places[0] - places[1]) @ minimum.atoms.cell.array / 2e-2
    moved -= moved.mean(axis=0)
    assert found["position_derivative"].values[0] == pytest.approx(
        moved, abs=1e-4 * np.abs(moved).max()
    )
    dense = implicit_derivative(minimum, "dense", direction[:, None])
    for name in DERIVATIVES:
        assert apart(found, dense, name) < 1e-6


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
    minimum = relax(vacancy_cell("W", 3.18, 8), tungsten)
    direction = np.random.default_rng(8).normal(size=(55, 1)) * tungsten.theta[:, None]
    crystal = PerfectCrystal("W", "bcc", minimum.atoms.cell.lengths()[0] / 8)
    help_of = {
        "lattice": lambda: LatticeGreen(
            crystal_force_constants(tungsten, crystal), minimum.atoms, 8
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
