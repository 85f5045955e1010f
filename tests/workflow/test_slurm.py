"""The study under a real Slurm, and what goes wrong there: every fault three times in a row.

Skipped, with the reason, where no Slurm can be started: that needs root.
"""

import copy
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import xarray as xr
import yaml
from slurm_cluster import Cluster, obstacle

RESULTS = "results/small/vacancy"  # of the one structure
TABLES = ["errors.csv", "errors_by_window.csv", "error_slopes.csv"]
TARGETS = [f"{RESULTS}/{name}" for name in TABLES]
PATIENCE = 600  # seconds, for a run
# `python -m snakemake`, but it asks Slurm every second; the plugin would wait ever longer.
SNAKEMAKE = """
from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda _: 1, lambda *_: None)
main()
"""
ROUNDS = [1, 2, 3]


@pytest.fixture(scope="module")
def slurm():
    """A function that sees to it that Slurm runs, with accounting or without: the Cluster."""
    if reason := obstacle():
        pytest.skip(reason)
    running = []

    def needed(accounting):
        fit = running and running[-1].accounting == accounting and running[-1].takes_jobs()
        if not fit:  # or a fault that was not got over would fail all later tests too
            running.append(Cluster(accounting))
            running[-1].start()
        return running[-1]

    yield needed
    Cluster().stop()


@pytest.fixture(scope="module")
def undisturbed(clone, small_config, samples_around, tungsten, tmp_path_factory):
    """The study run without Slurm: 4 samples in 2 chunks, each some seconds of work."""
    config = copy.deepcopy(small_config)
    folder = tmp_path_factory.mktemp("four")
    np.savetxt(
        folder / "samples.csv", np.vstack([tungsten.theta, samples_around(4)]), delimiter=","
    )
    config["posterior"] |= {"samples": 4}
    config["posterior"]["ensemble"] |= {"samples": str(folder / "samples.csv")}
    config["perturbation"] |= {"lambda_step": 0.04}
    config["truth"] |= {"samples_per_job": 2}
    clone.write_config(config)
    clone.run(*TARGETS)
    return clone


class SlurmRun:
    """The same study in a folder of its own, all done but the truth and what follows."""

    def __init__(self, undisturbed, folder):
        self.undisturbed = undisturbed.folder
        self.environment = undisturbed.environment()
        self.folder = folder / "clone"
        shutil.copytree(self.undisturbed, self.folder)
        self.results = self.folder / RESULTS
        self.logs = self.results.parent / "logs/vacancy"
        shutil.rmtree(self.results / "truth")
        for name in ["truth.nc", *TABLES]:
            (self.results / name).unlink()
        self.output = ""

    def start(self, *arguments):
        """`snakemake --profile slurm`, looking more often than it would."""
        self.log = (self.folder / "output.txt").open("w")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", SNAKEMAKE, *TARGETS, "--nocolor", "--profile", "slurm"),
                *("--group-components", "truth=1"),
                *(*arguments, "--configfile", "mine.yaml"),
            ],
            cwd=self.folder,
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def finish(self):
        """Wait for the end, which must be a good one."""
        try:
            code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.log.close()
            self.output = (self.folder / "output.txt").read_text()
        assert code == 0, self.output[-6000:]

    def wait_for_work(self):
        """Until a chunk has finished its first sample, not its second; its Slurm job's id."""
        finished = self.results / "truth/.finished"
        wait_until(lambda: list(finished.glob("sample*.nc")), "a finished sample")
        return xr.load_dataset(next(finished.glob("sample*.nc"))).attrs["slurm_job_id"]

    def jobs(self):
        """Ids of the jobs that Slurm has of this folder."""
        lines = subprocess.check_output(["squeue", "-h", "-o", "%i %Z"], text=True).splitlines()
        return [job for job, folder in map(str.split, lines) if folder == str(self.folder)]

    def suspend_work(self):
        """Stop the processes that relax variants here, without ending them."""
        for process in psutil.process_iter(["cmdline", "cwd"]):
            command = " ".join(process.info["cmdline"] or "")
            ours = process.info["cwd"] == str(self.folder)
            if ours and re.search(r"/scripts/tmp\w+\.relax_variants\.py", command):
                process.suspend()

    def check_tables(self):
        """The same numbers as without Slurm and without faults."""
        for name in TABLES:
            assert (self.results / name).read_bytes() == (
                self.undisturbed / RESULTS / name
            ).read_bytes()
        one, other = self.truth()
        xr.testing.assert_identical(one.drop_attrs(), other.drop_attrs())

    def truth(self):
        """This study's truth and the undisturbed one's."""
        return [xr.load_dataset(f / RESULTS / "truth.nc") for f in (self.folder, self.undisturbed)]

    def check_nothing_twice(self):
        """What was finished when the fault struck was not relaxed again."""
        logs = "".join(path.read_text() for path in self.logs.glob("relax_variants_*.log"))
        assert "relaxed by an earlier, unfinished job" in logs

    def summary(self):
        """What the run says about Slurm at its end."""
        return self.output[self.output.rindex("Slurm had ") :]


