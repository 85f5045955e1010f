"""A variant of a finished study as potential and as predicted structure."""

import ase.io
import numpy as np
import pytest

from relaxdiff import InputError, read_snap
from relaxdiff.cli import main
from relaxdiff.files.datasets import write_dataset
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.posterior.distribution import sample_posterior, start_posterior, with_draws
from relaxdiff.posterior.named_parameters import posterior_from_named
from relaxdiff.predictions.exported import export_variant
from relaxdiff.structures.coordinates import largest_displacement

NAME = "sample001_lambda-01.0"


@pytest.fixture(scope="module")
def folder(small_study, tungsten, posterior, tmp_path_factory):
    """results/<study> of the small study, as far as an export needs it."""
    folder = tmp_path_factory.mktemp("results")
    size = tungsten.theta.size
    draws = posterior["theta"].values, posterior["energy_shift"].values
    whole = with_draws(start_posterior(tungsten, np.eye(size)), *draws)
    write_dataset(whole, folder / "posterior.nc", {})
    write_dataset(minimum_dataset(small_study.minimum), folder / "vacancy/reference.nc", {})
    write_dataset(small_study.derivative, folder / "vacancy/derivative.nc", {})
    return folder


@pytest.fixture
def potential(tungsten, posterior):
    """What the variant is: twice the mean less the sample."""
    theta, shift = (posterior[name].values[1] for name in ("theta", "energy_shift"))
    return tungsten.with_theta(2 * tungsten.theta - theta, 2 * tungsten.energy_shift - shift)


def test_the_potential_is_the_variant(folder, potential, tungsten, tmp_path):
    paths = export_variant(folder, NAME, tmp_path / "new/w1")
    assert [path.name for path in paths] == ["w1.snapcoeff", "w1.snapparam", "w1.snap"]
    found = read_snap(*paths[:2], baseline=tungsten.baseline)
    np.testing.assert_allclose(found.theta, potential.theta, rtol=1e-14)
    assert found.energy_shift == pytest.approx(potential.energy_shift)


def test_a_potential_that_is_not_snap_has_files_of_its_own(tmp_path):
    settings = {"potential": "stillinger_weber", "deviations": {"epsilon": 0.1}}
    posterior = sample_posterior(posterior_from_named(settings), 2, 1)
    write_dataset(posterior, tmp_path / "posterior.nc", {})
    [path] = export_variant(tmp_path, NAME, tmp_path / "w1")
    assert path == tmp_path / "w1.sw"
    mean, sample = (
        float(posterior[name][..., 0].values.flat[-1]) for name in ("theta_mean", "theta")
    )
    assert f"{2 * mean - sample!r}" in path.read_text()
    with pytest.raises(InputError, match=r"w1\.sw exists: remove it"):
        export_variant(tmp_path, NAME, tmp_path / "w1")


def test_the_structure_carries_what_its_potential_says(folder, small_study, potential, tmp_path):
    [path] = export_variant(folder / "vacancy", NAME, tmp_path / "w1.extxyz")
    atoms = ase.io.read(path)
    predicted = small_study.predictions.sel({"level": "h+ih", "lambda": -1.0}).isel(sample=1)
    assert atoms.get_volume() == pytest.approx(float(predicted["volume"]), abs=1e-3)
    assert largest_displacement(small_study.minimum.atoms, atoms) > 1e-4
    same = atoms.copy()
    same.calc = potential.calculator()
    assert atoms.get_potential_energy() == pytest.approx(same.get_potential_energy(), abs=1e-5)
    np.testing.assert_allclose(atoms.get_forces(), same.get_forces(), atol=1e-5)
    np.testing.assert_allclose(atoms.get_stress(), same.get_stress(), atol=1e-5)
    true = small_study.truth.isel(sample=1).sel({"lambda": -1.0})
    above = atoms.get_potential_energy() - float(true["energy"])
    assert -1e-6 < above < 0.02


def test_what_exists_and_what_is_no_study_is_refused(folder, tmp_path):
    export_variant(folder / "vacancy", NAME, tmp_path / "w1.xyz")
    with pytest.raises(InputError, match=r"w1.xyz exists"):
        export_variant(folder / "vacancy", NAME, tmp_path / "w1.xyz")
    with pytest.raises(InputError, match="is no folder of a study"):
        export_variant(tmp_path, NAME, tmp_path / "w2")
    with pytest.raises(InputError, match="samples 0 to 2 only"):
        export_variant(folder, "sample007_lambda+04.0", tmp_path / "w2")


def test_the_command_does_the_same(folder, tmp_path, capsys):
    assert main(["export", str(folder / "vacancy"), NAME, str(tmp_path / "w1.xyz")]) == 0
    assert capsys.readouterr().out == f"written: {tmp_path / 'w1.xyz'}\n"
    assert len(ase.io.read(tmp_path / "w1.xyz")) == 15
