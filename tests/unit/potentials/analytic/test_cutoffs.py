"""The ends of energies: their formulas, smoothness, and no NaN anywhere."""

import jax
import numpy as np
import pytest
from one_atom import third_difference

from relaxdiff.potentials.analytic.cutoffs import lengths, switched, vanishing

ON, OFF = 2.0, 2.5
CUTOFF, LENGTH = 3.77118, 2.0951


def switch(r):
    return switched(r, ON, OFF)


def end(r):
    return vanishing(r, LENGTH, CUTOFF)


def derivatives(function, r):
    """The function and its derivatives to the fourth at distances (n,), (5, n)."""
    functions = [function]
    for _ in range(4):
        functions.append(jax.grad(functions[-1]))
    return np.array(jax.jit(jax.vmap(lambda x: [each(x) for each in functions]))(r))


def test_lengths():
    np.testing.assert_allclose(lengths(np.array([[3.0, 0, 4], [0, 1, 0]])), [5, 1], rtol=1e-15)


def test_the_switch_is_the_polynomial_and_constant_outside():
    r = np.linspace(ON, OFF, 101)
    x = (r - ON) / (OFF - ON)
    polynomial = 1 - x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3)
    np.testing.assert_allclose(switch(r), polynomial, rtol=0, atol=2e-14)
    assert (switch(np.array([0.1, ON])) == 1).all()
    assert (switch(np.array([OFF, 1e3])) == 0).all()
    assert (switch(r[:-1]) > 0).all()


@pytest.mark.parametrize("place", [ON, OFF])
def test_three_derivatives_of_the_switch_are_continuous_and_the_fourth_is_not(place):
    near = 1e-7
    below, at, above = derivatives(switch, np.array([place - near, place, place + near])).T
    # The scale of the nth derivative is the width of the switch to the power -n.
    scales = (OFF - ON) ** -np.arange(5.0)
    for side in (at, above):
        np.testing.assert_allclose((side - below)[:4] / scales[:4], 0, atol=1e-3)
    assert abs((above - below)[4]) > 100 * scales[4]


@pytest.mark.parametrize("place", [ON, OFF])
def test_the_third_difference_across_an_end_of_the_switch_goes_to_zero(place):
    found = [abs(third_difference(switch, place, step)) for step in (1e-2, 5e-3, 2.5e-3)]
    assert found[0] > 1.8 * found[1] > 1.8**2 * found[2] > 0


def test_an_energy_that_vanishes_with_all_derivatives():
    r = np.array([1.0, 2.35, 3.7])
    np.testing.assert_allclose(end(r), np.exp(LENGTH / (r - CUTOFF)), rtol=1e-15)
    below = CUTOFF - 0.02
    np.testing.assert_allclose(derivatives(end, np.array([below])), 0, atol=1e-30)
    assert (derivatives(end, np.array([CUTOFF, CUTOFF + 1e-9, 1e3])) == 0).all()


@pytest.mark.parametrize("function", [switch, end])
def test_no_derivative_is_a_nan(function):
    ends = np.array([ON, OFF, CUTOFF])
    touching = [np.nextafter(ends, 0), ends, np.nextafter(ends, 9), ends - 1e-5, ends + 1e-5]
    r = np.concatenate([np.linspace(0, 5, 501), [1e3, 1e6], *touching])
    assert np.isfinite(derivatives(function, r)).all()
    by_ends = jax.vmap(jax.grad(vanishing, argnums=(1, 2)), in_axes=(0, None, None))
    assert np.isfinite(by_ends(r, LENGTH, CUTOFF)).all()
