"""The gradient of a scalar by one adjoint solution."""

import numpy as np
import pytest

from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.derivative.solvers import Dense, Sparse


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
