"""Jobs of the workflow that run on MPI ranks: real Snakemake, real mpiexec, a script of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SNAKEFILE = """
rule work:
    output:
        "{task}.txt",
    log:
        "{task}.log",
    threads: 2
    resources:
        tasks=2,
        mpi="mpiexec",
    script:
        "work.py"
"""
SCRIPT = """
import os
import time
from pathlib import Path

import numpy as np
from common import job

from relaxdiff.exceptions import LammpsError
from relaxdiff.running.ranks import add_up, is_first, rank_and_size

with job(snakemake) as log:
    task, rank = snakemake.wildcards.task, rank_and_size()[0]
    Path(f"{task}.rank{rank}").write_text(str(os.getpid()))
    total = add_up(lambda: np.array([1.0 + rank]))
    log.info("sum %.1f with %s threads", total[0], os.environ["OMP_NUM_THREADS"])
    if task == "all_fail" or (task == "one_fails" and rank == 1):
        raise LammpsError("out of luck")
    if task == "one_breaks" and rank == 1:
        raise ValueError("out of order")
    if task != "done":
        time.sleep(30)
    if is_first():
        Path(snakemake.output[0]).write_text("written")
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts snakemake for one task in a folder of its own."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "work.py").write_text(SCRIPT)
    shutil.copy(PROJECT / "scripts/common.py", tmp_path)

    def make(task, launcher=()):
        return subprocess.Popen(
            [*launcher, sys.executable, "-m", "snakemake", "--cores", "2", f"{task}.txt"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROJECT / "src")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    return make


def test_all_ranks_work_and_the_first_one_writes(start, tmp_path, monkeypatch):
    # As inside a Slurm job, whose hosts only Slurm itself would know how to reach.
    monkeypatch.setenv("HYDRA_BOOTSTRAP", "slurm")
    for name, value in {"JOB_ID": "5", "NODELIST": "far", "JOB_NODELIST": "far"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert start("done").wait(timeout=60) == 0
    assert (tmp_path / "done.txt").read_text() == "written"
    log = (tmp_path / "done.log").read_text()
    assert "2 MPI ranks" in log
    assert log.count("sum 3.0 with 1 threads") == 1


def test_a_launcher_around_snakemake_is_not_that_of_the_ranks(start, tmp_path, monkeypatch):
    """mpiexec, and what srun with pmix leaves in a job."""
    monkeypatch.setenv("PMIX_NAMESPACE", "slurm.pmix.1.0")
    monkeypatch.setenv("PMIX_RANK", "0")
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert start("done", [mpiexec, "-n", "1"]).wait(timeout=60) == 0
    assert (tmp_path / "done.log").read_text().count("sum 3.0 with 1 threads") == 1


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("all_fail", "Error: out of luck"),
        ("one_fails", "Error: out of luck"),
        ("one_breaks", "ValueError: out of order"),
    ],
)
def test_an_error_ends_all_ranks_and_is_told_once(start, tmp_path, task, words):
    assert start(task).wait(timeout=25) == 1
    assert (tmp_path / f"{task}.log").read_text().count(words) == 1
    assert not (tmp_path / f"{task}.txt").exists()


def test_a_killed_launcher_leaves_no_rank_behind(start, tmp_path):
    process = start("killed")
    marks = [tmp_path / f"killed.rank{rank}" for rank in (0, 1)]
    wait_until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
    ranks = [int(mark.read_text()) for mark in marks]
    proxy = parent(ranks[0])  # of the launcher, which took the place of the job's first process
    os.kill(parent(proxy), signal.SIGKILL)
    assert process.wait(timeout=25) == 1
    wait_until(lambda: not any(Path(f"/proc/{rank}").exists() for rank in ranks))


def parent(pid):
    """The process that started another one."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("PPid")))


def wait_until(condition):
    deadline = time.monotonic() + 25
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
