"""A finished study as one Dataset."""

import numpy as np
import pandas as pd
import pytest

from relaxdiff import InputError, open_study
from relaxdiff.files.datasets import write_dataset
from relaxdiff.statistics.opened import study_tables


@pytest.fixture(scope="module")
def folder(small_study, tmp_path_factory):
    """results/<study> of the small study."""
    folder = tmp_path_factory.mktemp("results")
    for name in ("predictions", "evaluations", "truth"):
        write_dataset(getattr(small_study, name), folder / f"vacancy/{name}.nc", {})
    return folder


def test_all_levels_and_the_truth_are_in_it(folder, small_study):
    study = open_study(folder)
    assert study["formation_energy"].dims == ("level", "sample", "lambda")
    assert list(study["level"].values)[-3:] == ["newton", "h+ih@x", "newton@x"]
    for name, of in (("newton", small_study.predictions), ("newton@x", small_study.evaluations)):
        np.testing.assert_array_equal(
            study["formation_energy"].sel(level=name), of["formation_energy"].sel(level=name)
        )
    truth = small_study.truth
    for name in ("formation_energy", "formation_volume"):
        np.testing.assert_array_equal(study[f"true_{name}"], truth[name])
    assert (study["status"] == truth["status"]).all()
    error = study["formation_energy"] - study["true_formation_energy"]
    assert float(abs(error.sel({"level": "newton@x", "lambda": 1})).max()) < 1e-4
    assert open_study(folder / "vacancy").identical(study)


def test_without_truth_it_is_the_predictions(folder, tmp_path, small_study):
    write_dataset(small_study.predictions, tmp_path / "predictions.nc", {})
    study = open_study(str(tmp_path))
    assert "status" not in study
    assert study["formation_energy"].sizes["level"] == 5


def test_other_folders_are_refused(folder, tmp_path, small_study):
    with pytest.raises(InputError, match=r"holds no predictions.nc: name results/<study>/<str"):
        open_study(tmp_path)
    for name in ("a", "b"):
        write_dataset(small_study.predictions, tmp_path / name / "predictions.nc", {})
    with pytest.raises(InputError, match="holds the structures a, b"):
        open_study(tmp_path)
    write_dataset(small_study.truth.isel(sample=[0]), tmp_path / "a/truth.nc", {})
    with pytest.raises(InputError, match="predictions and truth are not of the same variants"):
        open_study(tmp_path / "a")


def test_tables_of_all_structures(tmp_path):
    with pytest.raises(InputError, match="name results/<study> of a finished study"):
        study_tables(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pd.DataFrame({"value": [1]}).to_csv(tmp_path / name / "summary.csv")
    pd.DataFrame({"verdict": ["agrees"]}).to_csv(tmp_path / "b/truth_check.csv")
    found = study_tables(tmp_path)
    assert {name: set(tables) for name, tables in found.items()} == {
        "a": {"summary"},
        "b": {"summary", "check"},
    }
