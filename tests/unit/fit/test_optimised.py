"""Searches for the parameters with the least loss."""

import numpy as np
import pytest

pytest.importorskip("jax")  # which `make jax` adds

from silicon_fit import FREE, fitted, properties, search

from relaxdiff.exceptions import RelaxationError
from relaxdiff.fit.optimised import METHODS, minimised, spread


def found_by(ended):
    """Epsilon and lambda at the end."""
    names = properties().potential.parameters.names
    values = ended.steps[-1].values[-len(names) :]
    return [values[names.index(name)] for name in FREE]


@pytest.mark.parametrize("method", METHODS)
def test_the_published_optimum(method):
    """arXiv:2409.13844, with the distance of the matrices, 22.536, to what targets are rounded."""
    ended = search()
    minimised(ended, method, 60)
    assert found_by(ended) == pytest.approx([1.935161, 33.78673], abs=1e-4)
    assert np.sqrt(2 * ended.steps[-1].loss) == pytest.approx(22.5360, abs=2e-3)
    losses = [step.loss for step in ended.steps]
    assert losses == sorted(losses, reverse=True)


def test_derivatives_of_the_loss():
    of = search(prior=True)
    of.residuals(np.zeros(2))
    z, step = np.array([0.03, -0.05]), 1e-5
    loss, gradient = of.loss(z)
    differences = [(of.loss(z + d)[0] - of.loss(z - d)[0]) / (2 * step) for d in step * np.eye(2)]
    assert gradient == pytest.approx(differences, rel=1e-6)
    assert len(of.residuals(z)) == 3 + 2


def test_bounds_are_kept():
    ended = search()
    minimised(ended, "gauss_newton", 50, np.array([[-0.05, -0.5], [0.05, 0.3]]))
    epsilon, angular = found_by(ended)
    assert angular == pytest.approx(1.3 * 21.0, rel=1e-3)
    assert epsilon > 0.95 * 2.16826


def test_a_lost_crystal_shortens_the_step_and_is_told():
    said = []
    of = search(held=False, report=said.append)
    of.residuals(np.zeros(2))
    assert np.isinf(of.residuals(np.array([0.0, -1.2]))).all()  # no angular term holds diamond
    assert "step too long, a shorter one follows: stillinger_weber" in said[-1]
    assert of.loss(np.array([0.0, -1.2]))[0] > 1e20
    fresh = search(held=False)
    with pytest.raises(RelaxationError):
        fresh.residuals(np.array([0.0, -1.2]))


def test_the_spread_is_the_inverse_of_the_gauss_newton_matrix():
    root, undetermined = spread(fitted())
    assert undetermined == 0
    of, step = properties(), fitted().steps[-1]
    names = of.potential.parameters.names
    places = [len(of.start) - len(names) + names.index(name) for name in FREE]
    gradients = np.array(
        [step.quantities[t.name].gradient[0, places] / t.tolerance for t in fitted().targets]
    )
    expected = np.linalg.inv(gradients.T @ gradients)
    assert (root.T @ root)[np.ix_(places, places)] == pytest.approx(expected, rel=1e-6)
