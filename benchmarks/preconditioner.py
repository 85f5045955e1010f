"""What the crystal's force constants save in relaxations and derivatives.

    python benchmarks/preconditioner.py > benchmarks/preconditioner.md

Evaluations of the energy in a relaxation to 1e-8 eV/Angstrom, and iterations (two evaluations each)
of the sparse solver for the derivative along one direction, without and with the inverse of the
crystal's Hessian: the lattice Green's function for the vacancy, the crystal's force constants on
the atoms for all others. Bcc tungsten, the mean of resources/tungsten.nc, the direction is its
first sample; each structure in its own symmetry, with a fixed cell. Seconds are those of putting
the force constants on the atoms and factorising them, which grow with the third power of the number
of atoms in three dimensions (2001 atoms: 37 s, 0.7 GiB): fewer force constants would be faster, but
without those below 1e-3 of the largest even the crystal's matrix is indefinite. Therefore the
reference of a study, which is relaxed once, begins without.

The <111> dumbbell has a soft mode of its own (0.14 eV/Angstrom^2 along its axis), which the
crystal's force constants do not have.
"""

import time
from pathlib import Path

from relaxdiff import PerfectCrystal, implicit_derivative, relax
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.minima.disks import cubic_constants
from relaxdiff.minima.factorised_crystal import FactorisedCrystal
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.minima.orientation import orientation
from relaxdiff.minima.reference import crystal_of, relaxed_crystal
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.structures import build_structure, held_components

POSTERIOR = Path(__file__).parents[1] / "resources/tungsten.nc"
POINT_DEFECTS = "vacancy", "dumbbell_110", "dumbbell_111", "tetrahedral"
SUPERCELLS = 4, 8
SURFACE = {"kind": "surface", "plane": [1, 1, 2], "vacuum": 12.0}
DISK = {"kind": "dislocation", "radius": 30.0}
CASES = {
    **{
        f"{kind}, {size}^3": {"kind": kind, "supercell": size}
        for kind in POINT_DEFECTS
        for size in SUPERCELLS
    },
    "surface (112), 14 layers": SURFACE | {"layers": 14},
    "surface (112), 56 layers": SURFACE | {"layers": 56},
    "screw dislocation, radius 30": DISK,
}


def measure(settings, potential, crystal, constants, direction):
    """One row of the table, a list of texts."""
    atoms = build_structure(settings | {"name": "it", "cell": "fixed"}, crystal)
    held = held_components(atoms) if "axes" in atoms.info else None
    atoms.set_constraint()
    begun = time.perf_counter()
    if settings["kind"] == "vacancy":
        inverse = LatticeGreen(constants, atoms, settings["supercell"])
    else:
        axes = atoms.info.get("axes", orientation(atoms, constants.unit))
        inverse = FactorisedCrystal(constants, atoms, held, axes)
    seconds = time.perf_counter() - begun
    steps, iterations = [], []
    for preconditioner in (None, inverse):
        minimum = relax(
            atoms,
            potential,
            "fixed",
            preconditioner=preconditioner,
            fixed=held,
            symmetry=held is None,
        )
        solver = Sparse(preconditioner=preconditioner, max_iterations=2000)
        found = implicit_derivative(minimum, solver, direction)
        steps.append(str(minimum.n_evaluations) + ("" if minimum.converged else " (not converged)"))
        iterations.append(str(found.attrs["iterations"]))
    size = minimum.coordinates.n_modes
    return [str(len(atoms)), str(size), *steps, *iterations, f"{seconds:.1f}"]


def main():
    """Measure all cases, and print the table."""
    posterior = sample_posterior(read_posterior(POSTERIOR), 1, 2024)
    potential = potential_from_posterior(posterior)
    direction = (posterior["theta"] - posterior["theta_mean"]).values.T
    start = PerfectCrystal("W", "bcc", 3.165)
    crystal = crystal_of(relaxed_crystal(potential, start), start)
    constants = crystal_force_constants(potential, crystal)
    crystal = PerfectCrystal("W", "bcc", crystal.a, elastic_constants=cubic_constants(constants))
    print("# Preconditioner\n\n" + __doc__.replace("\n    python", "\n    $ python"))
    print(
        "| structure | atoms | coordinates | evaluations without | with | iterations without | "
        "with | seconds |"
    )
    print("|---" * 8 + "|")
    for name, settings in CASES.items():
        row = measure(settings, potential, crystal, constants, direction)
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
