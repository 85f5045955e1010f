"""Names and numbers of variants."""

import numpy as np
import pytest

from relaxdiff import InputError
from relaxdiff.posterior.variants import lambda_grid, variant_potential, variant_weights


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
    assert potential.reference == tungsten.reference


@pytest.mark.parametrize("name", ["sample7_lambda+1.0", "sample007", "sample003_lambda+1.0"])
def test_impossible_names_are_refused(name, posterior, tungsten):
    with pytest.raises(InputError, match=name.replace("+", r"\+")):
        variant_potential(tungsten, posterior, name)
