"""Time and memory of one derivative dX*/dsigma against the number of atoms, in five ways.

    python benchmarks/derivative_scaling.py > benchmarks/derivative_scaling.md

Figure 6 of arXiv:2407.02414, for the potential of its eq 11: Lennard-Jones, fcc, n^3 cells less one
atom, a = 1.548746, fixed cell, relaxed to 1e-10 eV/Angstrom; one parameter, sigma_AA. Also writes
benchmarks/derivative_scaling.png. None of the ways uses the symmetry of the structure:

- dense: the whole Hessian as JAX makes it, of all atoms and directions at once, solved by scipy;
- dense, by rows: the same from rows of a few atoms at a time, as the library makes it;
- fixed point: through the fixed point of gradient descent, by optimistix and lineax;
- sparse: the library's conjugate gradients on Hessian-vector products;
- sparse, lattice: the same, preconditioned by the crystal's lattice Green's function.

All conjugate gradients go to 1e-10. Each measurement is a process of its own. First and second call
in seconds of the wall clock, in brackets those computed; the first compiles. Green: the same for
the Green's function, which is made before, by the relaxation too. Peak: memory of the whole
process, compilation included; before: what it had needed when the first call began. Difference:
norm, relative; from Richardson's differences of relaxed structures for the smallest cell, for
others from the last way. What is estimated to need too much memory is refused, not begun.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
import psutil
import scipy.linalg
from matplotlib.ticker import LogLocator, NullFormatter

from relaxdiff import PerfectCrystal, implicit_derivative, relax, vacancy_cell
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.minima import crystal_green, minimum_from_dataset
from relaxdiff.minima.minimum import minimum_dataset
from relaxdiff.potentials.analytic import analytic_potential
from relaxdiff.potentials.analytic.calculator import structure_of
from relaxdiff.potentials.analytic.derivatives import derivatives_of
from relaxdiff.potentials.analytic.fixed_point import fixed_point_derivative
from relaxdiff.structures import coordinates_of

HERE = Path(__file__).parent
EDGE, PARAMETER = 1.548746, "sigma_AA"
TOLERANCE, MAX_ITERATIONS = 1e-10, 1000
SIZES = (2, 3, 4, 5, 6, 8, 12, 18, 29)  # n, cells along an edge
SMALLEST = 2  # which is compared with differences
# The largest cell that each way is tried for, and its estimated memory in bytes: for each pair of
# atoms, and for each atom.
WAYS = {
    "dense": (12, 18_000, 0),
    "dense, by rows": (12, 450, 0),
    "fixed point": (12, 0, 60_000),
    "sparse": (18, 0, 30_000),
    "sparse, lattice": (29, 0, 30_000),
}
LIBRARIES = 0.5e9  # bytes that every process needs
SHARE = 0.6  # of the memory that is available, by default


def potential_at(sigma=1.0):
    """Lennard-Jones at this sigma_AA."""
    return analytic_potential("lennard_jones", {PARAMETER: sigma})


def green_of(atoms, repeats):
    """The crystal's lattice Green's function in a cell."""
    return crystal_green(potential_at(), atoms, PerfectCrystal("Ar", "fcc", EDGE), repeats)


def relax_cell(repeats, folder):
    """Relax one cell and write it; of the smallest also the derivative by differences."""
    atoms = vacancy_cell("Ar", EDGE, repeats, "fcc")
    green = green_of(atoms, repeats)
    minimum = relaxed(atoms, potential_at(), TOLERANCE, green)
    write_dataset(minimum_dataset(minimum), folder / f"{repeats}.nc", {"repeats": repeats})
    if repeats == SMALLEST:
        np.save(folder / "differences.npy", by_differences(minimum.atoms))


def relaxed(atoms, potential, tolerance, green=None):
    """The Minimum at the fixed cell."""
    minimum = relax(atoms, potential, "fixed", tolerance, preconditioner=green)
    assert minimum.converged, minimum.status
    return minimum


def by_differences(atoms, step=1e-3):
    """dX*/dsigma, (N, 3), by central differences of relaxed structures, extrapolated twice.

    From steps h, 2h and 4h: the error is of the order of h^6 (Richardson 1911).
    """

    def positions(sigma):
        return relaxed(atoms, potential_at(sigma), 1e-12).atoms.positions

    steps = step * 2.0 ** np.arange(3)
    found = [(positions(1 + each) - positions(1 - each)) / (2 * each) for each in steps]
    for power in (4, 16):
        found = [(power * near - far) / (power - 1) for near, far in pairwise(found)]
    return found[0] - found[0].mean(axis=0)


def dense(minimum, direction, green):
    """By the whole Hessian, of all atoms and directions at once."""
    potential, count = minimum.potential, len(minimum.atoms)
    model = potential.model
    slopes = derivatives_of(model.energy, model.parameters.names).slopes
    (positions, _), theta, structure = structure_of(model, potential.theta, minimum.atoms)
    table = tuple(each.reshape(1, -1, *each.shape[2:]) for each in structure[2:])  # in one block
    given = positions, theta, (*structure[:2], *table), direction
    hessian, right = map(np.array, second_derivatives(slopes, *given))
    hessian = hessian.reshape(3 * count, -1)
    for axis in range(3):
        hessian[axis::3, axis::3] += 1 / count  # translations are stiff then, not soft
    found = scipy.linalg.solve(hessian, -right.ravel(), assume_a="pos", overwrite_a=True)
    return found.reshape(count, 3), None


@partial(jax.jit, static_argnums=0)
def second_derivatives(slopes, positions, theta, structure, direction):
    """d2U/dx2, (N, 3, N, 3), and d2U/dx dtheta along a direction, (N, 3)."""

    def gradient(positions, theta):
        return slopes((positions, np.eye(3)), theta, structure).by_positions

    along = jax.jvp(lambda theta: gradient(positions, theta), (theta,), (direction,))[1]
    return jax.jacfwd(gradient)(positions, theta), along


def by_rows(minimum, direction, green):
    """By the whole Hessian, rows of a few atoms at a time."""
    coordinates, potential = minimum.coordinates, minimum.potential
    at = np.zeros(coordinates.size), potential.theta
    with potential.evaluator(coordinates) as evaluator:
        hessian = evaluator.hessian(*at)
        right = evaluator.mixed(*at, direction[:, None])
    found = scipy.linalg.solve(hessian, -right[:, 0], assume_a="pos", overwrite_a=True)
    return coordinates.displacements(found), None


def fixed_point(minimum, direction, green):
    """Through the fixed point of gradient descent."""
    limits = TOLERANCE, MAX_ITERATIONS
    return fixed_point_derivative(minimum.potential, minimum.atoms, direction, *limits), None


def sparse(minimum, direction, green):
    """By the library's sparse solver."""
    solver = Sparse(TOLERANCE, MAX_ITERATIONS, green)
    found = implicit_derivative(minimum, solver, direction[:, None])
    return found["position_derivative"].values[0], found.attrs["iterations"]


