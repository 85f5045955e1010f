"""Bad input of every kind, answered before any job by sentences that name file, key and value.

What the Snakefile does before any job is called here in this process, case by case; real runs of a
few cases are in tests/workflow/test_bad_input.py.
"""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from bad_analytic_input import ANALYTICS
from bad_input import (
    BAD_CONFIGS,
    BAD_TABLES,
    CASES,
    CONFIG_FILES,
    FAULT,
    LOOP,
    OWNED,
    PROJECT,
    SCHEMA,
    SLAB,
    array,
    config_of,
    merged,
    pickled,
)
from bad_property_fits import PROPERTY_FITS
from entries import vacancy

from relaxdiff.posterior.trial import write_trial_ensemble
from relaxdiff.study.input_check import LONGEST_SENTENCE, check_input, printable

ALL_CASES = CASES | ANALYTICS | PROPERTY_FITS


def tree():
    """All files and folders in the working directory."""
    return sorted(str(path) for path in Path().rglob("*"))


@pytest.mark.parametrize("case", ALL_CASES)
def test_bad_input_is_refused_before_any_job(input_folder, case):
    edit, *phrases = ALL_CASES[case]
    config = edit()
    before = tree()
    problems, _ = check_input(config, SCHEMA)
    assert len(problems) == len(phrases), problems
    for phrase in phrases:
        assert sum(phrase in problem for problem in problems) == 1, problems
    for problem in problems:
        assert problem.isprintable()
        assert len(problem) <= LONGEST_SENTENCE + 10
    assert tree() == before
    assert not Path(OWNED).exists()


def test_without_jax_a_potential_written_in_it_is_refused(input_folder):
    program = (
        "import sys; sys.modules['jax'] = None\n"
        "import json; from relaxdiff.study.input_check import check_input\n"
        "print(json.dumps(check_input(json.loads(sys.argv[1]), sys.argv[2])[0]))"
    )
    command = [sys.executable, "-c", program, json.dumps(config_of("analytic")), str(SCHEMA)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        "a potential written in JAX needs JAX: make jax, or pip install 'relaxdiff[jax]' "
        "(posterior.analytic.potential)"
    ]


def test_a_good_potential_written_in_jax_is_no_problem(input_folder):
    assert check_input(config_of("analytic"), SCHEMA)[0] == []


@pytest.fixture
def complete(small_config, monkeypatch):
    """Function that lays changes over the small study, in a folder like a clone's."""
    monkeypatch.chdir(PROJECT)
    defaults = yaml.safe_load(Path("config.yaml").read_text())
    return lambda changes: merged(defaults, merged(small_config, changes))


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_bad_configs_are_refused(complete, case):
    changes, sentence = BAD_CONFIGS[case]
    problems, _ = check_input(complete(changes), SCHEMA)
    assert any(sentence in problem for problem in problems), problems
    assert not Path(OWNED).exists()


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_sample_tables_are_refused(complete, small_config, tmp_path, case):
    change, word = BAD_TABLES[case]
    good = np.loadtxt(small_config["posterior"]["ensemble"]["samples"], delimiter=",")
    path = tmp_path / "samples.csv"
    np.savetxt(path, change(good), delimiter=",")
    problems, _ = check_input(complete({"posterior": {"ensemble": {"samples": str(path)}}}), SCHEMA)
    assert word in problems[0]


def test_there_are_many_cases():
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", ["file", "ensemble", "training"])
def test_good_input_passes(input_folder, name):
    config = config_of(name) | {"structures": [vacancy(3), SLAB, FAULT, LOOP]}
    assert check_input(config, SCHEMA) == ([], {"vacancy": 53, "slab": 12, "fault": 12, "loop": 16})


def test_a_covariance_gives_any_number_of_samples(input_folder):
    config = array(np.eye(55) * 1e-6, "covariance")()
    config["posterior"]["samples"] = 1000
    assert check_input(config, SCHEMA)[0] == []


def test_the_bomb_is_one(input_folder):
    """That no case sets it off would mean nothing if it could not go off."""
    pickle.loads(pickled())
    assert Path(OWNED).exists()


def test_a_table_out_of_a_spreadsheet_is_read(input_folder):
    path = Path("samples.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check_input(config_of(), SCHEMA)[0] == []


def test_a_key_given_twice_is_refused(input_folder):
    Path("mine.yaml").write_text(
        "study: one\ncrystal:\n  supercell: 3\n  supercell: 4\nstudy: two\n"
        "structures:\n  - {name: a, name: b}\n"
    )
    problems, _ = check_input(config_of(), SCHEMA, ["mine.yaml", "nowhere.yaml"])
    assert problems == [
        "mine.yaml: the key study is given 2 times, on the lines 1, 5: keep one of them",
        "mine.yaml: the key crystal.supercell is given 2 times, on the lines 3, 4: keep one of "
        "them",
        "mine.yaml: the key structures.0.name is given 2 times, on the lines 7, 7: keep one of "
        "them",
    ]


@pytest.mark.parametrize("case", CONFIG_FILES)
def test_a_bad_config_file_is_refused(input_folder, case):
    content, phrase = CONFIG_FILES[case]
    Path("config.yaml").write_bytes(content() if callable(content) else content)
    (problem,), _ = check_input(config_of(), SCHEMA, ["config.yaml"])
    assert problem.startswith(phrase)
    assert problem.isprintable()
    assert not Path(OWNED).exists()


def test_long_and_strange_texts_are_cut_and_spelled_out():
    assert printable("a\x1b[31m\n\u202eb") == r"a\x1b[31m\n\u202eb"
    assert len(printable("x" * 10**6)) < LONGEST_SENTENCE + 10


ROOT = Path(__file__).parents[3]


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
