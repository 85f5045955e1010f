"""What each part of the study costs on this machine, side by side in one run.

    python benchmarks/speed.py > benchmarks/speed.md

Medians; nothing else should run meanwhile. The posterior is the one in resources/.
"""

import time
from pathlib import Path
from statistics import median

import numpy as np

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.derivative.expansion import expansion_of_crystal, expansion_of_defect
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.lammps.orbits import OrbitColumns
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.distribution import (
    potential_from_posterior,
    read_posterior,
    sample_posterior,
)
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.structures.coordinates import ISOTROPIC
from relaxdiff.structures.lattices import starting_crystal

POSTERIOR = Path(__file__).parents[1] / "resources/tungsten.nc"
SUPERCELL = 4
CRYSTAL = {"element": "W", "lattice": "bcc"}
VACANCY = {"name": "vacancy", "kind": "vacancy", "supercell": SUPERCELL, "cell": "isotropic"}
SAMPLES = 100
SEED = 2024


def seconds(function, repeats):
    """Wall times of `repeats` calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return times


def table(title, rows):
    """Print a Markdown table of two columns."""
    print(f"\n## {title}\n\n| what | |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def evaluation(minimum):
    """One gradient evaluation in symmetric coordinates, taken apart."""
    coordinates, potential = minimum.coordinates, minimum.potential
    random = np.random.default_rng(SEED)
    parts = {"LAMMPS run (neighbours, forces of the baseline)": [], "snad/atom": []}
    parts |= {"all of it": [], "values D on demand (sna/atom)": [], "compute snap, all atoms": []}
    with (
        OrbitColumns(coordinates, potential.hyperparameters, potential.baseline) as evaluator,
        DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator,
    ):
        evaluator.columns(np.zeros(coordinates.size))
        session = evaluator.session
        inside = {"run_cluster": [], "per_atom": []}
        for name, spent in inside.items():
            setattr(session, name, _timed(getattr(session, name), spent))
        for _ in range(100):
            q = 1e-3 * random.normal(size=coordinates.size)
            for spent in inside.values():
                spent.clear()
            parts["all of it"] += seconds(lambda q=q: evaluator.columns(q), 1)
            parts["LAMMPS run (neighbours, forces of the baseline)"].append(
                sum(inside["run_cluster"])
            )
            parts["snad/atom"].append(sum(inside["per_atom"]))
            parts["values D on demand (sna/atom)"] += seconds(evaluator.values, 1)
        structure = coordinates.structure(np.zeros(coordinates.size))
        parts["compute snap, all atoms"] = seconds(lambda: calculator.evaluate(structure), 20)
        central = len(evaluator.sizes)
    cost = {name: 1e3 * median(times) for name, times in parts.items()}
    whole, snap = cost["all of it"], cost["compute snap, all atoms"]
    lammps = cost["LAMMPS run (neighbours, forces of the baseline)"] + cost["snad/atom"]
    floor = central * snap / len(structure)
    rows = [(name, f"{value:.2f} ms") for name, value in cost.items()]
    rows += [
        ("Python, products with the modes", f"{whole - lammps:.2f} ms"),
        (
            "bispectrum and gradient per central atom (compute snap / N)",
            f"{floor / central:.3f} ms",
        ),
        (f"floor: {central} central atoms of that", f"{floor:.2f} ms"),
        ("evaluation / floor", f"{whole / floor:.2f}"),
        ("compute snap of all atoms / evaluation", f"{snap / whole:.1f}"),
    ]
    table(f"One gradient evaluation, vacancy in {SUPERCELL}^3 cells", rows)


def _timed(function, spent):
    def timed(*arguments):
        start = time.perf_counter()
        result = function(*arguments)
        spent.append(time.perf_counter() - start)
        return result

    return timed


def reference(potential):
    """Relaxation of crystal and vacancy, and the implicit derivative."""
    minimum = relax_reference(potential, CRYSTAL, VACANCY)
    relaxations = seconds(lambda: relax_reference(potential, CRYSTAL, VACANCY), 7)
    derivatives = seconds(lambda: implicit_derivative(minimum), 7)
    stability = seconds(lambda: force_constants(minimum), 3)
    evaluations = implicit_derivative(minimum).attrs["evaluations"]
    rows = [
        ("reference relaxation", f"{median(relaxations):.3f} s, {minimum.n_evaluations} of them"),
        ("implicit derivative, all parameters", f"{median(derivatives):.3f} s, {evaluations}"),
        ("both", f"{median(np.add(relaxations, derivatives)):.3f} s"),
        ("force constants of all symmetry blocks", f"{median(stability):.2f} s"),
    ]
    table("The reference, once (with the evaluations of the defect)", rows)
    return minimum


def prediction(posterior, crystal, derivative):
    """Energies and volumes of all variants at h+ih: the expansion, and all that a user gets."""
    full = derivative.sel(level=["h+ih"])
    lambdas = crystal["lambda"].values
    defect = expansion_of_defect(full)
    per_atom = expansion_of_crystal(crystal, ["h+ih"])
    delta = posterior["theta"].values - posterior["theta_mean"].values

    def formation():
        energy, volume = defect.predict(delta, lambdas)
        crystal_energy, crystal_volume = per_atom.predict(delta, lambdas)
        n_atoms = full.attrs["n_atoms"]
        return energy - n_atoms * crystal_energy, volume - n_atoms * crystal_volume

    count = delta.shape[0] * lambdas.size
    alone = median(seconds(formation, 50))
    study = median(seconds(lambda: predict_variants(posterior, crystal, full), 20))
    rows = [
        ("E_f and V_f, arrays", f"{count / alone / 1e6:.1f} million variants/s"),
        ("with energies, volumes and Dataset", f"{count / study / 1e6:.1f} million variants/s"),
        ("variants", f"{count}"),
    ]
    table("Prediction at h+ih, one core", rows)


def main():
    """Print the tables."""
    print(__doc__.replace("\n    python", "\n    $ python"))
    posterior = sample_posterior(read_posterior(POSTERIOR), SAMPLES, SEED)
    potential = potential_from_posterior(posterior)
    minimum = reference(potential)
    evaluation(minimum)
    lambdas, start = lambda_grid(-25, 25, 0.2), starting_crystal(**CRYSTAL)
    bulk = bulk_of_variants(potential, posterior, lambdas, start, SUPERCELL)
    crystal = crystal_of_variants(potential, posterior, bulk, ISOTROPIC)
    prediction(posterior, crystal, implicit_derivative(minimum))


if __name__ == "__main__":
    main()
