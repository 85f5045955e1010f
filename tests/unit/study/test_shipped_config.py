"""The config that comes with the package is the project's, and nothing is overwritten."""

import subprocess
import sys
from pathlib import Path

import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.study.shipped_config import write_shipped_config

PROJECT = Path(__file__).parents[3]


def test_it_is_the_config_of_the_project(tmp_path):
    path = write_shipped_config(tmp_path / "new/mine.yaml")
    assert path.read_bytes() == (PROJECT / "config.yaml").read_bytes()
    assert not path.is_symlink()


def test_a_file_that_exists_is_left_alone(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("study: mine\n")
    with pytest.raises(InputError, match=r"mine.yaml exists: remove it, or name another"):
        write_shipped_config(path)
    assert path.read_text() == "study: mine\n"


def test_an_installed_package_holds_it_and_its_types(tmp_path):
    """Built as pip builds it: the link is a file there."""
    command = "from setuptools import setup; setup()"
    subprocess.run(
        [sys.executable, "-c", command, "-q", "egg_info", "-e", tmp_path]
        + ["build", "--build-base", tmp_path / "base", "--build-lib", tmp_path / "lib"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    built = tmp_path / "lib/relaxdiff"
    assert (built / "py.typed").is_file()
    assert (built / "config.yaml").read_bytes() == (PROJECT / "config.yaml").read_bytes()
    assert not (built / "config.yaml").is_symlink()
