"""Bad input ends real runs with sentences, before any job or from one."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from bad_input import CASES, CONFIG_FILES, ENSEMBLE, LOOP, OWNED, config_of, put
from clones import Clone
from entries import vacancy

from relaxdiff.potentials.snap.potential import write_snap


@pytest.fixture
def refused(clone, input_files, monkeypatch):
    """Runs a study and returns the sentences that it ends with."""
    put(input_files, clone.folder)
    monkeypatch.chdir(clone.folder)

    def run(edit, *arguments):
        clone.write_config(edit())
        done = subprocess.run(
            clone.command("--cores", "1", *arguments),
            env=clone.environment(),
            text=True,
            capture_output=True,
            check=False,
        )
        put(input_files, clone.folder)
        output = done.stdout + done.stderr
        assert done.returncode == 1, output[-3000:]
        assert "Traceback" not in output
        assert not (clone.folder / OWNED).exists()
        return [line for line in done.stderr.splitlines() if "Error: " in line]

    return run


@pytest.mark.parametrize(
    "case",
    [
        "a LAMMPS command for a study",
        "a substitution for a path",
        "samples: the mean in meV",
        "npy: pickled objects",
        "posterior: another element",
        "weights: of a group that is not there",
        "structure: a pickle by its name",
        "several files",
        "several keys",
    ],
)
def test_bad_input_ends_a_run_before_any_job(refused, clone, case):
    edit, *phrases = CASES[case]
    sentences = refused(edit)
    assert refused(edit, "--dry-run") == sentences
    assert len(sentences) == len(phrases), sentences
    for phrase in phrases:
        assert any(each.startswith("Error: ") and phrase in each for each in sentences), sentences
    assert not (clone.folder / "results").exists()


@pytest.mark.parametrize("case", ["truncated", "junk"])
def test_a_bad_config_file_ends_a_run(fresh_clone, case):
    content, phrase = CONFIG_FILES[case]
    (fresh_clone.folder / "config.yaml").write_bytes(content)
    fresh_clone.write_config({"study": "small"})
    output = fresh_clone.run(fails=True)
    assert f"Error: {phrase}" in output
    assert "Traceback" not in output
    assert not (fresh_clone.folder / "results").exists()


def test_an_unstable_reference_ends_the_run(tungsten, refused):
    def edit():
        opposite = tungsten.with_theta(-tungsten.theta)
        write_snap(opposite, Path("W"))
        table = np.loadtxt("samples.csv", delimiter=",")
        np.savetxt("samples.csv", -table, delimiter=",")
        return config_of()

    sentences = refused(edit, "results/small/bulk.nc")
    found = {each.split("Error: ", 1)[1] for each in sentences if "minimum" in each}
    assert len(found) == 1, sentences
    assert "E(a) of the reference potential has no minimum between" in found.pop()
    assert not Path("results/small/bulk.nc").exists()
    assert not list(Path("results").rglob(".*.unfinished"))


def test_spaces_and_quotes_in_paths_are_no_problem(input_files, tmp_path):
    """In the folder of the study, and in the files that it names."""
    folder = tmp_path / 'it\'s a "study" $(touch owned)'
    folder.mkdir()
    clone = Clone(folder)
    put(input_files, folder)
    config = config_of() | {"structures": [vacancy(3), LOOP | {"path": "a 'loop' ; x.xyz"}]}
    (folder / "loop.xyz").rename(folder / "a 'loop' ; x.xyz")
    for name, path in {
        "coefficients": 'my "own" W.snapcoeff',
        "parameters": "it's; touch owned.snapparam",
        "samples": "$(touch owned) `touch owned`.csv",
    }.items():
        (folder / ENSEMBLE[name]).rename(folder / path)
        config["posterior"]["ensemble"][name] = path
    clone.write_config(config)
    assert "relax_bulk" in clone.planned()
    clone.run("--cores", "1", "posterior", "results/small/potentials/sample001_lambda+01.0.snap")
    found = xr.load_dataset(folder / "results/small/posterior.nc")
    assert found.sizes["sample"] == 3
    assert not list(tmp_path.rglob("owned"))
