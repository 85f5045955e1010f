"""One relaxation and one implicit derivative of Lennard-Jones cells of any size.

    python benchmarks/large_lennard_jones.py 5 12 29 63 > benchmarks/large_lennard_jones.md

fcc n^3 cells less one atom at a = 1.548746, the volume fixed, relaxed to 1e-8 and differentiated by
sigma_AA with conjugate gradients to 1e-9. The lattice Green's function preconditions both. One
core; each size in a process of its own, so that its peak memory is known.
"""

import resource
import subprocess
import sys
import time

import numpy as np

EDGE = 1.548746


def measured(repeats):
    """A row of the table, a list."""
    # Here, so that the parent process does not import JAX.
    from relaxdiff.derivative.implicit import implicit_derivative
    from relaxdiff.derivative.solvers import Sparse
    from relaxdiff.minima import crystal_green, relax
    from relaxdiff.potentials.analytic import analytic_potential
    from relaxdiff.structures import PerfectCrystal
    from relaxdiff.structures.kinds import vacancy_cell

    atoms = vacancy_cell("Ar", EDGE, repeats, "fcc")
    potential, begun = analytic_potential("lennard_jones"), time.perf_counter()
    green = crystal_green(potential, atoms, PerfectCrystal("Ar", "fcc", EDGE), repeats)
    minimum = relax(atoms, potential, "fixed", tolerance=1e-8, symmetry=False, preconditioner=green)
    relaxed, solver = time.perf_counter(), Sparse(tolerance=1e-9, preconditioner=green)
    direction = np.eye(len(potential.theta))[:, [potential.parameters.names.index("sigma_AA")]]
    derivative = implicit_derivative(minimum, solver, direction)
    done = time.perf_counter()
    return [
        f"{len(atoms):,}",
        minimum.n_evaluations,
        f"{relaxed - begun:.1f}",
        derivative.attrs["iterations"],
        f"{done - relaxed:.1f}",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f}",
        f"{np.abs(derivative['position_derivative'].values).max():.4f}",
    ]


def main(sizes):
    """Print the page."""
    print("# Large Lennard-Jones cells\n\n    python benchmarks/large_lennard_jones.py ...\n")
    print(__doc__.split(".md\n\n")[1])
    print("| atoms | evaluations | relaxed, s | CG iterations | differentiated, s |", end="")
    print(" peak memory, GiB | largest derivative, A |\n|" + "---|" * 7)
    for size in sizes:
        command = [sys.executable, __file__, "--one", size]
        row = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(row.strip(), flush=True)
    print("\nCompilation is part of the seconds: 2 s of each.")


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(f"| {' | '.join(map(str, measured(int(sys.argv[2]))))} |")
    else:
        main(sys.argv[1:])
