"""A clone of the project in a temporary folder, and real Snakemake runs in it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
PARTS = (
    "Snakefile",
    "config.yaml",
    "profiles",
    "slurm",
    "workflow",
    "scripts",
    "src",
    "envs",
    "resources",
)


class Clone:
    """The files of the project in a folder of their own, with a config to write and run.

    of: another Clone, to begin with all that was run in it; Snakemake then finds nothing to do.
    """

    def __init__(self, folder, of=None):
        self.folder = folder
        if of is not None:
            shutil.copytree(of.folder, folder, dirs_exist_ok=True)
            return
        for part in PARTS:
            source, target = PROJECT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)

    def write_config(self, config):
        """Write mine.yaml, the config that every run here takes on top of config.yaml."""
        (self.folder / "mine.yaml").write_text(yaml.safe_dump(config))

    def command(self, *arguments):
        """The snakemake command line."""
        snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor"]
        return [*snakemake, *arguments, "--configfile", "mine.yaml"]

    def run(self, *arguments, fails=False):
        """Run snakemake; returns stdout and stderr together. Asserts the exit code (0, or 1)."""
        return self.run_in(self.folder, self.command(*arguments), fails)

    @classmethod
    def run_in(cls, folder, command, fails=False):
        """Run any command in any folder, with the same return value and assertion."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=cls.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == (1 if fails else 0), done.stdout[-6000:]
        return done.stdout

    def planned(self, *arguments):
        """Names of the rules that a run would execute now, a set, the target rules left out."""
        # The project's profile is quiet about rules. Snakemake indents those of a group.
        told = self.run("--quiet", "host", "--dry-run", *arguments)
        lines = map(str.strip, told.splitlines())
        rules = {
            line.split()[1].rstrip(":")
            for line in lines
            if line.startswith(("rule ", "localrule "))
        }
        targets = {
            "all",
            "truth",
            "figures",
            "posterior",
            "solver_scaling",
            "solver_accuracy",
            "adaptive",
            "joint",
            "fit",
        }
        return rules - targets

    def start(self, *arguments):
        """Start snakemake in a process group of its own, to be killed."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @staticmethod
    def environment():
        """The environment of a user who has not set PYTHONPATH."""
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "PYTHONPATH"))
        }
        return environment | {"OMP_NUM_THREADS": "1"}

    @staticmethod
    def kill(process):
        """SIGKILL to snakemake and all its jobs."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
