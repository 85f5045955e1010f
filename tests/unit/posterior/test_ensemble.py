"""Posteriors from tables of samples, deviations and covariances, of one and of several elements."""

import pickle

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from fits import BASELINE

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import write_dataset
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.ensemble import (
    posterior_from_covariance,
    posterior_from_deviations,
    posterior_from_ensemble,
)
from relaxdiff.posterior.variants import all_parameters
from relaxdiff.potentials.snap.hyperparameters import parameter_names
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
    assert "; and 52 more" in caplog.text


def test_what_of_the_mean_is_another_is_named(tungsten, tungsten_files, table, tmp_path, caplog):
    frame = pd.DataFrame(table, columns=parameter_names(tungsten.hyperparameters))
    frame.insert(0, "beta_0", tungsten.energy_shift)
    path = tmp_path / "samples.csv"
    frame.to_csv(path)
    posterior = posterior_from_ensemble(*tungsten_files, path)
    np.testing.assert_array_equal(posterior["theta"], table[1:])
    assert not caplog.records
    frame.loc[0, ["beta_0", "beta_55"]] += [1.5, 0.25]
    frame.to_csv(path)
    posterior = posterior_from_ensemble(*tungsten_files, path)
    assert float(posterior["energy_shift_mean"]) == tungsten.energy_shift + 1.5
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{path}: the first row, taken as the mean, differs from the coefficients in "
        f"{tungsten_files[0]}: beta_0 is {tungsten.energy_shift + 1.5:.10g}, not "
        f"{tungsten.energy_shift:.10g}; beta_55 is {tungsten.theta[-1] + 0.25:.10g}, not "
        f"{tungsten.theta[-1]:.10g}"
    )


def test_a_mean_of_several_elements_is_compared_with_the_file(tungsten_beryllium, tmp_path, caplog):
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    blocks = tungsten_beryllium.theta.reshape(2, -1)
    mean = np.column_stack([tungsten_beryllium.energy_shifts + [0.0, 1.0], blocks]).ravel()
    np.save(tmp_path / "samples.npy", [mean, 1.01 * mean])
    posterior_from_ensemble(coeff, param, tmp_path / "samples.npy")
    assert caplog.records[0].getMessage().endswith(": Be_beta_0 is -2, not -3")


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (lambda table: table[1:] - table[0], "its rows scatter around 0, as deviations from"),
        (
            lambda table: np.outer(table[0], np.r_[1.0, 1 + 0.01 * np.sin(np.arange(54))]),
            "its first column, not its first row, is the mean, so that it looks transposed",
        ),
    ],
)
def test_tables_of_something_else(tungsten_files, table, tmp_path, change, phrase):
    np.save(tmp_path / "samples.npy", change(table))
    with pytest.raises(InputError, match=phrase):
        posterior_from_ensemble(*tungsten_files, tmp_path / "samples.npy")


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


# --- deviations ---------------------------------------------------------------------------------
@pytest.fixture
def pops(tungsten):
    """popsregression fitted to targets around those of the potential, beta_0 first."""
    popsregression = pytest.importorskip("popsregression")
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(150, 56))
    mean = np.append(tungsten.energy_shift, tungsten.theta)
    targets = rows @ mean + 0.05 * np.sin(3 * rows[:, :5].sum(axis=1))
    return popsregression.POPSRegression(posterior="ensemble").fit(rows, targets)


def test_samples_of_popsregression_are_read_as_they_are(pops, tungsten, tmp_path):
    potential = tungsten.with_theta(pops.coef_[1:], pops.coef_[0])
    coeff, param, _ = write_snap(potential, tmp_path / "fitted")
    np.save(tmp_path / "pops.npy", pops.posterior_samples_)
    found = posterior_from_deviations(coeff, param, tmp_path / "pops.npy", BASELINE)
    samples = pops.coef_ + pops.posterior_samples_.T
    np.testing.assert_allclose(found["theta"], samples[:, 1:], rtol=1e-14)
    np.testing.assert_allclose(found["energy_shift"], samples[:, 0], rtol=1e-14)
    np.testing.assert_array_equal(found["theta_mean"], pops.coef_[1:])
    assert float(found["energy_shift_mean"]) == pops.coef_[0]
    sigma = pops.misspecification_sigma_[1:, 1:]
    np.testing.assert_allclose(found["theta_covariance"], sigma, atol=1e-12 * sigma.max())
    assert potential_from_posterior(found).baseline == BASELINE
    first = sample_posterior(found, 2, seed=1)
    np.testing.assert_array_equal(first["theta"], found["theta"][:2])


