"""A vacancy in large cells, relaxed and differentiated along one direction of parameter space.

    python benchmarks/large_cell.py 20 40 80 > benchmarks/large_cell.md

Bcc tungsten, cells of so many conventional ones along each edge, two ranks (`mpiexec -n 2`), sparse
solver with the crystal's Green's function, as in the README's example. The posterior is the one in
resources/; the direction is its first sample. Seconds are of the wall clock, and in brackets those
that the first rank computed: more of the former tell of a machine that others used, too.

For comparison: the memory of automatic differentiation is prohibitive beyond a thousand atoms, and
the paper's sparse approach linear in their number, as here (its authors, MRS Fall Meeting 2024).
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from relaxdiff import PerfectCrystal, bulk_cell, implicit_derivative, relax, vacancy_cell
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.minima import relaxation
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.running.ranks import add_up, is_first, rank_and_size

POSTERIOR = Path(__file__).parents[1] / "resources/tungsten.nc"
RANKS = 2
# eV/Angstrom: the crystal's volume counts a million times in the formation volume.
CRYSTAL_TOLERANCE = 1e-12


class Stopwatch:
    """Seconds of stages, of the wall clock and of this process."""

    def __init__(self):
        self.wall, self.computed = {}, {}

    @contextmanager
    def stage(self, name):
        """Take the time of a stage."""
        begun = time.perf_counter(), time.process_time()
        yield
        self.wall[name] = time.perf_counter() - begun[0]
        self.computed[name] = time.process_time() - begun[1]

    def within(self, outer, inner):
        """Take the time of one stage out of that of another, of which it was part."""
        for seconds in (self.wall, self.computed):
            seconds[outer] -= seconds[inner]

    def table(self):
        """Stages and their seconds, as text."""
        return {
            f"{name}, s": f"{self.wall[name]:.1f} ({self.computed[name]:.1f})" for name in self.wall
        }


def measure(repeats):
    """Everything about one size, as a dict of texts, on all ranks alike but for times."""
    watch = Stopwatch()
    posterior = sample_posterior(read_posterior(POSTERIOR), 1, 2024)
    potential = potential_from_posterior(posterior)
    direction = (posterior["theta"] - posterior["theta_mean"]).values.T
    find_coordinates = relaxation.coordinates_of

    def timed_coordinates(*arguments):
        with watch.stage("symmetry"):
            return find_coordinates(*arguments)

    with watch.stage("crystal and its force constants"):
        bulk = relax(bulk_cell("W", 3.165), potential, tolerance=CRYSTAL_TOLERANCE)
        crystal = PerfectCrystal("W", "bcc", bulk.atoms.cell.lengths()[0])
        constants = crystal_force_constants(potential, crystal)
        of_crystal = implicit_derivative(bulk, "dense", direction)
    with watch.stage("cell and its Green's function"):
        atoms = vacancy_cell("W", crystal.a, repeats)
        green = LatticeGreen(constants, atoms, repeats)
    relaxation.coordinates_of = timed_coordinates
    with watch.stage("relaxation"):
        minimum = relax(atoms, potential, preconditioner=green)
    watch.within("relaxation", "symmetry")
    with watch.stage("derivative"):
        derivative = implicit_derivative(minimum, Sparse(preconditioner=green), direction)
    peak = np.zeros(RANKS)
    peak[rank_and_size()[0]] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "atoms": f"{len(atoms):,}",
        "orbits": f"{len(np.unique(minimum.coordinates.orbits)):,}",
        "coordinates": f"{minimum.coordinates.size:,}",
        **watch.table(),
        "all stages, s": f"{sum(watch.wall.values()):.0f} ({sum(watch.computed.values()):.0f})",
        "evaluations of the relaxation": str(minimum.n_evaluations),
        "evaluations of the derivative": str(derivative.attrs["evaluations"]),
        "of them two for each Hessian product": str(derivative.attrs["iterations"]),
        "peak of each rank, MiB": ", ".join(f"{each:.0f}" for each in add_up(lambda: peak)),
        "largest gradient left, eV/A": f"{minimum.max_gradient:.0e}",
        **results(bulk, of_crystal, minimum, derivative),
    }


def results(bulk, of_crystal, minimum, derivative):
    """Formation energy and volume, and their derivatives along the direction, as texts."""
    share = len(minimum.atoms) / len(bulk.atoms)  # of the crystal's atoms
    energy = minimum.energy - share * bulk.energy
    volume = minimum.atoms.get_volume() - share * bulk.atoms.get_volume()
    energies = derivative["descriptors"] - share * of_crystal["descriptors"]
    volumes = 3 * (
        derivative["volume"] * derivative["strain_derivative"]
        - share * of_crystal["volume"] * of_crystal["strain_derivative"]
    )
    return {
        "E_f, eV": f"{energy:.5f}",
        "dE_f along the direction, eV": f"{energies.item():.6f}",
        "V_f, A^3": f"{volume:.4f}",
        "dV_f along the direction, A^3": f"{volumes.item():.4f}",
    }


def in_ranks(repeats):
    """Run `measure` in processes of their own."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mpiexec = [shutil.which("mpiexec", path=beside), "-n", str(RANKS)]
    command = [*mpiexec, sys.executable, "-m", "mpi4py", __file__, "--rank", str(repeats)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def main(sizes):
    """Measure all sizes, and print the table."""
    found = {size: in_ranks(size) for size in sizes}
    print("# Large cells\n\n" + __doc__.replace("\n    python", "\n    $ python"))
    print("| supercell | " + " | ".join(f"{size}^3" for size in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for name in found[sizes[0]]:
        print(f"| {name} | " + " | ".join(found[size][name] for size in sizes) + " |")


if __name__ == "__main__":
    if sys.argv[1] == "--rank":
        answer = measure(int(sys.argv[2]))
        if is_first():
            print(json.dumps(answer))
    else:
        main([int(size) for size in sys.argv[1:]])
