"""Kills, a full or read-only disk, damaged files; and bad input: one sentence and exit code 1.

Whatever happens on the way, the results in the end are those of an undisturbed run.
"""

import os
import random
import re
import shutil
import subprocess
import time

import numpy as np
import pytest
import xarray as xr
from ase.io import read
from bad_input import BAD_CONFIGS, BAD_TABLES, merged
from entries import vacancy

KILLS = 20


@pytest.fixture(scope="module")
def tiny_config(small_config):
    """The small study with fewer variants and without a look at them: it is run many times."""
    changes = {
        "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
        "prediction": {"evaluate": []},
        "structures": [vacancy(2)],
        "truth": {"samples_per_job": 1, "checked_variants": 1},
    }
    return merged(small_config, changes)


@pytest.fixture(scope="module")
def undisturbed(clone, tiny_config, tmp_path_factory):
    """A clone with the tiny study finished without any disturbance; `said`: on the terminal."""
    undisturbed = type(clone)(tmp_path_factory.mktemp("undisturbed"))
    undisturbed.write_config(tiny_config)
    undisturbed.said = undisturbed.run()
    return undisturbed


@pytest.fixture
def same_study(fresh_clone, tiny_config):
    """A clone with the same config."""
    fresh_clone.write_config(tiny_config)
    return fresh_clone


def results_of(clone):
    """Their paths, relative to the folder of the study, without our own records."""
    study = clone.folder / "results/small"
    return {
        path.relative_to(study)
        for path in study.rglob("*")
        if ".checksums" not in path.parts and path.suffix != ".damaged"
    }


def assert_same_results(undisturbed, clone):
    """Tables to the last digit, NetCDF files to all but the date; nothing half-written."""
    assert results_of(clone) == results_of(undisturbed)
    for path in results_of(clone):
        one, other = (each.folder / "results/small" / path for each in (undisturbed, clone))
        if path.suffix == ".csv":
            assert one.read_text() == other.read_text(), path
        elif path.suffix == ".nc":
            datasets = [xr.load_dataset(file) for file in (one, other)]
            for dataset in datasets:
                del dataset.attrs["created"]
            xr.testing.assert_identical(*datasets)


def test_killed_run_remakes_only_what_may_be_broken(undisturbed, same_study):
    results = same_study.folder / "results/small/vacancy"
    process = same_study.start("truth")
    while process.poll() is None and not list(results.glob("truth/*.nc")):
        time.sleep(0.05)
    same_study.kill(process)
    finished = {path: path.stat().st_mtime_ns for path in results.glob("truth/*.nc")}
    assert finished
    assert not (results / "truth.nc").exists()
    same_study.run("--unlock")
    same_study.run("truth")
    same_truth = [
        xr.load_dataset(clone.folder / "results/small/vacancy/truth.nc").drop_attrs()
        for clone in (undisturbed, same_study)
    ]
    xr.testing.assert_identical(*same_truth)
    # Snakemake remakes what it cannot know to be whole; nothing else.
    remade = [path for path, before in finished.items() if path.stat().st_mtime_ns != before]
    assert len(remade) <= 2
    assert not list(same_study.folder.rglob(".*.nc.*"))


def test_twenty_kills_leave_no_trace(undisturbed, same_study):
    chance = random.Random(1)
    interrupted = 0
    for _ in range(KILLS):
        process = same_study.start()
        time.sleep(chance.uniform(1, 5))
        if process.poll() is None:  # on a fast machine it may have finished
            interrupted += 1
            same_study.kill(process)
            # What --unlock does, without its seconds.
            shutil.rmtree(same_study.folder / ".snakemake/locks", ignore_errors=True)
    assert interrupted > KILLS / 2
    same_study.run()
    assert_same_results(undisturbed, same_study)


@pytest.fixture
def small_disk(same_study):
    """A function that gives results/ a disk of its own, or changes its mount options."""
    results = same_study.folder / "results"
    results.mkdir()

    def mount(*options):
        return subprocess.run(
            ["mount", *options, str(results)], capture_output=True, text=True, check=False
        )

    done = mount("-t", "tmpfs", "-o", "size=600k", "tmpfs") if os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip("only root can mount a small disk, and not in every container")
    yield lambda options: mount("-o", f"remount,{options}")
    subprocess.run(["umount", "--lazy", str(results)], check=True)