def test_deviations_without_beta_0_leave_that_of_the_file(
    tungsten, tungsten_files, table, tmp_path
):
    np.save(tmp_path / "deviations.npy", (table[1:] - table[0]).T)
    found = posterior_from_deviations(*tungsten_files, tmp_path / "deviations.npy")
    same = posterior_from_ensemble(*tungsten_files, write_table(table, tmp_path))
    np.testing.assert_allclose(found["theta"], same["theta"], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(found["energy_shift"], np.full(4, tungsten.energy_shift))
    np.testing.assert_allclose(found["theta_covariance"], same["theta_covariance"], rtol=1e-9)


def write_table(table, folder):
    np.save(folder / "samples.npy", table)
    return folder / "samples.npy"


BAD_DEVIATIONS = {
    "transposed": (
        lambda d, mean: d.T,
        "has 4 rows of 55 columns and looks transposed: give a row",
    ),
    "of another potential": (
        lambda d, mean: d[1:],
        "has 54 rows of 4 columns: give a row for each",
    ),
    "no deviations": (
        lambda d, mean: d + mean[:, None],
        "holds the coefficients in .*snapcoeff wi",
    ),
    "zeros": (lambda d, mean: 0 * d, "every deviation is 0: there is no uncertainty"),
    "NaN": (lambda d, mean: d * np.nan, "holds a number that is not finite"),
    "one dimension": (lambda d, mean: d[:, 0], "two dimensions"),
}


@pytest.mark.parametrize("case", BAD_DEVIATIONS)
def test_bad_deviations(tungsten, tungsten_files, table, tmp_path, case):
    change, phrase = BAD_DEVIATIONS[case]
    np.save(tmp_path / "deviations.npy", change((table[1:] - table[0]).T, tungsten.theta))
    with pytest.raises(InputError, match=f"deviations.npy: .*{phrase}"):
        posterior_from_deviations(*tungsten_files, tmp_path / "deviations.npy")


def test_only_npy_files_hold_deviations_and_covariances(ensemble):
    for read in (posterior_from_deviations, posterior_from_covariance):
        with pytest.raises(InputError, match=r"samples.csv: must be a .npy file, as numpy.save"):
            read(*ensemble)


# --- covariances --------------------------------------------------------------------------------
@pytest.fixture
def covariance(tungsten):
    """With beta_0, of rank 20, standard deviations from 1e-6 to 0.1 eV, beta_3 constant."""
    factors = np.random.default_rng(6).normal(size=(20, 56)) * np.geomspace(1e-6, 0.1, 56)
    factors[:, 3] = 0
    return factors.T @ factors / 20


def drawn_from(files, matrix, folder, samples=20_000, seed=1):
    """Draws of beta_0 and the others, (sample, 56), by way of a file."""
    np.save(folder / "covariance.npy", matrix)
    found = posterior_from_covariance(*files, folder / "covariance.npy")
    write_dataset(found, folder / "posterior.nc", {})
    drawn = sample_posterior(read_posterior(folder / "posterior.nc"), samples, seed)
    return found, np.column_stack([drawn["energy_shift"], drawn["theta"]])


def test_draws_have_the_covariance_they_are_drawn_from(
    tungsten, tungsten_files, covariance, tmp_path
):
    found, draws = drawn_from(tungsten_files, covariance, tmp_path)
    np.testing.assert_array_equal(found["theta_mean"], tungsten.theta)
    scale = np.sqrt(covariance.diagonal())
    scale[3] = 1.0
    exact = covariance[1:, 1:] / np.outer(scale[1:], scale[1:])
    stored = found["theta_covariance"] / np.outer(scale[1:], scale[1:])
    np.testing.assert_allclose(stored, exact, atol=1e-12)
    deviations = (draws - np.append(tungsten.energy_shift, tungsten.theta)) / scale
    np.testing.assert_allclose(deviations.mean(axis=0), 0, atol=0.04)
    moment = deviations.T @ deviations / len(draws)
    np.testing.assert_allclose(moment, covariance / np.outer(scale, scale), atol=0.05)
    assert (deviations[:, 3] == 0).all()
    kurtosis = (deviations**4).mean(axis=0)[[0, 55]] / moment.diagonal()[[0, 55]] ** 2
    np.testing.assert_allclose(kurtosis, 3, atol=0.3)  # normal; uniform would be 1.8


def test_draws_from_a_covariance_are_seeded_and_nested(tungsten_files, covariance, tmp_path):
    _, many = drawn_from(tungsten_files, covariance, tmp_path, 10)
    _, few = drawn_from(tungsten_files, covariance, tmp_path, 4)
    _, others = drawn_from(tungsten_files, covariance, tmp_path, 10, seed=2)
    np.testing.assert_allclose(few, many[:4], rtol=1e-12)
    assert np.abs(others - many).max() > 1e-3


def test_a_covariance_without_beta_0_leaves_that_of_the_file(
    tungsten, tungsten_files, covariance, tmp_path
):
    found, draws = drawn_from(tungsten_files, covariance[1:, 1:], tmp_path, 5)
    assert (draws[:, 0] == tungsten.energy_shift).all()
    assert found.sizes["direction"] == 55


def test_a_covariance_in_single_precision_is_one(tungsten_files, covariance, tmp_path):
    drawn_from(tungsten_files, covariance.astype(np.float32), tmp_path, 1)


def test_deviations_and_covariances_of_several_elements(tungsten_beryllium, tmp_path):
    coeff, param, _ = write_snap(tungsten_beryllium, tmp_path / "WBe")
    columns = np.random.default_rng(8).normal(size=(112, 3))
    np.save(tmp_path / "deviations.npy", columns)
    found = posterior_from_deviations(coeff, param, tmp_path / "deviations.npy")
    shifts = tungsten_beryllium.energy_shifts + columns[[0, 56]].T
    np.testing.assert_allclose(found["energy_shift"], shifts, rtol=1e-14)
    by_element = found["theta"].values.reshape(3, 2, 55) - tungsten_beryllium.theta.reshape(2, 55)
    np.testing.assert_allclose(by_element[:, 1], columns[57:].T, atol=1e-12)
    np.save(tmp_path / "covariance.npy", np.diag(np.arange(112.0)))
    found = posterior_from_covariance(coeff, param, tmp_path / "covariance.npy")
    write_dataset(found, tmp_path / "posterior.nc", {})
    drawn = sample_posterior(read_posterior(tmp_path / "posterior.nc"), 20_000, 1)
    spread = drawn["energy_shift"].std("sample")
    np.testing.assert_allclose(spread, np.sqrt([0.0, 56.0]), rtol=0.02)
    variances = np.r_[1:56, 57:112]
    np.testing.assert_allclose(np.diagonal(found["theta_covariance"]), variances, rtol=1e-12)


def test_a_covariance_of_normalised_components_is_rescaled_too(tungsten, tmp_path):
    norms = np.array(tungsten.hyperparameters.component_indices) + 1
    coeff, param, _ = write_snap(tungsten.with_theta(tungsten.theta * norms), tmp_path / "normed")
    param.write_text(param.read_text() + "bnormflag 1\n")
    np.save(tmp_path / "covariance.npy", np.diag(norms**2 * 1e-4))
    found = posterior_from_covariance(coeff, param, tmp_path / "covariance.npy")
    np.testing.assert_allclose(np.diagonal(found["theta_covariance"]), 1e-4, rtol=1e-12)
    np.save(tmp_path / "deviations.npy", np.outer(norms, [1e-3, -1e-3]))
    found = posterior_from_deviations(coeff, param, tmp_path / "deviations.npy")
    np.testing.assert_allclose(found["theta"][0] - found["theta_mean"], 1e-3, rtol=1e-9)


def with_entry(place, value):
    def change(matrix):
        matrix = matrix.copy()
        matrix[place] = value
        return matrix

    return change


BAD_COVARIANCES = {
    "not square": (lambda m: m[1:], "has 55 rows of 56 columns: give one of each for every coeff"),
    "of another potential": (lambda m: m[2:, 2:], "has 54 rows of 54 columns: .* needs 55, or 56"),
    "not symmetric": (with_entry((50, 55), 0.0), "is no covariance: it is not symmetric"),
    "not positive": (lambda m: m - 0.5 * np.diag(m.diagonal()), "has negative eigenvalues"),
    "a negative variance": (with_entry((7, 7), -1e-9), "a number on its diagonal is negative"),
    "of a constant": (lambda m: m + 1e-3 * (np.eye(56)[3] + np.eye(56)[[3]].T), "negative eigenv"),
    "zeros": (lambda m: 0 * m, "its diagonal is 0: there is no uncertainty"),
    "correlations": (lambda m: np.eye(56), "its diagonal is 1, as of a matrix of correlations"),
    "infinite": (with_entry((0, 0), np.inf), "holds a number that is not finite"),
}


@pytest.mark.parametrize("case", BAD_COVARIANCES)
def test_bad_covariances(tungsten_files, covariance, tmp_path, case):
    change, phrase = BAD_COVARIANCES[case]
    np.save(tmp_path / "covariance.npy", change(covariance))
    with pytest.raises(InputError, match=f"covariance.npy: .*{phrase}"):
        posterior_from_covariance(*tungsten_files, tmp_path / "covariance.npy")
