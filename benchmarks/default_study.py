"""Wall time of the default study on two cores, and the share of it that is work.

    python benchmarks/default_study.py > times.md

To be run in a clone without results/, in its environment, with nothing else running. The study runs
without truth and evaluated levels first, then, from an empty folder of its own, with all of it.
What jobs log as done is work; the rest of two cores' time is the start of Snakemake and of every
job's Python, and waiting.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

CORES = 2
ROOT = Path(__file__).parents[1]


def run(study, truth):
    """Seconds of a run of the default study, and of the work in its jobs."""
    settings = {"study": study, "truth": {"enabled": truth}}
    if not truth:
        settings["prediction"] = {"evaluate": []}
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        yaml.safe_dump(settings, config)
        config.flush()
        command = [sys.executable, "-m", "snakemake", "--cores", str(CORES)]
        start = time.perf_counter()
        subprocess.run(
            [*command, "--configfile", config.name],
            cwd=ROOT,
            env=os.environ | one_thread,
            check=True,
            capture_output=True,
        )
        wall = time.perf_counter() - start
    logs = [path.read_text() for path in (ROOT / "results" / study / "logs").rglob("*.log")]
    work = sum(float(found) for log in logs for found in re.findall(r"done in ([\d.]+) s", log))
    return wall, work, len(logs)


def errors_of(table, quantity, scale):
    """Lines of a table: mean, median, 95th percentile, maximum of |error| by window and level."""
    here = table[table["quantity"] == quantity]
    columns = ["mean_abs_error", "median_abs_error", "abs_error_percentile_95", "max_abs_error"]
    for row in here.to_dict("records"):
        numbers = " / ".join(f"{scale * row[column]:.2g}" for column in columns)
        yield f"| {row['window']} | {row['level']} | {row['variants']} | {numbers} |"


def main():
    """Print the table."""
    if (ROOT / "results").exists():
        sys.exit(f"{ROOT / 'results'} exists: run this in a clone without results")
    rows = []
    for study, truth in (("timed_without_truth", False), ("timed", True)):
        wall, work, jobs = run(study, truth)
        name = "all of it" if truth else "without truth"
        rows.append((f"{name}, wall time", f"{wall:.1f} s"))
        rows.append((f"{name}, jobs", jobs))
        rows.append((f"{name}, work in jobs / {CORES} cores", f"{work / CORES / wall:.0%}"))
    summary = pd.read_csv(ROOT / "results/timed/vacancy/summary.csv")
    for topic in ("crystal", "truth", "truth check", "cost", "posterior", "minimum in doubt"):
        here = summary[summary["topic"] == topic]
        rows += [(f"{topic}: {row.item}", f"{row.value:.6g}") for row in here.itertuples()]
    print(__doc__.replace("\n    python", "\n    $ python"))
    print("| what | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")
    windows = pd.read_csv(ROOT / "results/timed/vacancy/errors_by_window.csv")
    for quantity, scale, unit in (("formation_energy", 1e3, "meV"), ("formation_volume", 1, "A^3")):
        print(f"\n| {quantity}, {unit} | level | variants | mean / median / 95 % / largest |")
        print("|---|---|---|---|", *errors_of(windows, quantity, scale), sep="\n")


if __name__ == "__main__":
    main()
