"""Curvatures as linear conditions, and cutting planes, against all eigenvalues."""

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse import csr_array, eye_array

from relaxdiff.fit import curvature
from relaxdiff.fit.curvature import SLACK, Stability, stable_change
from relaxdiff.fit.least_change import least_distance

SIZE, LOCAL, FREE = 30, 12, 4


def symmetric(chance, *shape):
    matrix = chance.normal(size=shape)
    return matrix + np.swapaxes(matrix, 0, 1)


def made_up(seed=0, size=SIZE, softest=-0.3):
    """A structure with one curvature of `softest` times the crystal's, which parameters change."""
    chance = np.random.default_rng(seed)
    crystal = 5 * np.eye(size) + 0.3 * symmetric(chance, size, size) / np.sqrt(size)
    soft = np.zeros(size)
    soft[:LOCAL] = chance.normal(size=LOCAL)
    along = crystal @ soft
    # Along `soft` alone the curvature is not that of the crystal.
    hessian = crystal - (1 - softest) * np.outer(along, along) / (soft @ along)
    stiff = chance.normal(size=(LOCAL, FREE)) + soft[:LOCAL, None]
    tensor = np.einsum("il,jl->ijl", stiff, stiff) + 0.2 * symmetric(chance, LOCAL, LOCAL, FREE)
    places = eye_array(size, format="csr")[:LOCAL]
    return Stability(csr_array(hessian), csr_array(crystal), csr_array(places), tensor)


def all_curvatures(stability, change):
    crystal = stability.crystal.toarray()
    return scipy.linalg.eigh(stability.at(change).toarray(), crystal, eigvals_only=True)


def test_conditions_are_the_exact_quadratic_forms():
    stability, margin = made_up(), 0.2
    chance = np.random.default_rng(1)
    vectors, change = chance.normal(size=(SIZE, 5)), chance.normal(size=FREE)
    conditions, bounds = stability.conditions(vectors, margin)
    wanted = stability.at(change).toarray() - margin * stability.crystal.toarray()
    expected = [vector @ wanted @ vector for vector in vectors.T]
    assert conditions @ change - bounds == pytest.approx(expected)


def test_the_curvature_that_is_lowest():
    values, vectors = made_up().lowest(np.zeros(FREE))
    assert values[0] == pytest.approx(-0.3)
    assert values[1] == pytest.approx(1.0)
    assert vectors.shape == (SIZE, curvature.LOWEST)


@pytest.mark.parametrize("softest", [0.3, -0.7, -1.6, -40.0])
def test_large_structures_give_the_same(softest, monkeypatch):
    """However negative the curvature is."""
    stability = made_up(size=120, softest=softest)
    changes = [np.zeros(FREE), np.array([0.1, 0.0, -0.2, 0.1])]
    exact = [stability.lowest(change)[0] for change in changes]
    monkeypatch.setattr(curvature, "SMALL", 0)
    for change, expected in zip(changes, exact, strict=True):
        values, vectors = stability.lowest(change)
        assert values == pytest.approx(expected, abs=1e-4)
        lowest = vectors[:, 0]
        assert lowest @ (stability.at(change) @ lowest) == pytest.approx(
            values[0] * (lowest @ (stability.crystal @ lowest)), rel=1e-4
        )


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_the_least_change_that_is_stable(seed, margin):
    """Its lowest curvature is the margin; shorter changes near it are too soft."""
    stability = made_up(seed)
    change, lowest, rounds = stable_change(least_distance, stability, margin)
    assert rounds > 1
    curvatures = all_curvatures(stability, change)
    assert curvatures[0] == pytest.approx(lowest)
    assert curvatures[0] == pytest.approx(margin, abs=1.1 * SLACK)
    length = np.linalg.norm(change)
    chance = np.random.default_rng(2)
    others = change + 0.1 * length * chance.normal(size=(200, FREE))
    others *= 0.98 * length / np.linalg.norm(others, axis=1, keepdims=True)
    assert all(all_curvatures(stability, other)[0] < margin for other in others)


def test_what_is_stable_stays():
    change, lowest, rounds = stable_change(least_distance, made_up(softest=0.4), 0.2)
    assert (change == 0).all()
    assert rounds == 1
    assert lowest == pytest.approx(0.4)


def test_parameters_that_cannot_make_it_stable():
    """They do not act on the direction that is soft."""
    stability = made_up()
    tensor = np.zeros((LOCAL, LOCAL, FREE))
    tensor[LOCAL - 1, LOCAL - 1, 0] = 1.0  # not the soft direction
    stability.tensor = tensor
    change, lowest, _ = stable_change(least_distance, stability, 0.9)
    assert change is None
    assert np.isnan(lowest)


def test_rounds_that_end_before_it_is_stable(monkeypatch):
    """No change is given that is not stable."""
    monkeypatch.setattr(curvature, "MOST_ROUNDS", 1)
    assert stable_change(least_distance, made_up(), 0.1)[0] is None
