"""The sparse solver against size, the solvers against each other, and finite-size convergence.

    python benchmarks/solvers.py > benchmarks/solvers.md

Large cells are spread over two ranks (`mpiexec -n 2`). The posterior is the one in resources/; the
direction is its first sample. Writes benchmarks/finite_size.png too.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from relaxdiff import (
    RelaxationError,
    bulk_cell,
    implicit_derivative,
    relax,
    vacancy_cell,
)
from relaxdiff.derivative.solvers import Dense, Energy, Sparse
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.minima.springs import Springs
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.running.ranks import rank_and_size
from relaxdiff.structures.lattices import PerfectCrystal

HERE = Path(__file__).parent
SIZES = (4, 8, 16, 32)
WITHOUT_LATTICE = (4, 6, 8, 12)
CONVERGENCE = (4, 5, 6, 8, 10, 12, 16)


class Crystal:
    """The posterior's mean, its first direction, the relaxed crystal and its force constants."""

    def __init__(self):
        posterior = sample_posterior(read_posterior(HERE.parent / "resources/tungsten.nc"), 1, 2024)
        self.potential = potential_from_posterior(posterior)
        self.covariance = posterior["theta_covariance"].values
        self.direction = (posterior["theta"] - posterior["theta_mean"]).values.T
        self.minimum = relax(bulk_cell("W", 3.165), self.potential)
        self.edge = self.minimum.atoms.cell.lengths()[0]
        perfect = PerfectCrystal("W", "bcc", self.edge)
        self.constants = crystal_force_constants(self.potential, perfect)

    def vacancy(self, repeats):
        """The relaxed vacancy and the lattice's Green's function in its cell."""
        atoms = vacancy_cell("W", self.edge, repeats)
        green = LatticeGreen(self.constants, atoms, repeats)
        return relax(atoms, self.potential, preconditioner=green, tolerance=1e-7), green


