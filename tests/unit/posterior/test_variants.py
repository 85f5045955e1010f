"""Names and numbers of variants."""

import numpy as np
import pytest

from relaxdiff import InputError
from relaxdiff.posterior.distribution import potential_from_posterior
from relaxdiff.posterior.variants import (
    cut_branches,
    lambda_grid,
    variant_potential,
    variant_shifts,
    variant_weights,
)


def test_weights_stretch_samples_away_from_the_mean(posterior):
    lambdas = lambda_grid(-2, 2, 1)
    weights = variant_weights(posterior, lambdas)
    mean, samples = posterior["theta_mean"].values, posterior["theta"].values
    assert weights[:, 2, :-1] == pytest.approx(np.tile(mean, (3, 1)))
    assert weights[:, 3, :-1] == pytest.approx(samples)
    assert weights[1, 0, :-1] == pytest.approx(mean - 2 * (samples[1] - mean))
    assert (weights[..., -1] == 1).all()


@pytest.mark.parametrize(
    ("name", "stretch"),
    [
        ("sample001_lambda+04.0", 4.0),
        ("sample002_lambda-25.0", -25.0),
        ("sample000_lambda+0.25", 0.25),
    ],
)
def test_names_lead_to_their_variant(name, stretch, posterior, tungsten):
    potential = variant_potential(tungsten, posterior, name)
    assert name in potential.name
    sample = posterior["theta"].values[int(name[6:9])]
    expected = tungsten.theta + stretch * (sample - tungsten.theta)
    assert potential.theta == pytest.approx(expected)


def test_variant_potential_carries_theta_and_shift(posterior, tungsten):
    potential = variant_potential(tungsten, posterior, "sample001_lambda+02.0")
    mean, sample = posterior["theta_mean"].values, posterior["theta"].values[1]
    assert potential.theta == pytest.approx(mean + 2 * (sample - mean))
    assert potential.energy_shift == pytest.approx(
        tungsten.energy_shift + 2 * (-0.1 - tungsten.energy_shift)
    )
    assert potential.baseline == tungsten.baseline


@pytest.mark.parametrize("name", ["sample7_lambda+1.0", "sample007", "sample003_lambda+1.0"])
def test_impossible_names_are_refused(name, posterior, tungsten):
    with pytest.raises(InputError, match=name.replace("+", r"\+")):
        variant_potential(tungsten, posterior, name)


def test_branches_are_cut_at_the_first_unstable_variant():
    status = np.array(
        [["no_minimum", "stable", "vibrationally_unstable", "stable", "stable", "stable"]]
    )
    assert list(cut_branches(status.astype(object), zero=4)[0]) == [
        "cut",
        "cut",
        "vibrationally_unstable",
        "stable",
        "stable",
        "stable",
    ]


@pytest.mark.parametrize("grid", [(-1, 1, 0.3), (1, 2, 1), (-2, -1, 1), (-1, 1, -0.5)])
def test_lambda_grids_without_zero_or_ends_are_refused(grid):
    with pytest.raises(InputError, match="lambda_step"):
        lambda_grid(*grid)


def test_lambda_grid_is_exact():
    grid = lambda_grid(-25, 25, 0.2)
    assert len(grid) == 251
    assert 0.0 in grid
    assert 4.6 in grid


def test_energy_shifts_count_the_atoms_of_each_element(alloy_posterior):
    dataset, rows = alloy_posterior
    shifts = rows.reshape(4, 2, 56)[:, :, 0]
    found = variant_shifts(dataset, np.array([0.0, 2.0]), {"Be": 3, "W": 10})
    mean = np.array([0.25, -3.0])
    np.testing.assert_allclose(found[:, 0], mean @ [10, 3])
    np.testing.assert_allclose(found[:, 1], (mean + 2 * (shifts - mean)) @ [10, 3])
    variant = variant_potential(potential_from_posterior(dataset), dataset, "sample001_lambda+01.0")
    np.testing.assert_allclose(variant.energy_shifts, shifts[1])
