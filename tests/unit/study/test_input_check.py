"""Bad input of every kind, answered before any job by sentences that name file, key and value.

What the Snakefile does before any job is called here in this process, case by case; real runs of a
few cases are in tests/workflow/test_bad_input.py.
"""

import pickle
from pathlib import Path

import numpy as np
import pytest
import yaml
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
    config_of,
    merged,
    pickled,
)
from entries import vacancy

from relaxdiff.study.input_check import LONGEST_SENTENCE, check_input, printable


def tree():
    """All files and folders in the working directory."""
    return sorted(str(path) for path in Path().rglob("*"))


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_before_any_job(input_folder, case):
    edit, *phrases = CASES[case]
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