def test_full_and_read_only_disks_end_the_run_with_a_sentence(undisturbed, same_study, small_disk):
    output = same_study.run(fails=True)
    assert "No space left on device" in output
    assert "Traceback" not in output
    assert not list(same_study.folder.rglob(".*.unfinished"))
    small_disk("ro")
    output = same_study.run(fails=True)
    assert "Error: cannot write to results/small: Read-only file system" in output
    assert "Traceback" not in output
    small_disk("rw,size=100m")
    same_study.run()
    assert_same_results(undisturbed, same_study)


@pytest.mark.parametrize("place", ["results", "results/small", "results/small/vacancy"])
def test_a_file_in_place_of_a_folder_is_named(same_study, place):
    path = same_study.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    output = same_study.run(fails=True)
    assert f"Error: {place} is a file, where the folder for results has to be" in output
    assert "Traceback" not in output
    assert path.read_text() == "mine"


def test_damaged_files_are_named_and_made_again(undisturbed):
    results = undisturbed.folder / "results/small/vacancy"
    tables = {path: path.read_bytes() for path in results.glob("*.csv")}
    cut_short, with_flipped_bytes, another = chunks = sorted(results.glob("truth/*.nc"))
    another.write_bytes(with_flipped_bytes.read_bytes())
    cut_short.write_bytes(cut_short.read_bytes()[:-1000])
    content = bytearray(with_flipped_bytes.read_bytes())
    content[len(content) // 2] ^= 0xFF
    with_flipped_bytes.write_bytes(content)
    damaged = [path.read_bytes() for path in chunks]
    complaints = [f"results/small/vacancy/truth/{path.name} is damaged" for path in chunks]
    planned = undisturbed.run("--dry-run")
    assert all(complaint in planned for complaint in complaints)
    assert [path.read_bytes() for path in chunks] == damaged
    output = undisturbed.run()
    assert all(complaint in output for complaint in complaints)
    assert {path: path.read_bytes() for path in results.glob("*.csv")} == tables
    for number, path in enumerate(chunks):
        assert path.with_name(f"{path.name}.damaged").read_bytes() == damaged[number]
        assert xr.load_dataset(path)["sample"] == number
    assert "damaged" not in undisturbed.run("--dry-run")


def test_the_run_ends_with_what_came_of_it(undisturbed):
    lines = undisturbed.said.splitlines()
    head, errors = (n for n, line in enumerate(lines) if line.split()[:1] == ["structure"])
    assert lines[head + 1].split() == ["vacancy", "9", "9", "0", "9", "0", "1", "agrees"]
    quoted = [line.split()[:5] for line in lines[errors + 1 :] if line.split()[:1] == ["vacancy"]]
    assert ["vacancy", "all", "newton", "9", "0"] in quoted
    told = "\n".join(lines[head:])
    assert "meV" in told
    assert "The run took" in told
    assert "results/small/*/summary.csv" in told
    assert "--configfile" in told


@pytest.mark.parametrize(
    "case", ["unknown key", "not a structure file", "own result", "a command for a name"]
)
def test_bad_configs_are_refused_before_any_job(clone, small_config, case):
    changes, sentence = BAD_CONFIGS[case]
    clone.write_config(merged(small_config, changes))
    output = clone.run(fails=True)
    assert sentence in output
    assert "Traceback" not in output
    assert not (clone.folder / "results").exists()
    assert not (clone.folder / "owned").exists()


@pytest.mark.parametrize("case", ["not a number", "mean alone"])
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


def test_the_structure_below_a_saddle_point_is_kept_for_a_study_of_its_own(
    fresh_clone, small_config
):
    def reference_of(**entry):
        structure = {"name": "it", "cell": "isotropic", **entry}
        fresh_clone.write_config(small_config | {"structures": [structure]})
        return fresh_clone.run(path, fails=entry["kind"] == "tetrahedral")

    path = "results/small/it/reference.nc"
    output = reference_of(kind="tetrahedral", supercell=2)
    advice = r"in (\S+lower_structure.extxyz): .* lattice_parameter: ([\d.]+)"
    kept, a = re.search(advice, output).groups()
    assert not (fresh_clone.folder / path).exists()
    shutil.copy(fresh_clone.folder / kept, fresh_clone.folder / "lower.extxyz")
    reference_of(kind="file", path="lower.extxyz", lattice_parameter=float(a))
    with xr.open_dataset(fresh_clone.folder / path) as found:
        energy = float(found["energy"])
    lower = read(fresh_clone.folder / "lower.extxyz")
    assert energy == pytest.approx(lower.get_potential_energy(), abs=1e-6)


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
