"""Cores of a screw dislocation in tungsten that one alchemical atom is to hold, by all methods.

    python benchmarks/dislocation_fits.py COEFFICIENTS PARAMETERS > benchmarks/dislocation_fits.md

The target is the hard or the split core, relaxed with a few of its columns held along the line; the
start is the easy core. Every result is judged by plain LAMMPS. One core, seconds of the wall clock,
and in brackets those computed: more of the former tell of a machine that others used, too.
"""

import os
import sys
import time

import numpy as np

from relaxdiff.derivative.adjoint import adjoint_derivative
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.exceptions import RelaxationError
from relaxdiff.fit import (
    BEGINNINGS,
    fit_parameters,
    fit_problem,
    fitted_atoms,
    lowest_curvature,
    relax_from,
    solute_in_crystal,
    verdict,
)
from relaxdiff.fit.setup import alchemical_atoms
from relaxdiff.lammps import lammps_minimise
from relaxdiff.minima import FactorisedCrystal, crystal_of, relax, relax_reference, relaxed_crystal
from relaxdiff.potentials.snap import read_snap
from relaxdiff.structures import Freedom, crystal_of_settings

CRYSTAL = {"element": "W", "lattice": "bcc", "lattice_parameter": 3.18}
RADIUS = 61.0  # Angstrom
FITS = {
    "hard, direct": ("hard", "far_vertex", "direct", 0.05),
    "split, direct": ("split", "centre", "direct", 0.05),
    "hard, published": ("hard", "far_vertex", "published", 0.0),
}
ROWS = (
    "free parameters changed, %",
    "loss, A^2",
    "largest deviation from the target, A",
    "force left, eV/A",
    "lowest curvature, of the crystal's",
    *(f"deviation after LAMMPS from {name}, A" for name in BEGINNINGS),
    "energy from the start above the result, eV",
    "X in the crystal: change of energy, eV",
    "X in the crystal",
    "seconds of the fit",
    "seconds of LAMMPS from all five",
    "verdict",
)


def seconds(begun):
    """Of the wall clock and computed since `begun`, as text."""
    wall, computed = time.perf_counter() - begun[0], time.process_time() - begun[1]
    return f"{wall:.0f} ({computed:.0f})"


def now():
    """What `seconds` counts from."""
    return time.perf_counter(), time.process_time()


def tell(text):
    """A line for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def structures(potential, radius):
    """The relaxed cores, Minima by name, and how long they took."""
    found, times = {}, {}
    for core in ("easy", "hard", "split"):
        begun = now()
        entry = {"name": core, "kind": "dislocation", "radius": radius, "core": core}
        found[core] = relax_reference(potential, CRYSTAL, entry | {"cell": "fixed"})
        times[core] = seconds(begun)
        tell(f"{core}: {times[core]} s")
    return found, times


def settings_of(like, atom, method, margin):
    """`fit` of a config."""
    target = {"quantity": "positions", "structure": "easy", "like": like, "file": None}
    return {
        "alchemical": atom,
        "free": ["X_beta_*"],
        "targets": [target | {"region": None}],
        "method": method,
        "margin": margin,
        "largest_change": 0.1,
        "prior": False,
        "steps": 12,
    }


def fit_and_judge(cores, crystal, name):
    """One column of the table, a dict, and the Dataset of the fit."""
    like, *others = FITS[name]
    settings, begun = settings_of(like, *others), now()
    problem = fit_problem(cores["easy"], cores[like].atoms, crystal, settings)
    try:
        fit = fit_parameters(problem, settings, tell)
    except RelaxationError as error:
        return {"verdict": str(error), "seconds of the fit": seconds(begun)}, None
    took, last = seconds(begun), fit.isel(step=-1)
    begun, theta = now(), last["theta"].values
    whole = problem.potential.with_theta(theta).whole
    ends = [relax_from(fit, whole, each) for each in BEGINNINGS]
    judged = seconds(begun)
    atoms = fitted_atoms(fit)
    atoms.positions = ends[0]["relaxed_positions"].values
    curvature = lowest_curvature(
        fit, atoms, problem.potential.with_theta(theta), problem.force_constants
    )
    found = verdict(fit, ends, curvature)
    alone = [
        solute_in_crystal(each, CRYSTAL, "X").iloc[0] for each in (problem.potential.whole, whole)
    ]
    deviations = found["largest_deviation"].values
    energies = found["energy"].values
    row = {
        "free parameters changed, %": f"{100 * float(last['relative_change']):.2f}",
        "loss, A^2": f"{float(last['loss']):.2g}",
        "largest deviation from the target, A": f"{float(last['largest_deviation']):.4f}",
        "force left, eV/A": f"{float(last['max_force']):.1g}",
        "lowest curvature, of the crystal's": f"{curvature:.3f}",
        **{
            f"deviation after LAMMPS from {each}, A": f"{away:.4f}"
            for each, away in zip(BEGINNINGS, deviations, strict=True)
        },
        "energy from the start above the result, eV": f"{energies[-1] - energies[0]:.4f}",
        "X in the crystal: change of energy, eV": (
            f"{alone[1]['energy_eV'] - alone[0]['energy_eV']:.2f}"
        ),
        "X in the crystal": alone[1]["status"],
        "seconds of the fit": took,
        "seconds of LAMMPS from all five": judged,
        "verdict": found.attrs["verdict"],
    }
    return row, fit


def relaxations(potential, minimum, crystal_constants):
    """Evaluations to relax the easy core from linear elasticity, with and without the crystal's."""
    atoms, held = minimum.atoms.copy(), minimum.coordinates.freedom.fixed
    atoms.rattle(0.05, seed=1)
    atoms.positions[held] = minimum.atoms.positions[held]
    crystal = FactorisedCrystal(crystal_constants, atoms, held, minimum.atoms.info["axes"])
    counts = {}
    for tolerance in (1e-4, 1e-8):
        counts[f"evaluations to {tolerance:.0e} eV/A, crystal's force constants"] = relax(
            atoms,
            potential,
            "fixed",
            tolerance,
            symmetry=False,
            preconditioner=crystal,
            fixed=held,
        ).n_evaluations
    counts["evaluations to 1e-04 eV/A, without"] = relax(
        atoms, potential, "fixed", 1e-4, symmetry=False, fixed=held
    ).n_evaluations
    freedom = Freedom(np.zeros((0, 3, 3)), fixed=held)
    counts["force calls to 1e-04 eV/A, LAMMPS's conjugate gradients"] = lammps_minimise(
        atoms, potential, 1e-4, freedom
    ).n_force_calls
    return counts


