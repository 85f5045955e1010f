"""The solvers agree with each other, and say so when they fail."""

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, implicit_derivative, relax
from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.derivative.solvers import Dense, Energy, Sparse
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.minima.springs import Springs
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

DERIVATIVES = (
    "position_derivative",
    "strain_derivative",
    "level_strain_derivative",
    "energy_curvature",
)


FAULT = {"plane": (1, 1, 0), "layers": 6, "displacement": (0.2, 0.1)}
SETTINGS = {
    "symmetric": {},
    "without symmetry": {"symmetry": False},
    "fixed cell": {"cell": "fixed"},
    "six strains": {"cell": "full"},
    "gamma surface": {"cell": "in_plane_fixed", "normal_only": True},
}


@pytest.fixture(scope="module", params=SETTINGS)
def minimum(request, tungsten, built, low_symmetry):
    atoms = {
        "six strains": lambda: low_symmetry,
        "gamma surface": lambda: built("gamma_surface", **FAULT),
    }.get(request.param, lambda: vacancy_cell("W", 3.18, 2))()
    return relax(atoms, tungsten, tolerance=1e-9, **SETTINGS[request.param])


@pytest.fixture(scope="module")
def dense(minimum):
    return implicit_derivative(minimum, Dense())


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


@pytest.mark.parametrize("solver", [Dense(), Sparse()])
def test_derivatives_along_directions_are_combinations(minimum, dense, solver):
    directions = np.random.default_rng(5).normal(size=(55, 2))
    found = implicit_derivative(minimum, solver, directions)
    assert found["position_derivative"].dims == ("direction", "atom", "xyz")
    expected = np.einsum("pax,pk->kax", dense["position_derivative"].values, directions)
    assert found["position_derivative"].values == pytest.approx(
        expected, abs=1e-6 * np.abs(expected).max()
    )
    strain = directions.T @ dense["strain_derivative"].values
    assert found["strain_derivative"].dims == ("direction", "strain")
    assert found["strain_derivative"].values == pytest.approx(strain, rel=1e-5)
    curvature = np.einsum("pk,lpr,rm->lkm", directions, dense["energy_curvature"], directions)
    assert found["energy_curvature"].values == pytest.approx(
        curvature, abs=1e-6 * np.abs(curvature).max()
    )


def test_one_direction_costs_a_fraction_of_all(minimum):
    one = implicit_derivative(minimum, Sparse(), np.eye(55)[:, :1])
    everything = implicit_derivative(minimum, Sparse())
    assert one.attrs["evaluations"] < everything.attrs["evaluations"]
    # Solutions found so far start the next column: far fewer than 55 times as many.
    assert everything.attrs["iterations"] < 20 * max(one.attrs["iterations"], 1)


@pytest.mark.parametrize("solver", [Dense(), Sparse(tolerance=1e-9)])
def test_adjoint_is_the_gradient_of_a_scalar(minimum, dense, solver):
    chance = np.random.default_rng(6)
    gradient = chance.normal(size=(len(minimum.atoms), 3))
    on_strains = 40.0 * chance.normal(size=len(minimum.coordinates.strains))
    found = adjoint_derivative(minimum, gradient, strain_gradient=on_strains, solver=solver)
    expected = np.einsum("pax,ax->p", dense["position_derivative"].values, gradient)
    expected += dense["strain_derivative"].values @ on_strains
    assert found.dims == ("parameter",)
    assert found.values == pytest.approx(expected, abs=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("symmetry", "cell"), [(True, "isotropic"), (False, "isotropic"), (True, "full")]
)
def test_fixed_atoms_stay_where_they_are(tungsten, symmetry, cell):
    """Against structures relaxed anew with other parameters, the same atoms fixed."""
    fixed = np.zeros(15, dtype=bool)
    fixed[[2, 3]] = True
    settings = {"tolerance": 1e-10, "fixed": fixed, "symmetry": symmetry, "cell": cell}
    minimum = relax(vacancy_cell("W", 3.18, 2), tungsten, **settings)
    dense = implicit_derivative(minimum, Dense())
    for parameter in (0, 7):
        found = dense["position_derivative"][parameter].values
        amplitudes = dense["strain_derivative"].values[parameter]
        strain = np.tensordot(amplitudes, dense["strain_basis"].values, axes=1)
        edge = minimum.atoms.cell.lengths()[0]
        step = 6e-5 / max(np.abs(found).max(), np.abs(strain).max() * edge)
        near, far = (differences(minimum, parameter, n * step, settings) for n in (1, 2))
        positions, strains = ((4 * one - two) / 3 for one, two in zip(near, far, strict=True))
        assert not found[fixed].any()
        assert found == pytest.approx(positions, abs=1e-5 * np.abs(positions).max())
        assert strain == pytest.approx(strains, abs=1e-5 * np.abs(strains).max())
    for solver, bound in ((Sparse(), 1e-6), (Energy(), 1e-5)):
        other = implicit_derivative(minimum, solver, np.eye(55)[:, [0, 7]])
        expected = dense["position_derivative"].values[[0, 7]]
        assert other["position_derivative"].values == pytest.approx(
            expected, abs=bound * np.abs(expected).max()
        )


