"""The implicit derivative against finite differences of re-relaxed structures."""

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, implicit_derivative, relax
from relaxdiff.implicit import LEVELS, level_derivatives
from relaxdiff.minimise import Minimum
from relaxdiff.structures import vacancy_cell


@pytest.fixture(scope="module")
def minimum(tungsten):
    return relax(vacancy_cell("W", 3.18, 2), tungsten, tolerance=1e-10)


@pytest.fixture(scope="module")
def derivative(minimum):
    return implicit_derivative(minimum, solver="dense")


def relaxed_difference(minimum, parameter, step):
    """Central difference of scaled positions and strain of structures relaxed anew."""
    ends = []
    for sign in (1, -1):
        theta = minimum.potential.theta.copy()
        theta[parameter] += sign * step
        again = relax(minimum.atoms, minimum.potential.with_theta(theta), tolerance=1e-11)
        moved = again.atoms.positions / (1 + again.strain) - minimum.atoms.positions
        ends.append((moved - moved.mean(axis=0), again.strain))
    return tuple((ahead - behind) / (2 * step) for ahead, behind in zip(*ends, strict=True))


def test_every_parameter_against_relaxed_structures(minimum, derivative):
    for parameter in range(minimum.potential.theta.size):
        expected = derivative["position_derivative"][parameter].values
        strain = float(derivative["strain_derivative"][parameter])
        edge = minimum.atoms.cell.lengths()[0]
        step = 6e-5 / max(np.abs(expected).max(), abs(strain) * edge)
        # Two step sizes extrapolated (Richardson): the error left is of fourth order.
        coarse = relaxed_difference(minimum, parameter, 2 * step)
        fine = relaxed_difference(minimum, parameter, step)
        positions, strains = ((4 * near - far) / 3 for near, far in zip(fine, coarse, strict=True))
        assert np.abs(positions - expected).max() < 1e-6 * np.abs(expected).max()
        assert strains == pytest.approx(strain, rel=1e-6)


def test_shapes_units_and_no_net_displacement(minimum, derivative):
    assert derivative["position_derivative"].dims == ("parameter", "atom", "xyz")
    assert derivative["position_derivative"].shape == (55, 15, 3)
    assert derivative["strain_derivative"].dims == ("parameter",)
    assert np.abs(derivative["position_derivative"].mean("atom")).max() < 1e-12
    assert all({"units", "long_name"} <= set(v.attrs) for v in derivative.data_vars.values())


def test_each_level_solves_its_own_block():
    rng = np.random.default_rng(1)
    square = rng.normal(size=(4, 4))
    hessian, columns = square @ square.T + np.eye(4), rng.normal(size=(4, 6))
    derivatives = dict(zip(LEVELS, level_derivatives(hessian, columns, True), strict=True))
    assert not derivatives["c"].any()
    assert not derivatives["h"][:3].any()
    assert hessian[3, 3] * derivatives["h"][3] == pytest.approx(-columns[3])
    assert not derivatives["ih"][3].any()
    assert hessian[:3, :3] @ derivatives["ih"][:3] == pytest.approx(-columns[:3])
    assert hessian @ derivatives["h+ih"] == pytest.approx(-columns)


def test_fixed_cell_has_no_strain_derivative(tungsten):
    fixed = implicit_derivative(relax(vacancy_cell("W", 3.18, 2), tungsten, strain=False))
    assert not fixed["strain_derivative"].any()
    assert np.abs(fixed["position_derivative"]).max() > 0


def test_unusable_minima_and_solvers_are_refused(minimum, tungsten):
    with pytest.raises(InputError, match="'fast' is not one of dense"):
        implicit_derivative(minimum, solver="fast")
    with pytest.raises(InputError, match="not converged"):
        implicit_derivative(relax(vacancy_cell("W", 3.1, 2), tungsten, max_steps=1))
    turned = tungsten.with_theta(-tungsten.theta)
    uphill = Minimum(**{**vars(minimum), "potential": turned})
    with pytest.raises((InputError, RelaxationError)):
        implicit_derivative(uphill)