def gradient_check(problem):
    """Relative difference of the adjoint's loss gradient and that of re-relaxed structures."""
    held = problem.coordinates.freedom.fixed
    start = problem.coordinates.structure(problem.start)

    def relaxed(theta):
        crystal = FactorisedCrystal(problem.force_constants, start, held, problem.axes)
        potential = problem.potential.with_theta(theta)
        minimum = relax(
            start, potential, "fixed", 1e-9, symmetry=False, preconditioner=crystal, fixed=held
        )
        return minimum, crystal

    def loss(theta):
        return problem.loss(problem.coordinates.locate(relaxed(theta)[0].atoms))

    theta = problem.potential.theta
    minimum, crystal = relaxed(theta)
    away = problem.coordinates.displacements(problem.coordinates.locate(minimum.atoms))
    solver = Sparse(tolerance=1e-10, preconditioner=crystal)
    slopes = adjoint_derivative(minimum, away * problem.region[:, None], solver=solver).values
    direction = np.random.default_rng(0).normal(size=len(theta))
    direction *= 1e-3 * np.linalg.norm(theta) / np.linalg.norm(direction)
    values = {k: loss(theta + k * direction) for k in (-2, -1, 1, 2)}
    exact = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / 12
    return abs(slopes @ direction / exact - 1)


def main(coefficients, parameters, radius=RADIUS):
    """Write the tables."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    potential = read_snap(coefficients, parameters)
    start = crystal_of_settings(CRYSTAL)
    crystal = crystal_of(relaxed_crystal(potential, start), start)
    cores, times = structures(potential, float(radius))
    easy = cores["easy"]
    problem = fit_problem(
        easy, cores["hard"].atoms, crystal, settings_of("hard", "far_vertex", "direct", 0.05)
    )
    print(f"# Dislocation fits\n\n{__doc__.split('    python')[0].strip()}\n")
    print("    $ python benchmarks/dislocation_fits.py ...\n")
    print(__doc__.split(".md\n\n")[1].strip() + "\n")
    free = int((~easy.coordinates.held.all(axis=1)).sum())
    print(
        f"Potential {potential.name}, radius {radius} Angstrom: {len(easy.atoms)} atoms, ", end=""
    )
    print(f"{free} of them free.\n\n| structure | |\n|---|---|")
    for core in ("hard", "split"):
        print(f"| {core} - easy, eV/b | {cores[core].energy - easy.energy:.4f} |")
    for core, took in times.items():
        print(f"| {core}: relaxed and tested, s | {took} |")
    for what, count in relaxations(potential, easy, problem.force_constants).items():
        print(f"| {what} | {count} |")
    print(f"| loss gradient by the adjoint, relative error | {gradient_check(problem):.0e} |\n")
    columns, fits = {}, {}
    for name in FITS:
        tell(name)
        columns[name], fits[name] = fit_and_judge(cores, crystal, name)
    print(f"| fit | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for row in ROWS:
        print(f"| {row} | {' | '.join(each.get(row, '') for each in columns.values())} |")
    print_curves(fits["hard, published"], published_at_apex(cores, crystal))


def published_at_apex(cores, crystal):
    """The Dataset of the published way with X on the same axis, beyond the easy triangle."""
    apex = alchemical_atoms(cores["hard"].atoms, cores["easy"].atoms, "far_vertex")
    settings = settings_of("hard", [int(apex[0])], "published", 0.0)
    tell("hard, published, X at the easy triangle")
    problem = fit_problem(cores["easy"], cores["hard"].atoms, crystal, settings)
    return fit_parameters(problem, settings, tell)


def print_curves(*fits):
    """Loss and deviation of the published way by step, for X at either end of the axis."""
    print("\nThe published way, loss (A^2) and largest deviation (A):\n")
    print("| step | X at the hard triangle | | X at the easy triangle | |\n|---|---|---|---|---|")
    for step in range(min(fit.sizes["step"] for fit in fits)):
        here = [fit.isel(step=step) for fit in fits]
        cells = [
            f"{float(each[name]):.4f}" for each in here for name in ("loss", "largest_deviation")
        ]
        print(f"| {step} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
