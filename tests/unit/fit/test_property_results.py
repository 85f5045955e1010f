"""A fit to properties as Datasets and a table."""

import numpy as np
import pytest

pytest.importorskip("jax")  # which `make jax` adds

from silicon_fit import fitted, properties

from relaxdiff.fit.optimised import spread
from relaxdiff.fit.property_results import posterior_about, property_path, property_table
from relaxdiff.posterior.distribution import potential_from_posterior, sample_posterior


@pytest.fixture(scope="module")
def path():
    ended = fitted()
    return property_path(properties().potential, ended.targets, ended.steps, spread(ended)[0])


def test_the_path_has_every_step(path):
    steps = fitted().steps
    assert path.sizes["step"] == len(steps)
    assert path["loss"].values.tolist() == [step.loss for step in steps]
    c11 = path.sel(quantity="c11")
    assert c11["value"].values.tolist() == [step.quantities["c11"].values[0] for step in steps]
    assert float(c11["target"]) == 153.214
    assert np.isnan(path["target"].sel(quantity="bulk_modulus"))
    assert path["distance"].values[0] == 0


def test_spreads_follow_from_tolerances(path):
    """A direction that one target alone determined would have its tolerance; three share here."""
    spreads = path["standard_deviation"].sel(quantity=["c11", "c12", "c44"]).values
    tolerances = path["tolerance"].sel(quantity=["c11", "c12", "c44"]).values
    assert (spreads > 0).all()
    assert (spreads < tolerances).all()


def test_the_posterior_is_one_that_a_study_takes():
    of, (root, _) = properties(), spread(fitted())
    potential = of.potential_at(fitted().steps[-1].values, "fitted")
    posterior = sample_posterior(posterior_about(potential, root), 4000, seed=1)
    again = potential_from_posterior(posterior)
    assert np.array_equal(again.theta, potential.theta)
    drawn = posterior["theta"].values - potential.theta
    place = potential.parameters.names.index("lambda")
    expected = np.linalg.norm(root[:, 1 + place])
    assert drawn[:, place].std() == pytest.approx(expected, rel=0.05)


def test_the_table_has_what_another_program_finds(path):
    table = property_table(path, {"c11": 1.0}).set_index("quantity")
    assert table.loc["c11", "lammps"] == 1.0
    assert np.isnan(table.loc["c12", "lammps"])
    assert table.loc["c11", "before"] == pytest.approx(151.41, abs=0.01)
    assert table.loc["c11", "after"] == pytest.approx(162.305, abs=0.01)
