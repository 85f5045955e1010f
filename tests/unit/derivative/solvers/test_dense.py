"""The dense solver, and what every solver must do, against structures relaxed anew."""

import numpy as np
import pytest

from relaxdiff import InputError, implicit_derivative, relax
from relaxdiff.derivative.solvers import Dense, Energy, Sparse
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell


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


def test_directions_of_another_shape_are_refused(minimum):
    with pytest.raises(InputError, match=r"directions: shape \(3,\), expected \(55, k\)"):
        implicit_derivative(minimum, directions=np.ones(3))


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
