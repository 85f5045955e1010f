"""A hundred chunks of truth through Slurm, against the same run without it.

    python benchmarks/cluster_overhead.py > benchmarks/cluster_overhead.md

Needs root: it starts the Slurm of the tests on this host, with all its cores. 300 samples in 100
chunks of 3, the rest of the default study; everything before the chunks is there already in both
runs. `--profile slurm` as it is: 5 chunks in a group, 20 Slurm jobs. Work: what the chunks' own
logs say.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "tests/shared"))

from slurm_cluster import Cluster  # noqa: E402

RESULTS = "results/hundred/vacancy"
CONFIG = """\
study: hundred
posterior: {samples: 300}
truth: {samples_per_job: 3}
"""
PARTS = "Snakefile config.yaml profiles slurm workflow scripts src envs resources".split()


def snakemake(folder, *arguments):
    """Run it; returns seconds of wall time and what it printed."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", "mine.yaml"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return time.perf_counter() - start, done.stdout


def work(folder):
    """Seconds of work in the chunks, from their logs."""
    logs = (folder / "results/hundred/logs/vacancy").glob("relax_variants_*.log")
    return [float(re.search(r"done in ([\d.]+) s", log.read_text())[1]) for log in logs]


def measure(folder):
    """Wall time, work and Slurm's jobs of both runs."""
    chunks = folder / RESULTS / "truth"
    before = [f"{RESULTS}/{name}.nc" for name in ("force_constants", "derivative", "crystal")]
    snakemake(folder, *before, "--cores", "all")
    local, _ = snakemake(folder, f"{RESULTS}/truth.nc", "--cores", "all")
    found = {"local": (local, work(folder), 0)}
    shutil.rmtree(chunks)
    (folder / f"{RESULTS}/truth.nc").unlink()
    seconds, printed = snakemake(folder, f"{RESULTS}/truth.nc", "--profile", "slurm")
    jobs = len(re.findall("submitted with SLURM jobid", printed))
    return found | {"--profile slurm": (seconds, work(folder), jobs)}


def main():
    """Print the table."""
    print("# A hundred chunks under Slurm\n")
    print(__doc__.replace("\n    python", "\n    $ python"))
    cores = os.cpu_count()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS:
            source = PROJECT / part
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / part)
        (folder / "mine.yaml").write_text(CONFIG)
        cluster = Cluster()
        cluster.start()
        try:
            found = measure(folder)
        finally:
            cluster.stop()
    print("| | wall, s | chunks | Slurm jobs | work, s | s of a core beside the work, per chunk |")
    print("|---|---|---|---|---|---|")
    for name, (seconds, times, jobs) in found.items():
        beside = (seconds * cores - sum(times)) / len(times)
        cells = f"{seconds:.0f} | {len(times)} | {jobs or ''} | {sum(times):.0f} | {beside:.1f}"
        print(f"| {name} | {cells} |")
    ratio = found["--profile slurm"][0] / found["local"][0]
    print(f"\n{ratio:.2f} times the local wall time, on {cores} cores.")


if __name__ == "__main__":
    main()
