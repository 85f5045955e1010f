"""Kill and resume; and bad input, answered by one sentence and exit code 1."""

import copy
import time

import numpy as np
import pytest
import xarray as xr
from entries import vacancy


def test_killed_run_resumes_to_the_same_numbers(fresh_clone, small_config, tmp_path_factory):
    undisturbed = type(fresh_clone)(tmp_path_factory.mktemp("undisturbed"))
    for clone in (undisturbed, fresh_clone):
        clone.write_config(small_config)
    undisturbed.run("results/small/vacancy/truth.nc")
    chunks = fresh_clone.folder / "results/small/vacancy/truth"
    process = fresh_clone.start("results/small/vacancy/truth.nc")
    while process.poll() is None and not list(chunks.glob("*.nc")):
        time.sleep(0.05)
    fresh_clone.kill(process)
    finished = {path: path.stat().st_mtime_ns for path in chunks.glob("*.nc")}
    assert finished
    assert not (fresh_clone.folder / "results/small/vacancy/truth.nc").exists()
    fresh_clone.run("--unlock")
    fresh_clone.run("results/small/vacancy/truth.nc")
    one, other = (
        xr.load_dataset(clone.folder / "results/small/vacancy/truth.nc")
        for clone in (undisturbed, fresh_clone)
    )
    xr.testing.assert_identical(one.drop_attrs(), other.drop_attrs())
    # Snakemake remakes what it cannot know to be whole; nothing else.
    remade = [path for path, before in finished.items() if path.stat().st_mtime_ns != before]
    assert len(remade) <= 2
    assert not list(fresh_clone.folder.rglob(".*.nc.*"))


FILE = {
    "name": "loop",
    "kind": "file",
    "path": "config.yaml",
    "lattice_parameter": 3.18,
    "cell": "fixed",
}
BAD_CONFIGS = {
    "unknown key": (
        {"perturbation": {"lambda_mim": -3}},
        "unknown config key 'perturbation.lambda_mim': did you mean 'perturbation.lambda_min'?",
    ),
    "unknown block": ({"pertubation": {}}, "did you mean 'perturbation'?"),
    "wrong type": ({"crystal": {"supercell": "four"}}, "crystal.supercell: 'four'"),
    "out of range": ({"structures": [vacancy(1)]}, "structures.vacancy.supercell: 1 is less than"),
    "no structure": ({"structures": []}, "structures"),
    "a name twice": ({"structures": [vacancy(2), vacancy(3)]}, "given 2 times"),
    "a result's name": ({"structures": [vacancy(2, name="joint")]}, "structures.joint.name: joint"),
    "not a structure file": (
        {"structures": [FILE]},
        "structures.loop.path: ASE cannot read config.yaml",
    ),
    "not a choice": ({"truth": {"relaxer": "fire"}}, "'fire' is not one of"),
    "grid": ({"perturbation": {"lambda_step": 0.3}}, "multiples of lambda_step = 0.3"),
    "two sources": (
        {"posterior": {"file": "resources/tungsten.nc"}},
        "exactly one of file, ensemble and training must be set, found file and ensemble",
    ),
    "no source": ({"posterior": {"ensemble": None}}, "found none"),
    "sample not there": ({"figures": {"sample": 3}}, "figures.sample: 3 is not one of the 3"),
    "own result": (
        {"posterior": {"file": "results/small/posterior.nc", "ensemble": None}},
        "is this study's own result",
    ),
    "missing file": (
        {"posterior": {"ensemble": {"samples": "nowhere.csv"}}},
        "posterior.ensemble.samples: nowhere.csv does not exist",
    ),
    "a command for a name": ({"study": "x; touch owned"}, "study: 'x; touch owned'"),
}


def merged(config, changes):
    config = copy.deepcopy(config)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(config.get(key), dict)
        config[key] = merged(config[key], value) if both else value
    return config


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_bad_configs_are_refused_before_any_job(clone, small_config, case):
    changes, sentence = BAD_CONFIGS[case]
    clone.write_config(merged(small_config, changes))
    output = clone.run(fails=True)
    assert sentence in output
    assert "Traceback" not in output
    assert not (clone.folder / "results").exists()
    assert not (clone.folder / "owned").exists()


BAD_TABLES = {
    "a column too few": (lambda table: table[:, :-1], "54"),
    "not a number": (lambda table: np.where(table == table[2, 7], np.nan, table), "samples.csv"),
    "too few samples": (lambda table: table[:3], "2"),
    "mean alone": (lambda table: table[:1], "samples.csv"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_sample_tables_are_refused_by_name(fresh_clone, small_config, case):
    change, word = BAD_TABLES[case]
    good = np.loadtxt(small_config["posterior"]["ensemble"]["samples"], delimiter=",")
    np.savetxt(fresh_clone.folder / "samples.csv", change(good), delimiter=",")
    fresh_clone.write_config(
        merged(small_config, {"posterior": {"ensemble": {"samples": "samples.csv"}}})
    )
    output = fresh_clone.run("posterior", fails=True)
    errors = [line for line in output.splitlines() if "Error: " in line]
    assert errors, output[-3000:]
    assert word in errors[0]
    assert "Traceback" not in output
    assert not (fresh_clone.folder / "results/small/posterior.nc").exists()


def test_truncated_potential_is_refused_by_name(fresh_clone, small_config):
    coeff = small_config["posterior"]["ensemble"]["coefficients"]
    with open(coeff) as whole:  # noqa: PTH123
        (fresh_clone.folder / "short.snapcoeff").write_text("".join(whole.readlines()[:30]))
    fresh_clone.write_config(
        merged(small_config, {"posterior": {"ensemble": {"coefficients": "short.snapcoeff"}}})
    )
    output = fresh_clone.run("posterior", fails=True)
    assert "Error: short.snapcoeff: announces 56 coefficients" in output
    assert "Traceback" not in output
