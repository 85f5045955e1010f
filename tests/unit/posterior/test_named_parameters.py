"""The posterior of named parameters: from deviations, a covariance or samples, and bad files."""

import numpy as np
import pandas as pd
import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.distribution import (
    covariance_root,
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.named_parameters import posterior_from_named

pytest.importorskip("jax")  # which `make jax` adds

SILICON = {"potential": "stillinger_weber"}
ALLOY = {
    "potential": "lennard_jones",
    "elements": ["Ne", "Xe"],
    "parameters": {"epsilon_AB": 1.1},
}
COVARIANCE = np.array([[4e-4, -1e-4], [-1e-4, 9e-4]])


@pytest.fixture
def table(tmp_path):
    """Function from columns (a dict) to the path of a CSV table of them."""

    def write(columns):
        pd.DataFrame(columns).to_csv(tmp_path / "table.csv", index=False)
        return str(tmp_path / "table.csv")

    return write


def uncertain(posterior, *names):
    """The covariance of some parameters; all others have none."""
    matrix = posterior["theta_covariance"].to_pandas()
    chosen = matrix.loc[list(names), list(names)].to_numpy()
    assert np.count_nonzero(matrix) == np.count_nonzero(chosen)
    return chosen


def test_deviations():
    posterior = posterior_from_named(SILICON | {"deviations": {"lambda": 0.5, "B": 0.01}})
    assert uncertain(posterior, "lambda", "B") == pytest.approx(np.diag([0.25, 1e-4]))
    drawn = sample_posterior(posterior, 2000, seed=1)
    deviation = (drawn["theta"] - drawn["theta_mean"]).std("sample").to_pandas()
    assert deviation["lambda"] == pytest.approx(0.5, rel=0.05)
    assert deviation["B"] == pytest.approx(0.01, rel=0.05)
    assert not deviation.drop(["lambda", "B"]).any()
    assert not drawn["energy_shift"].any()


def test_a_covariance(table):
    path = table({"sigma_AB": COVARIANCE[0], "epsilon_AA": COVARIANCE[1]})
    posterior = posterior_from_named(ALLOY | {"covariance": path})
    assert uncertain(posterior, "sigma_AB", "epsilon_AA") == pytest.approx(COVARIANCE)
    root = covariance_root(posterior)[:, 2:]  # behind the energy shifts of two elements
    assert root.T @ root == pytest.approx(posterior["theta_covariance"].values, abs=1e-18)
    assert posterior["energy_shift_mean"].dims == ("element",)
    assert list(posterior["element"].values) == ["Ne", "Xe"]


def test_a_covariance_may_be_singular(table):
    path = table({"epsilon": [1e-4, 2e-4], "sigma": [2e-4, 4e-4]})
    posterior = posterior_from_named(SILICON | {"covariance": path})
    found = uncertain(posterior, "epsilon", "sigma")
    assert found == pytest.approx(np.array([[1, 2], [2, 4]]) * 1e-4)


def test_samples(table):
    columns = {"sigma": [2.1, 2.0, 2.15], "epsilon": [2.2, 2.1, 2.15]}
    posterior = posterior_from_named(SILICON | {"samples": table(columns)})
    assert posterior["theta"].sel(parameter="sigma").values.tolist() == columns["sigma"]
    others = posterior.drop_sel(parameter=["sigma", "epsilon"])
    assert (others["theta"] == others["theta_mean"]).all()
    means = posterior["theta_mean"].to_pandas()
    apart = (
        np.array([columns["sigma"], columns["epsilon"]])
        - means[["sigma", "epsilon"]].to_numpy()[:, None]
    )
    assert uncertain(posterior, "sigma", "epsilon") == pytest.approx(apart @ apart.T / 3)


@pytest.mark.parametrize("settings", [SILICON, ALLOY], ids=["one element", "two elements"])
def test_it_is_written_read_and_becomes_the_potential_again(settings, tmp_path):
    name = "sigma" if settings is SILICON else "sigma_AB"
    posterior = posterior_from_named(settings | {"deviations": {name: 0.01}})
    write_dataset(posterior, tmp_path / "posterior.nc", {})
    again = read_posterior(tmp_path / "posterior.nc")
    potential = potential_from_posterior(again)
    assert not potential.is_linear
    assert potential.elements == tuple(settings.get("elements", ["Si"]))
    values = dict(zip(potential.parameters.names, potential.theta, strict=True))
    if settings is ALLOY:
        assert values["epsilon_AB"] == 1.1
    assert values[name] == float(posterior["theta_mean"].sel(parameter=name))
    units = dict(zip(again["parameter"].values, again["parameter_unit"].values, strict=True))
    assert units[name] == "Angstrom"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"deviations": {"sigm": 1.0}}, "deviations: sigm is not one of epsilon, sigma, a"),
        ({"potential": "missing.py", "deviations": {}}, "missing.py: is neither a file nor"),
        ({"parameters": {"mass": 1.0}, "deviations": {"a": 0.1}}, "has no parameter mass"),
        ({"elements": ["Si", "Ge"], "deviations": {"a": 0.1}}, "needs 1 different elements"),
    ],
)
def test_unknown_names_are_told(settings, said):
    with pytest.raises(InputError, match=said):
        posterior_from_named(SILICON | settings)


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("samples", "epsilon,mass\n1,2\n", "the columns mass are none of the parameters"),
        ("samples", "epsilon\n", "holds no row"),
        ("samples", "", "is no CSV table"),
        ("samples", "epsilon\nlarge\n", "table.csv: "),
        ("samples", "epsilon,sigma\n1,\n", "missing or not finite"),
        ("samples", "epsilon\n2.1683\n2.1683\n", "there is no uncertainty"),
        ("samples", "\x00\xff", "table.csv: "),
        ("covariance", "epsilon,sigma\n1,0\n", "has 1 rows and 2 columns"),
        ("covariance", "epsilon,sigma\n1,0.5\n0,1\n", "is no covariance"),
        ("covariance", "epsilon,sigma\n1,2\n2,1\n", "is no covariance"),
        ("covariance", "epsilon,sigma\n0,0\n0,0\n", "is no covariance"),
    ],
)
def test_tables_that_cannot_be_used_are_told(key, text, said, tmp_path):
    (tmp_path / "table.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=said):
        posterior_from_named(SILICON | {key: str(tmp_path / "table.csv")})


@pytest.mark.parametrize("key", ["samples", "covariance"])
def test_a_missing_table_is_told(key, tmp_path):
    with pytest.raises(InputError, match="none.csv: cannot be read"):
        posterior_from_named(SILICON | {key: str(tmp_path / "none.csv")})


def test_deviations_of_zero_are_no_uncertainty():
    with pytest.raises(InputError, match="no uncertainty"):
        posterior_from_named(SILICON | {"deviations": {"sigma": 0.0}})
