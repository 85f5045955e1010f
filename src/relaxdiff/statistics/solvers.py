"""The solvers compared: what one derivative costs, and how near to the truth it comes.

One direction in parameter space throughout, the posterior's sample 0 (figures 7 and 8 of
arXiv:2407.02414).
"""

import resource
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from relaxdiff.derivative import implicit_derivative
from relaxdiff.derivative.solvers import SOLVERS, Dense, Energy, Problem, solver_of
from relaxdiff.exceptions import RelaxationError
from relaxdiff.lammps import lammps_minimise, load_lammps
from relaxdiff.posterior import Variants, deviations, variant_energy_shifts

LAMMPS = "lammps"  # one relaxation of the variant at lambda = 1 by LAMMPS, beside the solvers
TOLERANCE = 1e-6  # eV/Angstrom, that LAMMPS relaxes to: that of the truth
STRONG = 4.0  # largest |lambda| at which displacements are compared; a choice
ALPHAS = tuple(10.0**power for power in range(-9, 0))  # eV/Angstrom; what is tried
ALPHA_STEPS = 60  # of each minimisation while alpha varies: rounding stops the smallest earlier


def measure_solver(name, minimum, posterior, crystal, supercell):
    """Cost of one direction of the derivative, or of one relaxation ('lammps'); a dict.

    crystal, supercell: as for `solver_of`. The dict holds
    solver, supercell, atoms; seconds of wall time, the sparse solver's preconditioner included;
    peak_MiB of this whole process, interpreter, libraries and the minimum's file included, so that
    each measurement needs a process of its own; grown_MiB, the part of the peak that came on top of
    these; iterations of conjugate gradients, None where there are none;
    evaluations of all atoms or their orbits, LAMMPS's line searches included. Raises as
    `implicit_derivative` and `lammps_minimise`, RelaxationError when LAMMPS does not converge.
    """
    load_lammps()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with suppress(OSError):  # forbidden in some containers: the peak since the start is taken then
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here: proc(5)
    held = _own_memory("VmRSS")
    start = time.perf_counter()
    if name == LAMMPS:
        cost = _relax_by_lammps(minimum, posterior)
    else:
        solver = solver_of(name, minimum, crystal, supercell)
        direction = deviations(posterior)[0][0]
        found = implicit_derivative(minimum, solver, directions=direction[:, None]).attrs
        cost = {
            "iterations": found["iterations"] if name == "sparse" else None,
            "evaluations": found["evaluations"] + found.get("force_calls", 0),
        }
    seconds = time.perf_counter() - start
    row = {"solver": name, "supercell": supercell, "atoms": len(minimum.atoms)}
    peak = max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    grown = _own_memory("VmHWM") - held
    return row | {"seconds": seconds, "peak_MiB": peak, "grown_MiB": grown} | cost


def compare_displacements(minimum, posterior, truth, crystal, supercell):
    """Displacements predicted by every solver against the true ones, at a strong perturbation.

    truth: Dataset of `relax_variants` with sample 0, relaxed in the minimum's coordinates; taken is
    its largest |lambda| <= STRONG that converged; crystal, supercell: as for `solver_of`. Returns a
    DataFrame with a row for each solver and Cartesian component: solver, lambda, predicted, true;
    Angstrom, scaled to the reference cell. Raises RelaxationError when no variant but the reference
    converged.
    """
    stretch = _strongest(truth)
    here = truth.sel({"sample": 0, "lambda": stretch})
    true = minimum.coordinates.displacements(here["coordinates"].values).ravel()
    direction = stretch * deviations(posterior)[0][0]
    parts = []
    for name in SOLVERS:
        solver = solver_of(name, minimum, crystal, supercell)
        derivative = implicit_derivative(minimum, solver, directions=direction[:, None])
        moved = derivative["position_derivative"].values.ravel()
        columns = {"solver": name, "lambda": stretch, "predicted": moved, "true": true}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def compare_alphas(minimum, posterior, alphas=ALPHAS):
    """Error of the energy solver against the dense one for each size of its added force.

    At the fixed cell, in the direction of sample 0. Returns a DataFrame: alpha (eV/Angstrom),
    error (norm of the difference, relative), status ('converged', or the solver's advice).
    """
    direction = deviations(posterior)[0][0]
    with minimum.potential.evaluator(minimum.coordinates) as evaluator:
        problem = Problem(minimum, evaluator)
        at = np.zeros(problem.coordinates.size)
        columns = evaluator.mixed(at, problem.theta)
        right = -(columns @ direction)[: problem.n_displacements, None]
        exact = Dense().solve(problem, right).x
        rows = []
        for alpha in alphas:
            solved = Energy(alpha=alpha, max_steps=ALPHA_STEPS).solve(problem, right)
            error = np.linalg.norm(solved.x - exact) / np.linalg.norm(exact)
            rows.append({"alpha": alpha, "error": error, "status": solved.status[0]})
    return pd.DataFrame(rows)


def _own_memory(name):
    """VmRSS or VmHWM of /proc/self/status, MiB; unlike ru_maxrss never that of the parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def _relax_by_lammps(minimum, posterior):
    """Iterations (unknown) and force calls that LAMMPS needs for sample 0 itself."""
    theta = Variants(posterior, np.ones(1)).theta(0, 0)
    variant = minimum.potential.with_theta(
        theta, variant_energy_shifts(posterior, np.ones(1))[0, 0]
    )
    end = lammps_minimise(minimum.atoms, variant, TOLERANCE, minimum.coordinates.freedom)
    if not end.max_gradient < TOLERANCE:
        raise RelaxationError(
            f"LAMMPS left a gradient of {end.max_gradient:.1e} eV/Angstrom in {variant.name}: it "
            f"cannot be compared with the solvers"
        )
    return {"iterations": None, "evaluations": end.n_force_calls}


def _strongest(truth):
    """Largest lambda in size, not beyond STRONG, at which sample 0 converged; positive if both."""
    here = truth.sel(sample=0)
    lambdas = here["lambda"].values[here["status"].values == "converged"]
    lambdas = lambdas[(np.abs(lambdas) <= STRONG) & (lambdas != 0)]
    if not lambdas.size:
        raise RelaxationError("no variant of sample 0 has converged: there is nothing to compare")
    return float(max(lambdas, key=lambda stretch: (abs(stretch), stretch)))
