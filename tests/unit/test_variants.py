"""Names and numbers of variants."""

import numpy as np
import pytest

from relaxdiff import InputError
from relaxdiff.variants import lambda_grid, variant_name, variant_potential, variant_weights


def test_weights_stretch_samples_away_from_the_mean(posterior):
    lambdas = lambda_grid(-2, 2, 1)
    weights = variant_weights(posterior, lambdas)
    mean, samples = posterior["theta_mean"].values, posterior["theta"].values
    assert weights[:, 2, :-1] == pytest.approx(np.tile(mean, (3, 1)))
    assert weights[:, 3, :-1] == pytest.approx(samples)
    assert weights[1, 0, :-1] == pytest.approx(mean - 2 * (samples[1] - mean))
    assert (weights[..., -1] == 1).all()


@pytest.mark.parametrize(
    ("sample", "stretch", "name"),
    [
        (7, 4.0, "sample007_lambda+04.0"),
        (12, -25.0, "sample012_lambda-25.0"),
        (1234, 0.0, "sample1234_lambda+00.0"),
        (3, 0.25, "sample003_lambda+0.25"),
    ],
)
def test_names_lead_back_to_their_variant(sample, stretch, name, posterior, tungsten):
    assert variant_name(sample, stretch) == name
    if sample < posterior.sizes["sample"]:
        potential = variant_potential(tungsten, posterior, name)
        assert name in potential.name


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
