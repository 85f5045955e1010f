"""Posteriors from tables of samples, of one and of several elements."""

import pickle

import numpy as np
import pytest
import xarray as xr
from fits import BASELINE

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    sample_posterior,
)
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.posterior.variants import all_parameters
from relaxdiff.potentials.snap.potential import write_snap


def test_ensemble(tungsten, table, ensemble):
    posterior = posterior_from_ensemble(*ensemble, baseline=BASELINE)
    np.testing.assert_array_equal(posterior["theta_mean"], table[0])
    np.testing.assert_array_equal(posterior["theta"], table[1:])
    np.testing.assert_array_equal(posterior["energy_shift"], tungsten.energy_shift)
    deviation = table[1:] - table[0]
    np.testing.assert_allclose(posterior["theta_covariance"], deviation.T @ deviation / 4)
    assert posterior["parameter"].values[[0, -1]].tolist() == ["beta_1", "beta_55"]
    found = potential_from_posterior(posterior)
    assert found.hyperparameters == tungsten.hyperparameters
    assert found.baseline == BASELINE
    assert found.name == "W_2940_2017_2"
    first = sample_posterior(posterior, 2, seed=1)
    np.testing.assert_array_equal(first["theta"], table[1:3])
    xr.testing.assert_identical(first, sample_posterior(posterior, 2, seed=2))


def test_ensemble_with_shift_as_npy(tungsten_files, table, tmp_path):
    shifts = np.array([0.7, 0.1, 0.2, 0.3, 0.4])
    np.save(tmp_path / "samples.npy", np.column_stack([shifts, table]))
    posterior = posterior_from_ensemble(*tungsten_files, tmp_path / "samples.npy")
    assert float(posterior["energy_shift_mean"]) == 0.7
    np.testing.assert_array_equal(posterior["energy_shift"], shifts[1:])
    np.testing.assert_array_equal(posterior["theta"], table[1:])
    assert potential_from_posterior(posterior).baseline is None


def test_another_mean_is_a_warning(ensemble, caplog):
    text = ensemble[2].read_text().splitlines()
    ensemble[2].write_text("\n".join([text[0], *text[2:]]))
    posterior = posterior_from_ensemble(*ensemble)
    assert posterior.sizes["sample"] == 3
    assert "differs from the coefficients" in caplog.text


def edit_line(number, edit):
    def apply(path):
        lines = path.read_text().splitlines()
        lines[number - 1] = edit(lines[number - 1])
        path.write_text("\n".join(lines))

    return apply


BAD_TABLES = {
    "missing": (lambda path: path.unlink(), "no such file"),
    "empty": (lambda path: path.write_text(""), "holds no rows"),
    "only comments": (lambda path: path.write_text("# nothing\n"), "holds no rows"),
    "one row": (
        lambda path: path.write_text("\n".join(path.read_text().splitlines()[:2])),
        "at least one sample",
    ),
    "one column less": (
        edit_line(4, lambda line: line.rsplit(",", 1)[0]),
        "line 4 has 54 columns, W with twojmax = 8 needs 55, or 56 with beta_0",
    ),
    "a shift in one line": (edit_line(4, "0.5,{}".format), "line 4 has 56 columns, line 2 has 55"),
    "NaN": (edit_line(3, lambda line: "nan," + line.split(",", 1)[1]), "line 3 .* not finite"),
    "a word": (edit_line(5, lambda line: "x," + line.split(",", 1)[1]), "line 5 .* no number"),
    "binary": (lambda path: path.write_bytes(b"\xff\x00"), "neither a text file"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables(ensemble, name):
    edit, message = BAD_TABLES[name]
    edit(ensemble[2])
    with pytest.raises(InputError, match=message) as raised:
        posterior_from_ensemble(*ensemble)
    assert "samples.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_bad_npy(tungsten_files, tmp_path):
    path = tmp_path / "samples.npy"
    np.save(path, np.zeros(55))
    with pytest.raises(InputError, match="two dimensions"):
        posterior_from_ensemble(*tungsten_files, path)
    np.save(path, np.full((3, 55), np.nan))
    with pytest.raises(InputError, match="row 1 .* not finite"):
        posterior_from_ensemble(*tungsten_files, path)
    np.save(path, np.zeros((0, 55)))
    with pytest.raises(InputError, match="no rows"):
        posterior_from_ensemble(*tungsten_files, path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="not a complete"):
        posterior_from_ensemble(*tungsten_files, path)


def test_nothing_is_unpickled(tungsten_files, tmp_path):
    path = tmp_path / "samples.npy"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="not a complete"):
        posterior_from_ensemble(*tungsten_files, path)
    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="not a complete"):
        posterior_from_ensemble(*tungsten_files, path)


def test_a_table_of_several_elements_becomes_a_posterior(alloy_posterior, tungsten_beryllium):
    dataset, rows = alloy_posterior
    by_element = rows.reshape(4, 2, 56)
    np.testing.assert_array_equal(dataset["energy_shift"], by_element[:, :, 0])
    np.testing.assert_array_equal(dataset["theta"], by_element[:, :, 1:].reshape(4, -1))
    assert list(dataset["element"].values) == ["W", "Be"]
    mean = potential_from_posterior(dataset)
    assert mean.hyperparameters == tungsten_beryllium.hyperparameters
    np.testing.assert_array_equal(mean.energy_shifts, [0.25, -3.0])
    assert all_parameters(dataset)[:3] == ["W_beta_0", "Be_beta_0", "W_beta_1"]


def test_a_table_without_shifts_takes_those_of_the_file(tungsten_beryllium, tmp_path):
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    rows = tungsten_beryllium.theta * np.array([[1.0], [1.01]])
    np.savetxt(tmp_path / "samples.csv", rows, delimiter=",")
    found = posterior_from_ensemble(coeff, param, tmp_path / "samples.csv")
    np.testing.assert_array_equal(found["energy_shift"], [[0.25, -3.0]])
    np.savetxt(tmp_path / "samples.csv", rows[:, 1:], delimiter=",")
    with pytest.raises(InputError, match="W, Be with twojmax = 8 needs 110, or 112 with beta_0"):
        posterior_from_ensemble(coeff, param, tmp_path / "samples.csv")
