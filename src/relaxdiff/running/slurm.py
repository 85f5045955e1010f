"""What a study under Slurm needs beyond Snakemake's executor plugin.

A killed `snakemake` leaves its jobs in Slurm's queue, and the plugin forgets them. For grouped
jobs the plugin does not report why one failed.
"""

import os
import re
import subprocess
import time
from pathlib import Path

from relaxdiff.exceptions import SlurmError

PREFIX = "relaxdiff_"  # of the names of our jobs: slurm-jobname-prefix in slurm/profile.yaml
CANCEL_PATIENCE = 120  # seconds that cancelled jobs may take to end; Slurm's KillWait is 30
SUBMITTED = re.compile(r"submitted with SLURM jobid (\d+) \(log: (.*)\)\.$", re.MULTILINE)
# Last words in a job's log, such as "JOB 7 ON node1 CANCELLED AT ... DUE TO TIME LIMIT".
LAST_WORDS = re.compile(r"error: \*\*\* (?:JOB|STEP) \S+ ON \S+ (.*?) \*\*\*")
MEMORY_WORDS = re.compile(
    r"^.*(?:memory limit|oom.kill|out of memory).*$", re.IGNORECASE | re.MULTILINE
)


def cancel_leftovers(folder):
    """Cancel jobs that an earlier, killed `snakemake` in this folder left in Slurm's queue.

    They would write the same files as the run that is starting. folder: the working directory,
    which the caller has locked, so that every relaxdiff job in it is a leftover. Returns the ids of
    the cancelled jobs, as text; none where there is no Slurm. Raises SlurmError when they do not
    end.
    """
    try:
        leftovers = _queued(folder)
    except (FileNotFoundError, SlurmError):
        return []
    if leftovers:
        _slurm("scancel", *leftovers)
        end = time.monotonic() + CANCEL_PATIENCE
        while remaining := set(_queued(folder)) & set(leftovers):
            if time.monotonic() > end:
                raise SlurmError(
                    f"jobs {', '.join(sorted(remaining))} of an earlier run in {folder} are still "
                    "there after scancel; wait until squeue no longer shows them, and start again"
                )
            time.sleep(1)
    return leftovers


def closing_summary(logs):
    """Lines on how many jobs a run gave to Slurm, and on why some of them failed.

    logs: Snakemake's own logs of the run. The plugin removes the log of a job that succeeded, so
    the remaining logs belong to failed jobs, whether Slurm's accounting is on or off. No lines if
    the run gave no jobs to Slurm.
    """
    text = "".join(Path(log).read_text(encoding="utf-8", errors="replace") for log in logs)
    submitted = [(job, Path(path)) for job, path in SUBMITTED.findall(text)]
    if not submitted:
        return []
    failed = [(job, path) for job, path in submitted if path.exists()]
    return [
        f"Slurm had {len(submitted)} jobs of this run; {len(failed) or 'none'} of them failed.",
        *(f"  job {job}: {_reason(path)}; see {path}" for job, path in failed),
    ]


def _reason(path):
    """Why a job ended, according to its log."""
    text = path.read_text(encoding="utf-8", errors="replace")
    words = MEMORY_WORDS.findall(text) or LAST_WORDS.findall(text)
    return words[-1].strip() if words else "its own error"


def _queued(folder):
    """Ids of the user's jobs from this folder that wait, run or end."""
    lines = _slurm("squeue", "--noheader", f"--user={os.geteuid()}", "--format=%i|%j|%Z")
    found = []
    for line in lines.splitlines():
        job, name, directory = line.strip().split("|", 2)
        if name.startswith(PREFIX) and Path(directory).resolve() == Path(folder).resolve():
            found.append(job)
    return found


def _slurm(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SlurmError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
