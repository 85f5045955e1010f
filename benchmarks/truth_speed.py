"""Truth against LAMMPS's own minimiser, on the same variants in one run.

    python benchmarks/truth_speed.py > benchmarks/truth_speed.md

Samples of the posterior in resources/ are relaxed along lambda as in the study, and random ones
of their variants again by `minimize 0 1e-8` (cg) with `fix box/relax iso`, started from the
reference minimum. What LAMMPS ends with is not tested for stability. Nothing else should run
meanwhile.
"""

import tempfile
import time
from pathlib import Path
from statistics import mean, median

import numpy as np

import relaxdiff.truth.relaxed_variants
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.lammps.session import LammpsSession, lammps_errors
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.saddle_test import StabilityTest
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.variants import lambda_grid, variant_energy_shifts, variant_weights
from relaxdiff.potentials.snap.potential import pair_commands, write_snap
from relaxdiff.structures.coordinates import ISOTROPIC
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.relaxed_variants import relax_variants

POSTERIOR = Path(__file__).parents[1] / "resources/tungsten.nc"
SUPERCELL = 4
CRYSTAL = {"element": "W", "lattice": "bcc"}
VACANCY = {"name": "vacancy", "kind": "vacancy", "supercell": SUPERCELL, "cell": "isotropic"}
SEED = 2024
SAMPLES = 15  # whose variants are relaxed
COMPARED = 30  # of these variants, again by LAMMPS
MINIMIZE = "minimize 0 1e-8 2000 20000"


def lammps_minimise(potential, atoms):
    """Energy (eV) and steps of LAMMPS's minimize with fix box/relax, written as users write it."""
    with tempfile.TemporaryDirectory() as folder:
        coeff, param, _ = write_snap(potential, Path(folder) / "variant")
        commands = [*pair_commands(potential, coeff, param), "min_style cg"]
        commands += ["thermo_modify norm no", "fix box all box/relax iso 0.0 vmax 0.001"]
        with LammpsSession(potential.hyperparameters.elements, commands) as session:
            session.place(atoms)
            session.command(MINIMIZE)
            with lammps_errors():
                steps = int(session.instance.get_thermo("step"))
            session.command("unfix box\nreset_timestep 0\nrun 0 post no")
            with lammps_errors():
                return float(session.instance.get_thermo("pe")), steps


class TimedTest(StabilityTest):
    """Adds up the time of what asks it."""

    seconds = 0.0

    def verdict_on_block(self, *arguments):
        """As StabilityTest.verdict_on_block."""
        start = time.perf_counter()
        try:
            return super().verdict_on_block(*arguments)
        finally:
            TimedTest.seconds += time.perf_counter() - start


def main():
    """Print the table."""
    posterior = sample_posterior(read_posterior(POSTERIOR), 100, SEED)
    potential = potential_from_posterior(posterior)
    lambdas = lambda_grid(-25, 25, 0.2)
    bulk = bulk_of_variants(potential, posterior, lambdas, starting_crystal(**CRYSTAL), SUPERCELL)
    crystal = crystal_of_variants(potential, posterior, bulk, ISOTROPIC)
    minimum = relax_reference(potential, CRYSTAL, VACANCY)
    derivative, constants = implicit_derivative(minimum), force_constants(minimum)
    random = np.random.default_rng(SEED)
    samples = sorted(random.choice(posterior.sizes["sample"], SAMPLES, replace=False).tolist())
    relaxdiff.truth.relaxed_variants.StabilityTest = TimedTest
    start = time.perf_counter()
    truth = relax_variants(
        minimum,
        posterior,
        crystal,
        derivative,
        constants,
        samples,
        "newton",
        lambda _: None,
    )
    spent = time.perf_counter() - start
    converged = np.argwhere(truth["status"].values == "converged")
    testing = TimedTest.seconds / len(converged)
    relaxing = spent / len(converged) - testing
    weights = variant_weights(posterior, lambdas)
    shifts = variant_energy_shifts(posterior, lambdas)
    times, steps, differences = [], [], []
    for row, column in random.permutation(converged)[:COMPARED]:
        theta, shift = weights[samples[row], column, :-1], shifts[samples[row], column]
        begin = time.perf_counter()
        energy, count = lammps_minimise(potential.with_theta(theta, shift), minimum.atoms)
        times.append(time.perf_counter() - begin)
        steps.append(count)
        differences.append(abs(energy - float(truth["energy"][row, column])))
    evaluations = truth["evaluations"].sum().item()
    tests = truth["stability_evaluations"].sum().item()
    print(__doc__.replace("\n    python", "\n    $ python"))
    print("| what | |\n|---|---|")
    rows = {
        f"variants of {SAMPLES} samples relaxed": len(converged),
        "evaluations per variant, with failed attempts": f"{evaluations / len(converged):.2f}",
        "evaluations per variant for tests of stability": f"{tests / len(converged):.2f}",
        "relaxation, seconds per variant": f"{relaxing:.4f}",
        "tests of stability, seconds per variant": f"{testing:.4f}",
        f"LAMMPS, seconds for each of {COMPARED} variants, median": f"{median(times):.2f}",
        "LAMMPS, mean": f"{mean(times):.2f}",
        "LAMMPS, steps, median": f"{median(steps):.0f}",
        "median of LAMMPS / relaxation": f"{median(times) / relaxing:.0f}",
        "median of LAMMPS / relaxation and tests": f"{median(times) / (relaxing + testing):.0f}",
        "largest difference in E_f (same bulk), eV": f"{max(differences):.1e}",
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
