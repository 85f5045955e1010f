"""Draws of the posterior: against predictions of the same parameter sets, and their moments."""

import numpy as np
import pytest

from relaxdiff import predict_draws
from relaxdiff.posterior.distribution import covariance_root, deviations_in_parts, with_normal
from relaxdiff.predictions import draws as module
from relaxdiff.predictions import newton as newton_module
from relaxdiff.predictions.draws import linear_draws
from relaxdiff.predictions.newton import LEAST_CURVATURE, NewtonModel

LEVELS = ["h+ih", "newton"]


@pytest.fixture(scope="module")
def bare(posterior):
    """The small study's posterior, its samples all that it holds."""
    kept = ("theta", "theta_mean", "theta_covariance", "energy_shift", "energy_shift_mean")
    return posterior.drop_vars([name for name in posterior.data_vars if name not in kept])


def test_samples_as_draws_are_predicted_like_variants(bare, study, predictions, monkeypatch):
    crystal, _, derivative = study
    found = predict_draws(bare, crystal, derivative)
    assert found.attrs["drawn_from"] == "samples"
    expected = predictions.sel({"lambda": 1, "level": LEVELS})
    for name in ("formation_energy", "formation_volume"):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-10)
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", 1)
    monkeypatch.setattr(newton_module, "NUMBERS_AT_ONCE", 1)
    one_by_one = predict_draws(bare, crystal, derivative)
    for name in ("formation_energy", "formation_volume"):
        np.testing.assert_allclose(one_by_one[name], found[name], rtol=0, atol=1e-10)


def test_steps_of_many_are_the_steps_of_each():
    """With curvatures near the reference's, limited, and negative."""
    random = np.random.default_rng(2)
    root = random.normal(size=(4, 4))
    curvatures = random.normal(size=(4, 4, 3))
    model = NewtonModel(
        root @ root.T + np.eye(4),
        curvatures + curvatures.swapaxes(0, 1),
        random.normal(size=(4, 3)),
    )
    delta = random.normal(size=(60, 3)) * np.geomspace(1e-3, 3, 60)[:, None]
    q, beyond, lowest = model.steps_of_many(delta)
    limited = []
    for place, each in enumerate(delta):
        expected_q, expected, *_, soft = model.steps(each, np.ones(1))
        np.testing.assert_allclose(q[place], expected_q[0], rtol=1e-10, atol=1e-12)
        assert beyond[place] == pytest.approx(expected[0], rel=1e-9, abs=1e-12)
        limited.append(soft[0])
    assert (lowest < LEAST_CURVATURE).tolist() == limited
    assert (lowest < 0).any()
    assert 0 < sum(limited) < 60


@pytest.fixture(scope="module")
def normal(bare):
    """A narrow normal distribution around the same mean."""
    random = np.random.default_rng(7)
    theta = bare["theta_mean"].values
    directions = 1e-4 * np.abs(theta).mean() * random.normal(size=(8, theta.size))
    return with_normal(bare, directions, np.full((8, 1), 0.01))


def test_moments_of_draws_are_those_of_the_linear_quantity(normal, study):
    crystal, _, derivative = study
    found = predict_draws(normal, crystal, derivative, draws=20_000, seed=3)
    assert found.attrs["drawn_from"] == "distribution"
    for name in ("formation_energy", "formation_volume"):
        spread = float(found["standard_deviation_linear"].sel(quantity=name))
        values = found[name].sel(level="newton")
        # Four standard errors of a standard deviation, s / sqrt(2 n), and what is not linear.
        assert float(values.std(ddof=1)) == pytest.approx(spread, rel=4 / 200 + 0.01)
        assert found["variance_share"].sel(quantity=name).sum() == pytest.approx(1)
    root = covariance_root(normal)
    random = np.random.default_rng(0).normal(size=(1, root.shape[1]))
    linear = linear_draws(normal, random, found)[0]
    expected = np.linalg.norm(root @ random[0])
    assert linear.std() == pytest.approx(expected, rel=4 / 200)
    assert abs(linear.mean()) < 4 * expected / np.sqrt(20_000)


def test_a_seed_gives_the_same_draws_however_they_are_parted(normal):
    whole = np.concatenate(list(deviations_in_parts(normal, 50, [5, 1], 1000)))
    parts = list(deviations_in_parts(normal, 50, [5, 1], 7))
    assert [len(part) for part in parts] == [7] * 7 + [1]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12, atol=1e-15)
    other = np.concatenate(list(deviations_in_parts(normal, 50, 5, 1000)))
    assert not np.isclose(whole, other).any(axis=1).all()


def test_a_box_has_the_covariance_of_its_draws(bare):
    directions = np.eye(3, bare.sizes["parameter"])
    box = bare.assign(
        hypercube_directions=(("direction", "parameter"), directions),
        hypercube_energy_shift=("direction", np.array([0.0, 0.1, 0.0])),
        hypercube_bounds=(("direction", "bound"), [[-1, 2], [0, 1], [-0.5, 0.5]]),
    )
    (drawn,) = deviations_in_parts(box, 20_000, 1, 20_000)
    root = covariance_root(box)
    np.testing.assert_allclose(root.T @ root, np.cov(drawn, rowvar=False), atol=0.02)


def test_unstable_draws_have_no_values_and_limited_ones_are_told(bare, study):
    """Far out along the samples curvatures get small, then negative."""
    crystal, _, derivative = study
    delta = (bare["theta"] - bare["theta_mean"]).values[0]
    theta = bare["theta_mean"].values + np.linspace(-200, 200, 121)[:, None] * delta
    many = bare.drop_dims("sample").assign(
        theta=(("sample", "parameter"), theta),
        energy_shift=("sample", np.full(121, float(bare["energy_shift_mean"]))),
    )
    found = predict_draws(many, crystal, derivative)
    gone, of_newton = found["formation_energy"].isnull().values
    assert (gone == of_newton).all()
    assert gone.any()
    assert not gone[60]
    assert (found["limited"].values[gone] == 1).all()
    assert ((found["limited"].values == 1) & ~gone).any()


def test_cells_of_many_coordinates_have_no_newton(bare, study, monkeypatch):
    crystal, _, derivative = study
    monkeypatch.setattr(module, "NEWTON_COST", 1.0)
    assert predict_draws(bare, crystal, derivative)["level"].values.tolist() == ["h+ih"]
    without = predict_draws(bare, crystal, derivative.drop_vars("hessian_tensor"))
    assert without["level"].values.tolist() == ["h+ih"]
    assert without["predicted"].values.tolist() == [bare.sizes["sample"]]
    monkeypatch.setattr(module, "FEWEST", 2)
    monkeypatch.setattr(
        module, "NEWTON_COST", 2.0 * len(module.newton_of_defect(derivative).hessian) ** 3
    )
    some = predict_draws(bare, crystal, derivative)
    assert some["predicted"].values.tolist() == [3, 2]
    assert some["formation_energy"].sel(level="newton").isnull().values.tolist() == [
        False,
        False,
        True,
    ]
