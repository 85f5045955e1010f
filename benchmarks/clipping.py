r"""How wide the posterior should be: the clipping tuned on some data and reported on others.

    snakemake --cores 2 --configfile resources/tungsten.yaml \
        --config 'posterior={training: {data: PATH}}' -- posterior
    snakemake --cores 2
    python benchmarks/clipping.py results/tungsten_snap results/tungsten > clipping.md

The configurations of each group are in three parts: fitted (80 %, as in the shipped posterior,
whose mean this is), tuned on and reported on (half of the rest each). For each clipping 1000 draws
are made, and it is counted how often their central interval of nominally 90 % holds the held-out
forces. The clipping is chosen by the part that is tuned on; coverage is reported on the part that
took part in nothing. E_f and V_f: standard deviations over the whole box, from the derivative of
the second study, linear in the parameters, without draws.
"""

import sys
from pathlib import Path

import numpy as np
import yaml
from sklearn.linear_model import BayesianRidge

from relaxdiff.files.datasets import read_dataset
from relaxdiff.posterior.coverage import NOMINAL_COVERAGES, coverage
from relaxdiff.posterior.design import held_out, tells
from relaxdiff.posterior.distribution import draw_from_hypercube
from relaxdiff.posterior.group_weights import read_weights
from relaxdiff.posterior.pops import (
    COVERAGE_DRAWS,
    _second_moment,
    _training_rows,
    fit_hypercube,
    pointwise_changes,
)
from relaxdiff.quantities.formation import quantity_derivatives, quantity_units

ROOT = Path(__file__).parents[1]
CLIPPINGS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)  # percent
TUNED_ON = ("vacancy", "md_bulk")
REPORTED = ("vacancy", "md_bulk", "Divacancy", "surface", "gamma_surface", "dislocation_quadrupole")
NOMINAL = 0.9
SPLITS = range(1, 6)  # seeds of which half is tuned on


def halves(out, seed):
    """The held-out configurations of a group in two halves: tuned on, reported on; booleans."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(out))
    parts = np.zeros((2, len(out)), dtype=bool)
    for part, chosen in zip(parts, np.array_split(order, 2), strict=True):
        part[chosen] = True
    return parts


def coverage_of_forces(design, chosen, coefficients, shifts):
    """Coverage of the forces of the chosen configurations, its standard error, number of values."""
    block, owner = design["force_design"].values, design["force_configuration"].values
    rows = chosen[owner] & tells(block)
    residual = design["force_target"].values[rows] - block[rows] @ coefficients
    share, error = coverage(block[rows], residual, owner[rows], shifts)
    which = NOMINAL_COVERAGES.index(NOMINAL)
    return share[which], error[which], rows.sum()


def formation_derivatives(study):
    """Derivatives of E_f and V_f of the default study's vacancy, (2, 1 + P): beta_0 comes first."""
    given = {
        name: read_dataset(study / "vacancy" / f"{name}.nc") for name in ("derivative", "crystal")
    }
    posterior, bulk = read_dataset(study / "posterior.nc"), read_dataset(study / "bulk.nc")
    structures = {"vacancy": given}
    names = list(quantity_units(bulk, structures))
    chosen = [names.index(("vacancy", f"formation_{each}")) for each in ("energy", "volume")]
    return quantity_derivatives(posterior, bulk, structures)[chosen]


def tuned(nominals, clippings):
    """The clipping whose coverage is nearest to the nominal one."""
    return clippings[int(np.argmin(np.abs(np.array(nominals) - NOMINAL)))]


def main():
    """Print the tables."""
    fitted, study = map(Path, sys.argv[1:])
    settings = yaml.safe_load((ROOT / "resources/tungsten.yaml").read_text(encoding="utf-8"))
    training = settings["posterior"]["training"]
    weights = read_weights(ROOT / training["group_weights"])
    designs = {
        group: read_dataset(fitted / f"training/design_{group}.nc") for group in sorted(weights)
    }
    held = [
        held_out(each, training["held_out_fraction"], training["seed"]) for each in designs.values()
    ]
    rows, targets = _training_rows(list(designs.values()), weights, held)
    ridge = BayesianRidge(fit_intercept=False).fit(rows, targets)
    pops = training["pops"]
    changes = pointwise_changes(rows, targets, ridge, pops["leverage_percentile"])
    of_group = dict(zip(designs, held, strict=True))
    sensitivity = formation_derivatives(study)
    table = []
    for clipping in CLIPPINGS:
        box = fit_hypercube(changes, clipping, pops["mode_threshold"])
        spread = np.sqrt(np.diag(sensitivity @ _second_moment(*box) @ sensitivity.T))
        shifts = draw_from_hypercube(*box, COVERAGE_DRAWS, training["seed"])
        found = {}
        for seed in SPLITS:
            for group in REPORTED:
                for part, chosen in zip(
                    ("tuned", "reported"), halves(of_group[group], seed), strict=True
                ):
                    found[seed, group, part] = coverage_of_forces(
                        designs[group], chosen, ridge.coef_, shifts
                    )
        table.append((spread, found))
    print_spreads(table)
    print_splits(table)


def print_spreads(table):
    """One split: coverage of each group on the part reported on, and E_f and V_f +-."""
    seed = SPLITS[0]
    titles = [f"{group}, %" for group in REPORTED]
    print(f"| clipping, % | {' | '.join(titles)} | E_f +-, eV | V_f +-, A^3 |")
    print("|---" * (len(REPORTED) + 3) + "|")
    for clipping, (spread, found) in zip(CLIPPINGS, table, strict=True):
        shares = [
            f"{100 * share:.1f} +- {100 * error:.1f}"
            for share, error, _ in (found[seed, group, "reported"] for group in REPORTED)
        ]
        print(f"| {clipping:g} | {' | '.join(shares)} | {spread[0]:.4f} | {spread[1]:.2f} |")
    print()


def print_splits(table):
    """Which clipping each split chooses, and what the other half says of it."""
    print("| split | clipping tuned, % | there, % | vacancy, reported, % | md_bulk, reported, % |")
    print("|---|---|---|---|---|")
    for seed in SPLITS:
        mean = [
            np.mean([found[seed, group, "tuned"][0] for group in TUNED_ON]) for _, found in table
        ]
        best = tuned(mean, CLIPPINGS)
        _, found = table[CLIPPINGS.index(best)]
        shares = [
            f"{100 * share:.1f} +- {100 * error:.1f}"
            for share, error, _ in (found[seed, group, "reported"] for group in TUNED_ON)
        ]
        there = mean[CLIPPINGS.index(best)]
        print(f"| {seed} | {best:g} | {100 * there:.1f} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