FUNCTIONS = dict(zip(WAYS, (dense, by_rows, fixed_point, sparse, sparse), strict=True))


def measure(way, repeats, folder):
    """Everything about one way and cell, a dict; the derivative goes to a file."""
    potential = potential_at()
    minimum = minimum_from_dataset(read_dataset(folder / f"{repeats}.nc"), potential)
    coordinates = coordinates_of(minimum.atoms, minimum.coordinates.freedom, symmetry=False)
    minimum = replace(minimum, coordinates=coordinates)
    direction = np.eye(potential.theta.size)[potential.parameters.names.index(PARAMETER)]
    row, green = {}, None
    if way == "sparse, lattice":
        row["Green"], green = timed(lambda: green_of(minimum.atoms, repeats))
    row["before"] = peak_memory()
    for call in ("first", "second"):
        seconds, found = timed(lambda: FUNCTIONS[way](minimum, direction, green))
        row[call], (derivative, row["iterations"]) = seconds, found
    np.save(folder / f"{way} {repeats}.npy", derivative)
    return row | {"peak": peak_memory()}


def timed(function):
    """Seconds, of the wall clock and computed, and what the function returns."""
    begun = time.perf_counter(), time.process_time()
    found = function()
    return (time.perf_counter() - begun[0], time.process_time() - begun[1]), found


