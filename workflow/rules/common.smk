# What all rules share: the checked config, the names of results, the library of this clone.

import os
import sys
from pathlib import Path

# Jobs, also those in conda environments and on other hosts, import the library of this clone.
LIBRARY = str(Path(workflow.basedir) / "src")
sys.path.insert(0, LIBRARY)
os.environ["PYTHONPATH"] = os.pathsep.join(
    [LIBRARY, *filter(None, [os.environ.get("PYTHONPATH")])]
)
# One thread in each job: the parallelism is between jobs.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

from relaxdiff.config import check_config
from relaxdiff.datasets import code_digest
from relaxdiff.exceptions import InputError


configfile: "config.yaml"


try:
    check_config(config, Path(workflow.basedir) / "workflow/schemas/config.schema.yaml")
except InputError as error:
    # Not a WorkflowError: that would wrap the sentence in file names and line numbers.
    print(f"Error in the config: {error}", file=sys.stderr)
    sys.exit(1)

STUDY = f"results/{config['study']}"
VARIANT = r"sample\d\d\d+_lambda[+-]\d+(\.\d+)?"


wildcard_constraints:
    variant=VARIANT,
    chunk=r"\d+-\d+",
    part=r"\d+",
    supercell=r"\d+",
    solver="dense|sparse|energy|lammps",


def chunks():
    """Names of the truth jobs: ranges of samples such as 000-004, both ends included."""
    size, total = config["truth"]["samples_per_job"], config["posterior"]["samples"]
    return [
        f"{first:03d}-{min(first + size, total) - 1:03d}" for first in range(0, total, size)
    ]