def differences(minimum, parameter, step, settings):
    """Central differences of scaled positions and strain of structures relaxed anew."""
    ends = []
    for sign in (1, -1):
        theta = minimum.potential.theta.copy()
        theta[parameter] += sign * step
        end = relax(minimum.atoms, minimum.potential.with_theta(theta), **settings)
        deformation = np.eye(3) + end.strain
        ends.append((end.atoms.positions @ np.linalg.inv(deformation), end.strain))
    return [(ahead - behind) / (2 * step) for ahead, behind in zip(*ends, strict=True)]


@pytest.mark.parametrize("alpha", [1e-6, 1e-5, 1e-4])
def test_energy_agrees_with_dense(minimum, dense, alpha):
    chosen = [0, 20, 54]
    energy = implicit_derivative(
        minimum, Energy(alpha=alpha, tolerance=1e-5), np.eye(55)[:, chosen]
    )
    for name in ("position_derivative", "strain_derivative"):
        expected = dense[name].values[chosen]
        size = np.abs(expected).max(initial=0.0)
        assert energy[name].values == pytest.approx(expected, abs=1e-4 * size)
    assert energy.attrs["force_calls"] > 0


def test_a_mask_of_another_shape_is_refused(tungsten):
    with pytest.raises(InputError, match="one entry for each atom"):
        relax(vacancy_cell("W", 3.18, 2), tungsten, fixed=[0, 1])


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


def test_directions_of_another_shape_are_refused(minimum):
    with pytest.raises(InputError, match=r"directions: shape \(3,\), expected \(55, k\)"):
        implicit_derivative(minimum, directions=np.ones(3))


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


def test_large_cells_relax_with_the_lattice(tungsten):
    """The same minimum in fewer evaluations, from a limited memory of steps."""
    atoms = vacancy_cell("W", 3.18, 4)
    constants = crystal_force_constants(tungsten, PerfectCrystal("W", "bcc", 3.18))
    green = LatticeGreen(constants, atoms, 4)
    plain, helped = relax(atoms, tungsten), relax(atoms, tungsten, preconditioner=green)
    assert helped.n_evaluations < plain.n_evaluations
    assert helped.energy == pytest.approx(plain.energy, rel=1e-12)


@pytest.mark.parametrize("solver", [Dense(), Sparse(), Energy()])
def test_a_perfect_crystal_only_strains(tungsten, solver):
    crystal = relax(bulk_cell("W", 3.165), tungsten, tolerance=1e-9)
    derivative = implicit_derivative(crystal, solver)
    assert not derivative["position_derivative"].any()
    step = 1e-5
    ends = []
    for sign in (1, -1):
        theta = tungsten.theta.copy()
        theta[0] += sign * step
        ends.append(relax(crystal.atoms, tungsten.with_theta(theta), tolerance=1e-10).strain)
    strain = derivative["strain_derivative"].values[0] * derivative["strain_basis"].values[0]
    assert strain == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)