def peak_memory():
    """Of this process so far, bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def n_atoms(repeats):
    """Number of atoms of a cell."""
    return 4 * repeats**3 - 1


def refusal(way, repeats, allowed):
    """Why there is no measurement, a sentence, or None if there is; allowed: bytes of memory."""
    largest, by_pair, by_atom = WAYS[way]
    count = n_atoms(repeats)
    needed = LIBRARIES + by_pair * count**2 + by_atom * count
    if repeats > largest:
        return "not tried"
    if needed > allowed:
        return f"refused: needs about {needed / 1e9:.3g} GB, {allowed / 1e9:.3g} GB are allowed"
    return None


def child(folder, *arguments):
    """What a process of its own prints."""
    command = [sys.executable, __file__, "--child", str(folder), *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def free_memory():
    """What may be used, bytes."""
    return SHARE * psutil.virtual_memory().available


def measure_all(sizes, memory, folder):
    """A row for each way and cell, a dict: a measurement, or why there is none.

    memory: allowed bytes, or None for a share of what is available at the time.
    """
    rows = []
    for repeats in sizes:
        child(folder, repeats)
        refusals = {way: refusal(way, repeats, memory or free_memory()) for way in WAYS}
        found = [
            {"way": way, "atoms": n_atoms(repeats), "refusal": why}
            | ({} if why else json.loads(child(folder, repeats, way)))
            for way, why in refusals.items()
            if why != "not tried"
        ]
        for row in found:
            if not row["refusal"]:
                row["difference"] = difference(folder, repeats, row["way"])
        rows += found
        print(f"{n_atoms(repeats):,} atoms are done", file=sys.stderr)
    return rows


def difference(folder, repeats, way):
    """Of a derivative, relative, from differences or from the last way's; None from itself."""
    own, last = f"{way} {repeats}", f"{list(WAYS)[-1]} {repeats}"
    other = "differences" if repeats == SMALLEST else last
    if own == other:
        return None
    found, expected = (np.load(folder / f"{name}.npy") for name in (own, other))
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def print_table(rows):
    """One line for each row."""
    names = ("atoms", "way", "first call, s", "second call, s", "iterations", "Green, s")
    names += ("peak, GB", "before, GB", "difference")
    print("| " + " | ".join(names) + " |")
    print("|---" * len(names) + "|")
    for row in rows:
        cells = [f"{row['atoms']:,}", row["way"]]
        if row["refusal"]:
            cells += [row["refusal"], *[""] * 6]
        else:
            cells += [seconds(row["first"]), seconds(row["second"]), row["iterations"] or ""]
            cells += [seconds(row["Green"]) if "Green" in row else ""]
            cells += [f"{row[name] / 1e9:.2f}" for name in ("peak", "before")]
            cells += ["" if row["difference"] is None else f"{row['difference']:.0e}"]
        print("| " + " | ".join(map(str, cells)) + " |")


def seconds(pair):
    """Of the wall clock, and those computed."""
    return "{:.2g} ({:.2g})".format(*pair)


def draw(rows):
    """Seconds computed in the second call, and peak memory, against the number of atoms."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    for way, marker in zip(WAYS, "os^Dv", strict=True):
        here = [row for row in rows if row["way"] == way and not row["refusal"]]
        atoms = [row["atoms"] for row in here]
        axes[0].plot(atoms, [row["second"][1] for row in here], marker=marker, ms=4, label=way)
        axes[1].plot(atoms, [row["peak"] / 1e9 for row in here], marker=marker, ms=4)
    for axis, label in zip(axes, ("computed (s)", "peak memory (GB)"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel="number of atoms", ylabel=label)
        for which, steps in ((axis.xaxis, (1,)), (axis.yaxis, (1, 2, 5))):
            which.set_major_locator(LogLocator(subs=steps))
            which.set_major_formatter("{x:,g}")
            which.set_minor_formatter(NullFormatter())
    figure.legend(loc="outside upper center", ncols=len(WAYS), fontsize=8)
    figure.savefig(HERE / "derivative_scaling.png", dpi=200)


def main():
    """Measure, print the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument(
        "--memory", type=float, metavar="GB", help="default: 60%% of what is available"
    )
    given = parser.parse_args()
    memory = 1e9 * given.memory if given.memory else None
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        rows = measure_all(given.sizes, memory, Path(folder))
    print("# Scaling of one derivative\n\n" + __doc__.replace("\n    python", "\n    $ python"))
    busy = load, os.getloadavg()[0]
    print(
        f"n = {', '.join(map(str, given.sizes))}. {os.cpu_count()} cores; load (1 is a busy core) "
        f"before and after: {busy[0]:.1f}, {busy[1]:.1f}.\n"
    )
    print_table(rows)
    draw(rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        folder, repeats, *way = sys.argv[2:]
        if way:
            print(json.dumps(measure(*way, int(repeats), Path(folder))))
        else:
            relax_cell(int(repeats), Path(folder))
    else:
        main()
