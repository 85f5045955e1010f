"""Snakemake in other folders than the clone, and the workflow as a module of another one."""

import sys

import pytest
import yaml
from clones import PROJECT, Clone
from entries import vacancy

# The keys that differ, as README.md says; the posterior is the one that is shipped.
MINE = {
    "study": "mine",
    "posterior": {"samples": 2},
    "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 1},
    "crystal": {"supercell": 2},
    "structures": [vacancy(3, cell="fixed")],
    "truth": {"checked_variants": 1},
}
MODULE = """
configfile: "mine.yaml"
module relaxdiff:
    snakefile: "{snakefile}"
    config: {config}
use rule * from relaxdiff as rd_*
"""


@pytest.fixture
def elsewhere(tmp_path):
    """A folder that holds mine.yaml and nothing else."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "mine.yaml").write_text(yaml.safe_dump(MINE))
    return folder


def snakemake(folder, *arguments, fails=False):
    """What a run in a folder writes; asserts its exit code (0, or 1)."""
    command = [sys.executable, "-m", "snakemake", "--nocolor", *map(str, arguments)]
    return Clone.run_in(folder, command, fails)


def test_a_study_and_its_report_in_another_folder(elsewhere):
    options = ("-s", PROJECT / "Snakefile", "--configfile", "mine.yaml")
    told = snakemake(elsewhere, "--cores", 2, *options)
    assert "1 agrees" in told
    assert (elsewhere / "results/mine/vacancy/figures/energy_error.png").stat().st_size
    # The last words of the run are a command that works here.
    command = next(line for line in told.splitlines() if "one page" in line).split()
    assert command[2:4] == ["snakemake", "--report"]
    snakemake(elsewhere, *command[3:])
    assert "mine" in (elsewhere / "report.html").read_text()


def test_the_folder_can_be_named_by_an_option(elsewhere):
    options = ("--directory", elsewhere, "--configfile", elsewhere / "mine.yaml")
    assert "relax_variants" in snakemake(PROJECT, "--cores", 1, "--dry-run", *options)


def test_a_config_yaml_in_the_folder_goes_over_the_defaults(elsewhere):
    (elsewhere / "config.yaml").write_text(yaml.safe_dump({"figures": {"sample": 1, "dp": 3}}))
    options = ("-s", PROJECT / "Snakefile", "--configfile", "mine.yaml")
    told = snakemake(elsewhere, "--cores", 1, "--dry-run", *options, fails=True)
    errors = [line for line in told.splitlines() if line.startswith("Error:")]
    assert errors == ["Error: unknown config key 'figures.dp': did you mean 'figures.dpi'?"]


@pytest.mark.parametrize("config", ["config", 'config["inner"]'])
def test_the_workflow_as_a_module(elsewhere, config):
    mine = MINE | {"truth": {"enabled": False}}
    given = mine if config == "config" else {"inner": mine, "another": 1}
    (elsewhere / "mine.yaml").write_text(yaml.safe_dump(given))
    text = MODULE.format(snakefile=PROJECT / "Snakefile", config=config)
    (elsewhere / "Snakefile").write_text(text)
    assert "rd_evaluate_predictions" in snakemake(elsewhere, "--cores", 1, "--dry-run")
    if config == "config":
        snakemake(elsewhere, "--cores", 2)
        assert (elsewhere / "results/mine/vacancy/figures/formation_curves.png").stat().st_size
        snakemake(elsewhere, "--report", "report.html")


def test_what_is_wrong_in_the_config_of_a_module_is_told(elsewhere):
    (elsewhere / "mine.yaml").write_text(yaml.safe_dump(MINE | {"ranks": "many"}))
    text = MODULE.format(snakefile=PROJECT / "Snakefile", config="config")
    (elsewhere / "Snakefile").write_text(text)
    told = snakemake(elsewhere, "--cores", 1, "--dry-run", fails=True)
    assert "Error: ranks: 'many' is not of type 'integer'" in told
