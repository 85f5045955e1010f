"""Reference, derivative and truth of the vacancy against the size of the supercell.

    python benchmarks/supercells.py > benchmarks/supercells.md

Each size runs in a process of its own, whose peak memory is taken. One core; the posterior is the
one in resources/. Truth: the evaluations of one sample's walk over |lambda| <= 2 in steps of 0.2.
"""

import functools
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.lammps.session import load_lammps
from relaxdiff.minima.hessian_models import TensorHessian
from relaxdiff.minima.reference import Reference, relax_reference
from relaxdiff.minima.relaxers import Relaxer
from relaxdiff.minima.walk import Branch, Line
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.variants import Variants, lambda_grid
from relaxdiff.structures.coordinates import coordinates_of

POSTERIOR = Path(__file__).parents[1] / "resources/tungsten.nc"
SIZES = (3, 4, 5, 6, 8)
CRYSTAL = {"element": "W", "lattice": "bcc"}
VACANCY = {"name": "vacancy", "kind": "vacancy", "cell": "isotropic"}
LAMBDAS = lambda_grid(-2, 2, 0.2)


def peak_memory():
    """Of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(repeats):
    """Everything about one size, as a dict of numbers."""
    posterior = sample_posterior(read_posterior(POSTERIOR), 1, 2024)
    potential = potential_from_posterior(posterior)
    load_lammps()
    found = {"MiB before": peak_memory()}
    start = time.perf_counter()
    minimum = relax_reference(potential, CRYSTAL, VACANCY | {"supercell": repeats})
    relaxed = time.perf_counter()
    derivative = implicit_derivative(minimum)
    differentiated = time.perf_counter()
    found |= {
        "relaxation, evaluations": minimum.n_evaluations,
        "relaxation, s": relaxed - start,
        "derivative, evaluations": derivative.attrs["evaluations"],
        "derivative, s": differentiated - relaxed,
    }
    coordinates = minimum.coordinates
    potentials = potential.hyperparameters, potential.baseline
    with OrbitColumns(coordinates_of(minimum.atoms), *potentials) as evaluator:
        times = []
        for shift in np.linspace(0, 1e-3, 11):
            begin = time.perf_counter()
            evaluator.columns(np.full(coordinates.size, shift))
            times.append(time.perf_counter() - begin)
    found |= {
        "atoms": len(minimum.atoms),
        "orbits": len(np.unique(coordinates.orbits)),
        "coordinates": coordinates.size,
        "evaluation, s": median(times[1:]),
    }
    found |= walk(posterior, minimum, derivative)
    return found | {"peak, MiB": peak_memory()}


def walk(posterior, minimum, derivative):
    """Truth of one sample, outwards on both sides, without tests of stability."""
    variants = Variants(posterior, LAMBDAS)
    # The dense solver leaves the Hessian with the derivative.
    hessian = TensorHessian(minimum.coordinates, derivative["hessian_tensor"].values)
    line = Line(
        theta_at=functools.partial(variants.theta_at, 0),
        tangent=Reference(minimum, derivative, hessian).tangent(variants.delta[0]),
        lambdas=LAMBDAS,
        kept=LAMBDAS != 0,
    )
    outcomes = []
    start = time.perf_counter()
    with Relaxer(minimum, hessian) as engine:
        for side in (LAMBDAS[LAMBDAS > 0], LAMBDAS[LAMBDAS < 0][::-1]):
            branch = Branch(engine, None, line)
            outcomes += [branch.advance(float(stretch)) for stretch in side]
    assert all(outcome.status == "converged" for outcome in outcomes)
    evaluations = sum(outcome.evaluations for outcome in outcomes)
    return {
        "truth, evaluations per variant": evaluations / len(outcomes),
        "truth, s per variant": (time.perf_counter() - start) / len(outcomes),
    }


def main():
    """Run every size, print the table and the exponents fitted to it."""
    found = []
    for size in SIZES:
        command = [sys.executable, __file__, str(size)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(answer.stdout))
    print(__doc__.replace("\n    python", "\n    $ python"))
    atoms = np.log([row["atoms"] for row in found])
    print("| supercell | " + " | ".join(f"{n}^3" for n in SIZES) + " | exponent of N |")
    print("|---" * (len(SIZES) + 2) + "|")
    order = ["atoms", "orbits", "coordinates"]
    order += [name for name in found[0] if name not in order]
    for name in order:
        values = [row[name] for row in found]
        exponent = np.polyfit(atoms, np.log(values), 1)[0]
        cells = " | ".join(f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in values)
        print(f"| {name} | {cells} | {exponent:.2f} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
