"""What a job that relaxes variants needs, against the size of the cell and the MPI ranks.

    python benchmarks/cluster_sizing.py > benchmarks/cluster_sizing.md

Two samples of the posterior in resources/, |lambda| <= 4 in steps of 0.2, tests of stability
included. Set-up is what each job does before its first variant; the time per variant is that of the
second sample, set-up left out; peak is that of one process. Each row runs in processes of its own.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.derivative.solvers.named import solver_of
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.relaxers import RELAXERS
from relaxdiff.minima.saddle_test import StabilityTest
from relaxdiff.minima.symmetry_blocks import (
    crystal_hessian,
    force_constants,
    tensor_hessian,
)
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.running.ranks import is_first
from relaxdiff.structures.coordinates import ISOTROPIC
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.relaxed_variants import relax_variants

POSTERIOR = Path(__file__).parents[1] / "resources/tungsten.nc"
CRYSTAL = {"element": "W", "lattice": "bcc"}
VACANCY = {"name": "vacancy", "kind": "vacancy", "cell": "isotropic"}
CASES = [  # relaxer, supercell, ranks
    ("newton", 3, 1),
    ("newton", 4, 1),
    ("newton", 6, 1),
    ("newton", 8, 1),
    ("sparse", 4, 1),
    ("sparse", 8, 1),
    ("sparse", 12, 1),
    ("sparse", 16, 1),
    ("sparse", 16, 2),
]


def measure(relaxer, supercell):
    """One row, as a dict of numbers."""
    posterior = sample_posterior(read_posterior(POSTERIOR), 2, 2024)
    potential = potential_from_posterior(posterior)
    # Every relaxer meets the same variants: those that are stable crystals.
    start = starting_crystal(**CRYSTAL)
    bulk = bulk_of_variants(potential, posterior, lambda_grid(-4, 4, 0.2), start, 4)
    crystal = crystal_of_variants(potential, posterior, bulk, ISOTROPIC)
    minimum = relax_reference(potential, CRYSTAL, VACANCY | {"supercell": supercell})
    large = relaxer == "sparse"
    solver = solver_of("sparse" if large else "dense", minimum, start, supercell)
    began = time.perf_counter()
    derivative = implicit_derivative(minimum, solver)
    stamps = [time.perf_counter()]
    if large:
        constants = crystal_green(potential, minimum.atoms, start, supercell)
        hessian = crystal_hessian(constants, minimum.coordinates)
    else:
        constants = force_constants(minimum)
        hessian = tensor_hessian(constants, minimum.coordinates)
    stamps.append(time.perf_counter())
    with RELAXERS[relaxer](minimum, hessian), StabilityTest(minimum, hessian):
        stamps.append(time.perf_counter())
    truth = relax_variants(
        minimum,
        posterior,
        crystal,
        derivative,
        constants,
        [0, 1],
        relaxer,
        lambda line: stamps.append(time.perf_counter()),
    )
    counts = (truth["status"] == "converged").sum("lambda").values
    per_variant = (stamps[4] - stamps[3]) / int(counts[1])
    return {
        "atoms": len(minimum.atoms),
        "derivative, s": stamps[0] - began,
        "force constants, s": stamps[1] - stamps[0],
        "set-up, s": stamps[2] - stamps[1],
        "s per variant": per_variant,
        "evaluations per variant": float(truth["evaluations"].isel(sample=1).sum()) / counts[1],
        "peak, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main():
    """Run every case and print the table."""
    print("# Memory and time of jobs\n")
    print(__doc__.replace("\n    python", "\n    $ python"))
    launcher = Path(sys.executable).with_name("mpiexec")
    title = True
    for relaxer, supercell, ranks in CASES:
        command = [sys.executable, "-m", "mpi4py", __file__, relaxer, str(supercell)]
        if ranks > 1:
            command = [launcher, "-n", str(ranks), *command]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        answer = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        row = json.loads(answer.stdout)
        if title:
            print("| relaxer | supercell | ranks | " + " | ".join(row) + " |")
            print("|---" * (3 + len(row)) + "|")
            title = False
        cells = " | ".join(
            f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in row.values()
        )
        print(f"| {relaxer} | {supercell}^3 | {ranks} | {cells} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        found = measure(sys.argv[1], int(sys.argv[2]))
        if is_first():
            print(json.dumps(found))
    else:
        main()
