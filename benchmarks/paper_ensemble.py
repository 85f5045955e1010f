"""The numbers of arXiv:2407.02414's tungsten ensemble, from its files: reference, errors, slopes.

    python benchmarks/paper_ensemble.py W_REF.snapcoeff W_REF.snapparam ensemble.csv

The table it printed last is kept in benchmarks/paper_ensemble.md. The files are those of
marseille-matmol/LammpsImplicitDerivative; the pickle of samples as a CSV table, mean first.
"""

import argparse

import numpy as np

from relaxdiff.bulk import bulk_of_variants
from relaxdiff.curvature import force_constants
from relaxdiff.errors import error_slopes, error_table, prediction_errors
from relaxdiff.formation import predict_variants
from relaxdiff.implicit import implicit_derivative
from relaxdiff.lammps_minimise import lammps_minimise
from relaxdiff.minimise import relax, relax_reference
from relaxdiff.posterior import posterior_from_ensemble, potential_from_posterior
from relaxdiff.structures import bulk_cell, vacancy_cell
from relaxdiff.truth import relax_variants
from relaxdiff.variants import lambda_grid

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
    bulk = bulk_of_variants(potential, posterior, lambdas, "bcc", 4)
    minimum = relax_reference(potential, "W", "bcc", 4)
    derivative = implicit_derivative(minimum)
    predictions = predict_variants(posterior, bulk, derivative)
    truth = relax_variants(
        minimum,
        posterior,
        bulk,
        derivative,
        force_constants(minimum),
        list(samples),
        "newton",
        lambda _: None,
    )
    chosen = {"sample": list(samples)}
    errors = prediction_errors(predictions.isel(chosen), truth, derivative, posterior.isel(chosen))
    return errors, truth


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
    print("Mean |error| of E_f, meV:\n")
    print("| level | all lambda | lambda = 0 left out | abs(lambda) <= 6 |\n|---|---|---|---|")
    size = 1e3 * np.abs(errors["formation_energy"])
    stretch = np.abs(errors["lambda"])
    for level in errors["level"].values:
        here = size.sel(level=level)
        windows = (here, here.where(stretch > 0), here.where(stretch <= 6))
        print(f"| {level} | " + " | ".join(f"{float(w.mean()):.2f}" for w in windows) + " |")
    fine, _ = errors_of_study(posterior, potential, lambda_grid(-2, 2, 0.25), FINE_SAMPLES)
    print("\nSlopes of log |error| against log |lambda|, lambda up to 2:\n")
    table = error_slopes(error_table(fine))
    print("| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns))
    for row in table.itertuples(index=False):
        print("| " + " | ".join(f"{x:.2f}" if isinstance(x, float) else str(x) for x in row) + " |")


if __name__ == "__main__":
    main()
