"""The structures of an example: sizes of the problems, what truth found, errors of predictions.

    snakemake --cores all all adaptive --configfile config/examples/tungsten_defects.yaml
    python benchmarks/structures.py config/examples/tungsten_defects.yaml > structures.md

Reads the example's results, from the folder it is started in, and prints Markdown tables. Errors:
mean |error| of E_f, meV, over all variants that truth kept.
"""

import sys
from pathlib import Path

import pandas as pd
import xarray as xr
import yaml

LEVELS = ("c", "h+ih", "newton", "h+ih@x", "newton@x")


def sizes(folder):
    """What one structure is, and what its derivative cost, a dict."""
    derivative = xr.open_dataset(folder / "derivative.nc")
    return {
        "atoms": derivative.attrs["n_atoms"],
        "displacements": derivative.sizes["displacement_mode"],
        "strains": derivative.sizes["strain"],
        "evaluations for the derivative": derivative.attrs["evaluations"],
    }


def outcomes(folder):
    """What truth and its check found, a dict."""
    truth = xr.open_dataset(folder / "truth.nc")
    status = pd.Series(truth["status"].values.ravel()).value_counts()
    kept = status.get("converged", 0)
    ended = status.drop(["converged", "bulk_unstable"], errors="ignore")
    check = pd.read_csv(folder / "truth_check.csv")
    worst = check["formation_energy_difference_eV"].abs().max()
    verdicts = ", ".join(f"{n} {name}" for name, n in check["verdict"].value_counts().items())
    return {
        "kept": kept,
        "not kept": ", ".join(f"{n} {name}" for name, n in ended.items()) or "none",
        "evaluations a variant": f"{float(truth['evaluations'].sum()) / kept:.1f}",
        "LAMMPS": verdicts,
        "largest difference (eV)": f"{worst:.0e}",
    }


def errors(folder):
    """Mean |error| of each level, and how often it is within twice its estimate, a dict."""
    windows = pd.read_csv(folder / "errors_by_window.csv")
    windows = windows[windows["quantity"] == "formation_energy"]
    over_all = windows[windows["window"] == "all lambda"]
    mean = over_all.set_index("level")["mean_abs_error"]
    calibration = pd.read_csv(folder / "calibration.csv").set_index(["estimate", "level"])
    within = calibration.loc["below 10 meV", "within_twice"]
    lowest = within.idxmin()
    row = {level: f"{1e3 * mean[level]:.2g}" for level in LEVELS}
    return row | {"within twice the estimate, least": f"{100 * within[lowest]:.1f} % ({lowest})"}


def adaptive(folder):
    """Where the variants went with a tolerance of 1 meV, a dict."""
    table = pd.read_csv(folder / "adaptive.csv").set_index("level")
    looked = table.index.str.endswith("@x")
    relaxed = table.index == "relaxed"
    parts = {"predicted": ~(looked | relaxed), "evaluated once": looked, "relaxed": relaxed}
    fractions = table["fraction"]
    row = {name: f"{100 * fractions[where].sum():.1f} %" for name, where in parts.items()}
    accepted = table.loc[~relaxed, "max_abs_error"].max()
    return row | {"largest accepted error (meV)": f"{1e3 * accepted:.2f}"}


def main():
    """Print the tables."""
    config = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
    results = Path("results") / config["study"]
    for part in (sizes, outcomes, errors, adaptive):
        rows = [
            {"structure": entry["name"], "cell": entry["cell"]} | part(results / entry["name"])
            for entry in config["structures"]
        ]
        print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows:
            print("| " + " | ".join(str(value) for value in row.values()) + " |")
        print()


if __name__ == "__main__":
    main()
