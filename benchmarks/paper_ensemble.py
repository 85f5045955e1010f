"""arXiv:2407.02414's tungsten ensemble, from its files: reference, errors, estimates, slopes.

    python benchmarks/paper_ensemble.py W_REF.snapcoeff W_REF.snapparam ensemble.csv

The table it printed last is kept in benchmarks/paper_ensemble.md. The files are those of
marseille-matmol/LammpsImplicitDerivative; the pickle of samples as a CSV table, mean first.
"""

import argparse

import numpy as np

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.derivative.implicit import implicit_derivative
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.relaxation import relax
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.distribution import potential_from_posterior
from relaxdiff.posterior.ensemble import posterior_from_ensemble
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.predictions.evaluated import evaluate_predictions
from relaxdiff.predictions.predicted_variants import predict_variants
from relaxdiff.statistics.calibration import calibration_table
from relaxdiff.statistics.errors import (
    error_slopes,
    error_table,
    prediction_errors,
)
from relaxdiff.structures.coordinates import ISOTROPIC
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.relaxed_variants import relax_variants

CRYSTAL = {"element": "W", "lattice": "bcc"}
VACANCY = {"name": "vacancy", "kind": "vacancy", "supercell": 4, "cell": "isotropic"}
SAMPLES = range(10)
FINE_SAMPLES = range(3)


def reference(potential):
    """Lattice parameter, bulk energy and E_f, by relaxdiff and by LAMMPS's own minimize."""
    start = 3.165
    crystal, defect = bulk_cell("W", start), vacancy_cell("W", start, 4)
    ours = relax(crystal, potential), relax(defect, potential)
    theirs = lammps_minimise(crystal, potential, 1e-8), lammps_minimise(defect, potential, 1e-7)
    print("| at the mean | relaxdiff | LAMMPS minimize |\n|---|---|---|")
    rows = {
        "lattice parameter, A": lambda bulk, _: bulk.atoms.cell.lengths()[0],
        "bulk energy, eV/atom": lambda bulk, _: bulk.energy / 2,
        "E_f, eV": lambda bulk, cell: cell.energy - 127 * bulk.energy / 2,
    }
    for name, value in rows.items():
        print(f"| {name} | {value(*ours):.6f} | {value(*theirs):.6f} |")


def errors_of_study(posterior, potential, lambdas, samples):
    """Prediction errors of some samples against truth, and the evaluations that truth took."""
    bulk = bulk_of_variants(potential, posterior, lambdas, starting_crystal(**CRYSTAL), 4)
    crystal = crystal_of_variants(potential, posterior, bulk, ISOTROPIC)
    minimum = relax_reference(potential, CRYSTAL, VACANCY)
    derivative = implicit_derivative(minimum)
    predictions = predict_variants(posterior, crystal, derivative)
    truth = relax_variants(
        minimum,
        posterior,
        crystal,
        derivative,
        force_constants(minimum),
        list(samples),
        "newton",
        lambda _: None,
    )
    evaluations = evaluate_predictions(
        minimum, posterior, crystal, derivative, list(samples), lambda _: None
    )
    chosen = {"sample": list(samples)}
    errors = prediction_errors(
        predictions.isel(chosen), truth, derivative, posterior.isel(chosen), evaluations
    )
    return errors, truth


def print_errors(errors, quantity, factor, title):
    """Mean, median and largest |error| of a quantity at each level."""
    print(f"\n|Error| of {title}:\n")
    columns = ("level", "mean", "median", "largest", "mean, abs(lambda) <= 6", "median, <= 6")
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    size = factor * np.abs(errors[quantity])
    for level in errors["level"].values:
        here = size.sel(level=level)
        near = here.where(np.abs(errors["lambda"]) <= 6)
        numbers = (here.mean(), here.median(), here.max(), near.mean(), near.median())
        print(f"| {level} | " + " | ".join(f"{float(number):.3g}" for number in numbers) + " |")


def print_table(table, form):
    """A DataFrame in Markdown, its floats in the format given."""
    print("| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns))
    for row in table.itertuples(index=False):
        cells = [form.format(cell) if isinstance(cell, float) else str(cell) for cell in row]
        print("| " + " | ".join(cells) + " |")


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("coefficients", "parameters", "samples"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    posterior = posterior_from_ensemble(**vars(arguments))
    potential = potential_from_posterior(posterior)
    reference(potential)
    errors, truth = errors_of_study(posterior, potential, lambda_grid(-25, 25, 1), SAMPLES)
    relaxed = (truth["status"] == "converged").sum().item()
    evaluations = truth["evaluations"].sum().item()
    print(f"\nSamples 0-9, lambda in steps of 1: {relaxed} variants, {evaluations} evaluations.")
    print_errors(errors, "formation_energy", 1e3, "E_f, meV")
    print_errors(errors, "formation_volume", 1.0, "V_f, A^3")
    print("\nErrors of E_f within twice their estimate:\n")
    print_table(calibration_table(errors), "{:.4f}")
    fine, _ = errors_of_study(posterior, potential, lambda_grid(-2, 2, 0.25), FINE_SAMPLES)
    print("\nSlopes of log |error| against log |lambda|, lambda up to 2:\n")
    print_table(error_slopes(error_table(fine)), "{:.2f}")


if __name__ == "__main__":
    main()