def wait_until(happened, what, seconds=180):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def run(undisturbed, tmp_path):
    return SlurmRun(undisturbed, tmp_path)


def test_truth_runs_under_slurm_and_equals_a_local_run(slurm, run):
    """Slurm tells its jobs of a launcher that LAMMPS's MPI would look for."""
    slurm(accounting=False)
    told = subprocess.check_output(["srun", "-n1", "--mem=50", "env"], text=True)
    assert re.search(r"^PMI2?_FD=\d+$", told, re.MULTILINE), told
    run.start()
    run.finish()
    run.check_tables()
    jobs = {xr.open_dataset(path).attrs["slurm_job_id"] for path in run.results.glob("truth/*.nc")}
    assert len(jobs) == 2
    assert "Slurm had 2 jobs of this run; none of them failed." in run.output


def test_ranks_share_each_evaluation(slurm, run):
    slurm(accounting=False)
    config = yaml.safe_load((run.folder / "mine.yaml").read_text())
    config["truth"] |= {"samples_per_job": 4}
    (run.folder / "mine.yaml").write_text(yaml.safe_dump(config | {"ranks": 2}))
    run.start("--quiet", "host")  # not of rules, as the project's profile is
    run.finish()
    assert "2 MPI ranks" in (run.logs / "relax_variants_000-003.log").read_text()
    asked = re.search(r"rule relax_variants:.*?resources: (.*)", run.output, re.DOTALL)[1]
    assert {"mpi=mpiexec", "tasks=2", "cpus_per_task=1"} <= set(asked.split("\n")[0].split(", "))
    one, other = run.truth()
    assert np.array_equal(one["status"], other["status"])
    difference = abs(one["formation_energy"] - other["formation_energy"])
    assert float(difference.max()) < 1e-9


@pytest.mark.parametrize("again", ROUNDS)
def test_cancelled_job(slurm, run, again):
    slurm(accounting=True)
    run.start()
    job = run.wait_for_work()
    subprocess.run(["scancel", job], check=True)
    run.finish()
    run.check_tables()
    run.check_nothing_twice()
    assert f"job {job}: CANCELLED" in run.summary()


@pytest.mark.parametrize("again", ROUNDS)
def test_too_little_memory(slurm, run, again):
    slurm(accounting=True)
    run.start("--set-resources", "relax_variants:mem_mb=300 if attempt == 1 else 1500")
    run.finish()
    run.check_tables()
    assert "memory" in run.summary()


@pytest.mark.parametrize("again", ROUNDS)
def test_too_little_time(slurm, run, again):
    slurm(accounting=True)
    run.start("--set-resources", "relax_variants:runtime=attempt")
    job = run.wait_for_work()
    run.suspend_work()  # a file system that hangs looks like this
    if again > 1:  # the rest of the minute need not be waited for every time
        for queued in run.jobs():
            change = [f"JobId={queued}", "EndTime=now+1"]
            subprocess.run(["scontrol", "update", *change], check=True)
    run.finish()
    run.check_tables()
    run.check_nothing_twice()
    assert f"job {job}: " in run.summary()
    assert "DUE TO TIME LIMIT" in run.summary()


@pytest.mark.parametrize("outage", [1, 3, 25])  # seconds
def test_controller_restarted(slurm, run, outage):
    cluster = slurm(accounting=True)
    run.start()
    run.wait_for_work()
    cluster.kill("slurmctld", signal.SIGTERM)
    time.sleep(outage)
    cluster.start_controller()
    run.finish()
    run.check_tables()


@pytest.mark.parametrize("again", ROUNDS)
def test_node_lost_and_back(slurm, run, again):
    cluster = slurm(accounting=True)
    run.start()
    run.wait_for_work()
    cluster.crash_node()
    cluster.boot_node()
    run.finish()
    run.check_tables()
    run.check_nothing_twice()


@pytest.mark.parametrize("again", ROUNDS)
def test_snakemake_killed_and_started_again(slurm, run, again):
    slurm(accounting=True)
    run.start()
    job = run.wait_for_work()
    run.suspend_work()
    run.process.kill()
    run.process.wait()
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--unlock", "--configfile", "mine.yaml"],
        cwd=run.folder,
        check=True,
    )
    run.start()
    run.finish()
    run.check_tables()
    run.check_nothing_twice()
    assert re.search(
        rf"Cancelled \d Slurm jobs that an earlier, killed run left here: .*\b{job}\b", run.output
    )