def measure(repeats, what):
    """One size, alone in its process; printed as JSON by the first rank."""
    crystal = Crystal()
    start = time.perf_counter()
    minimum, green = crystal.vacancy(repeats)
    relaxed = time.perf_counter()
    preconditioner = {"none": lambda: None, "springs": lambda: Springs(minimum.atoms)}
    solver = Sparse(preconditioner=preconditioner.get(what, lambda: green)())
    begin = time.perf_counter()
    derivative = implicit_derivative(minimum, solver, None if what == "all" else crystal.direction)
    end = time.perf_counter()
    columns = len(derivative["strain_derivative"]) + 1
    rank, ranks = rank_and_size()
    if rank == 0:
        found = {
            "atoms": len(minimum.atoms),
            "ranks": ranks,
            "relaxation": f"{minimum.n_evaluations} evaluations, {relaxed - start:.1f} s",
            "iterations per column": derivative.attrs["iterations"] / columns,
            "evaluations": derivative.attrs["evaluations"],
            "seconds": end - begin,
            "MiB per rank": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        micro = 1e6 * found["seconds"] / len(minimum.atoms) / derivative.attrs["evaluations"]
        print(json.dumps(found | {"us per atom and evaluation": micro}))


def child(repeats, what, ranks=1):
    """Run `measure` in a process of its own, or in several."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mpi = [shutil.which("mpiexec", path=beside), "-n", str(ranks)] if ranks > 1 else []
    command = [*mpi, sys.executable, "-m", "mpi4py", __file__, str(repeats), what]
    command = command if mpi else [sys.executable, __file__, str(repeats), what]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def sizes_table():
    """Iterations, seconds and memory against N."""
    print("## One direction, conjugate gradients to 1e-8\n")
    jobs = [(n, "lattice", 1 if n < SIZES[-2] else 2) for n in SIZES]
    jobs += [(n, kind, 1) for kind in ("springs", "none") for n in WITHOUT_LATTICE]
    jobs += [(16, "all", 2)]
    for index, (repeats, what, ranks) in enumerate(jobs):
        row = child(repeats, what, ranks)
        if not index:
            print("| supercell | preconditioner | " + " | ".join(row) + " |")
            print("|---" * (len(row) + 2) + "|")
        cells = [
            f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()
        ]
        name = "lattice, all 55 parameters" if what == "all" else what
        print(f"| {repeats}^3 | {name} | " + " | ".join(cells) + " |", flush=True)


def agreement_table(crystal):
    """Sparse and Energy against Dense on 127 atoms, one direction, h+ih."""
    minimum, green = crystal.vacancy(4)
    dense = implicit_derivative(minimum, Dense(), crystal.direction)
    solvers = {"Sparse(1e-8), lattice": Sparse(preconditioner=green)}
    for power in range(-9, 0):
        solvers[f"Energy, alpha 1e{power}"] = Energy(alpha=10.0**power, tolerance=1e-5)
    print("\n## Against Dense, 127 atoms\n\nLargest difference relative to the largest value.\n")
    print("| solver | positions | strain | LAMMPS force calls |\n|---|---|---|---|")
    for name, solver in solvers.items():
        try:
            found = implicit_derivative(minimum, solver, crystal.direction)
        except RelaxationError as error:
            print(f"| {name} | {error} | | |")
            continue
        apart = [
            np.abs(found[key] - dense[key]).max().item() / np.abs(dense[key]).max().item()
            for key in ("position_derivative", "strain_derivative")
        ]
        print(f"| {name} | {apart[0]:.1e} | {apart[1]:.1e} | {found.attrs['force_calls']} |")


def convergence_table(crystal):
    """E_f, V_f and their spread over the posterior, from their derivatives, against cell size."""
    bulk = crystal.minimum
    crystal_derivative = implicit_derivative(bulk)
    per_atom = bulk.energy / 2, bulk.atoms.get_volume() / 2
    rows = []
    for repeats in CONVERGENCE:
        minimum, green = crystal.vacancy(repeats)
        count, volume = len(minimum.atoms), minimum.atoms.get_volume()
        found = implicit_derivative(minimum, Sparse(preconditioner=green))
        energy_slope = (found["descriptors"] - count / 2 * crystal_derivative["descriptors"]).values
        volume_slope = 3 * volume * found["strain_derivative"].values[:, 0]
        of_crystal = crystal_derivative["strain_derivative"].values[:, 0]
        volume_slope -= 3 * count * per_atom[1] * of_crystal
        values = minimum.energy - count * per_atom[0], volume - count * per_atom[1]
        rows.append((count, *values, energy_slope, volume_slope))
    print("\n## Finite size: the vacancy at the mean, and its derivatives\n")
    print(
        "Derivatives by the 55 parameters as standard deviations over the posterior: of the\n"
        "linear change, and of its difference to that of the largest cell.\n"
    )
    print("| supercell | atoms | E_f, eV | std | difference | V_f, A^3 | std | difference |")
    print("|---" * 8 + "|")
    table = []
    for repeats, (count, energy, volume, *slopes) in zip(CONVERGENCE, rows, strict=True):
        std = [spread(slope, crystal) for slope in slopes]
        apart = [
            spread(slope - last, crystal) for slope, last in zip(slopes, rows[-1][3:], strict=True)
        ]
        table.append((count, energy, std[0], volume, std[1]))
        energies = f"{energy:.5f} | {std[0]:.5f} | {apart[0]:.5f}"
        volumes = f"{volume:.4f} | {std[1]:.4f} | {apart[1]:.4f}"
        print(f"| {repeats}^3 | {count} | {energies} | {volumes} |")
    draw(np.array(table))


def spread(slope, crystal):
    """Standard deviation over the posterior of a quantity with this derivative."""
    return np.sqrt(slope @ crystal.covariance @ slope)


def draw(rows):
    """Values against 1 / N, with the line through the two largest cells."""
    names = ("$E_f$ (eV)", "std of $E_f$ (eV)", r"$V_f$ ($\AA^3$)", r"std of $V_f$ ($\AA^3$)")
    figure, axes = plt.subplots(2, 2, figsize=(7, 5), sharex=True, layout="constrained")
    inverse = 1000 / rows[:, 0]
    for column, (name, axis) in enumerate(zip(names, axes.T.ravel(), strict=True), start=1):
        line = np.polyfit(inverse[-2:], rows[-2:, column], 1)
        axis.plot([0, inverse[0]], np.polyval(line, [0, inverse[0]]), "--", color="0.6", lw=1)
        axis.plot(inverse, rows[:, column], "o-", color="#0072b2", ms=4)
        axis.ticklabel_format(useOffset=False)
        axis.set(ylabel=name, xlim=(0, None))
    for axis in axes[-1]:
        axis.set_xlabel("1000 / number of atoms")
    figure.savefig(HERE / "finite_size.png", dpi=200)


def main():
    """Print all tables."""
    print("# The solvers\n\n" + __doc__.replace("\n    python", "\n    $ python"))
    sizes_table()
    crystal = Crystal()
    agreement_table(crystal)
    convergence_table(crystal)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]), sys.argv[2])
    else:
        main()
