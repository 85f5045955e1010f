"""Wall time of a whole study of the random Lennard-Jones alloy, truth included.

    python benchmarks/alloy_study.py > benchmarks/alloy_study.md

All six parameters of eq 11 of arXiv:2407.02414 are uncertain, by 1 % each: 100 samples, 51 values
of lambda from -1 to 1, 5,100 variants of 255 atoms of two kinds at fixed volume. The study runs in
an empty folder, on two cores with nothing else running. What jobs log as done is work; the rest of
two cores' time is the start of Snakemake and of every job's Python, and waiting.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import yaml

CORES = 2
ROOT = Path(__file__).parents[1]
UNCERTAIN = [f"{name}_{pair}" for name in ("epsilon", "sigma") for pair in ("AA", "AB", "BB")]
CONFIG = {
    "study": "timed",
    "posterior": {
        "samples": 100,
        "file": None,
        "analytic": {"potential": "lennard_jones", "deviations": dict.fromkeys(UNCERTAIN, 0.01)},
    },
    "perturbation": {"lambda_min": -1, "lambda_max": 1, "lambda_step": 0.04},
    "crystal": {
        "element": "Ar",
        "lattice": "fcc",
        "lattice_parameter": 1.548746,
        "solutes": {"Kr": -7.8241},
        "supercell": 3,
    },
    "structures": [
        {
            "name": "alloy",
            "kind": "alloy_vacancy",
            "supercell": 4,
            "element": "Kr",
            "fraction": 0.5,
            "seed": 0,
            "cell": "fixed",
        }
    ],
    "prediction": {"evaluate": []},
    "truth": {"checked_variants": 3},
}


def run(folder):
    """Seconds of the study in a folder, and of the work of each rule's jobs, a dict of lists."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile")]
    start = time.perf_counter()
    subprocess.run(
        [*command, "--cores", str(CORES)],
        cwd=folder,
        env=os.environ | one_thread,
        check=True,
        capture_output=True,
    )
    wall, work = time.perf_counter() - start, defaultdict(list)
    for path in (folder / "results/timed/logs").rglob("*.log"):
        rule = re.match("[a-z_]*[a-z]", path.name)[0]
        found = re.findall(r"done in ([\d.]+) s", path.read_text())
        work[rule] += map(float, found)
    return wall, work


def main():
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        wall, work = run(Path(folder))
        summary = pd.read_csv(Path(folder) / "results/timed/alloy/summary.csv")
    print(
        "# A study of the Lennard-Jones alloy\n\n"
        + __doc__.replace("\n    python", "\n    $ python")
    )
    share = sum(map(sum, work.values())) / CORES / wall
    print(f"The study took {wall:.0f} s on {CORES} cores; {share:.0%} of their time was work.\n")
    print("| rule | jobs | work, s |\n|---|---|---|")
    for rule, seconds in sorted(work.items(), key=lambda each: -sum(each[1])):
        print(f"| {rule} | {len(seconds)} | {sum(seconds):.1f} |")
    print("\n| what | |\n|---|---|")
    for row in summary[summary["topic"].isin(("truth", "truth check", "cost"))].itertuples():
        print(f"| {row.topic}: {row.item} | {row.value:.6g} |")


if __name__ == "__main__":
    main()
