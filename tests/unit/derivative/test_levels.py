"""Each level's own block of the Hessian."""

import numpy as np
import pytest

from relaxdiff.derivative.levels import LEVELS, level_derivatives


@pytest.mark.parametrize("strains", [0, 1, 3, 6])
@pytest.mark.parametrize("modes", [0, 3])
def test_each_level_solves_its_own_block(modes, strains):
    rng = np.random.default_rng(1)
    size = modes + strains
    square = rng.normal(size=(size, size))
    hessian, columns = square @ square.T + np.eye(size), rng.normal(size=(size, 6))
    derivatives = dict(zip(LEVELS, level_derivatives(hessian, columns, strains), strict=True))
    atoms, cell = slice(modes), slice(modes, size)
    assert not derivatives["c"].any()
    assert not derivatives["h"][atoms].any()
    assert hessian[cell, cell] @ derivatives["h"][cell] == pytest.approx(-columns[cell])
    assert not derivatives["ih"][cell].any()
    assert hessian[atoms, atoms] @ derivatives["ih"][atoms] == pytest.approx(-columns[atoms])
    assert hessian @ derivatives["h+ih"] == pytest.approx(-columns)


@pytest.mark.parametrize("strains", [0, 1, 3])
def test_level_derivatives_are_those_of_the_parts_of_the_hessian(strains):
    random = np.random.default_rng(6)
    root = random.normal(size=(6, 6))
    hessian, columns = root @ root.T + np.eye(6), random.normal(size=(6, 2))
    found = dict(zip(LEVELS, level_derivatives(hessian, columns, strains), strict=True))
    size = 6 - strains
    expected = {level: np.zeros((6, 2)) for level in LEVELS}
    expected["h+ih"] = -np.linalg.solve(hessian, columns)
    expected["ih"][:size] = -np.linalg.solve(hessian[:size, :size], columns[:size])
    expected["h"][size:] = -np.linalg.solve(hessian[size:, size:], columns[size:])
    for level in LEVELS:
        np.testing.assert_allclose(found[level], expected[level], atol=1e-12, err_msg=level)
