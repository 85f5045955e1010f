"""What a check of the whole input tells of files and of structures that cannot be built."""

import shutil
from pathlib import Path

import pytest
import yaml

from relaxdiff.posterior.trial import write_trial_ensemble
from relaxdiff.study.input_check import check_input

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
POINT_DEFECT = {"kind": "vacancy", "supercell": 3, "cell": "full"}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A study of tantalum whose files are called Ta, Ta.csv and Ta.csv.snapparam."""
    monkeypatch.chdir(tmp_path)
    write_trial_ensemble("Ta06A", tmp_path, samples=2, spread=1e-3, seed=1)
    shutil.move("Ta06A.snapcoeff", "Ta")
    shutil.move("Ta06A.snapparam", "Ta.csv.snapparam")
    shutil.move("samples.csv", "Ta.csv")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    files = {"coefficients": "Ta", "parameters": "Ta.csv.snapparam", "samples": "Ta.csv"}
    config["posterior"] |= {"samples": 2, "file": None, "ensemble": files}
    config["figures"]["sample"] = 0
    config["crystal"] |= {"element": "Ta"}
    config["structures"] = [POINT_DEFECT | {"name": "hole"}]
    return config


def test_a_good_input_has_no_problems(config):
    assert check_input(config, SCHEMA) == ([], {"hole": 53})


@pytest.mark.parametrize(
    ("name", "key"),
    [("Ta", "coefficients"), ("Ta.csv.snapparam", "parameters"), ("Ta.csv", "samples")],
)
def test_a_file_is_told_with_the_key_that_names_it(config, name, key):
    Path(name).write_text("nonsense and more\n")
    (sentence,), _ = check_input(config, SCHEMA)
    assert sentence.startswith(f"{name}: ")
    assert sentence.endswith(f" (posterior.ensemble.{key})")


def test_a_structure_is_built_unless_it_is_the_one_with_a_problem(config):
    config["structures"] += [
        POINT_DEFECT | {"name": "hole_2", "kind": "divacancy_2nn", "supercell": 2},
        POINT_DEFECT | {"name": "hole_23", "layers": 5},
        POINT_DEFECT | {"name": "ho"},
    ]
    problems, atoms = check_input(config, SCHEMA)
    assert [problem.split(": ")[0] for problem in problems] == [
        "structures.hole_23.layers",
        "structures.hole_2.supercell",
    ]
    assert atoms == {"hole": 53, "ho": 53}
