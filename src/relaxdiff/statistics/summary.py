"""What a study found, in numbers: a table, and the sentences that captions of the report quote.

Snakemake renders captions from templates that know the config, not the results. So the sentences
are written to a file of reStructuredText substitutions (`.. |kept| replace:: 4,629`), which each
caption includes.
"""

import numpy as np
import pandas as pd

from relaxdiff.posterior import judged_coverage
from relaxdiff.statistics.calibration import ALL, IN_DOUBT, SMALL
from relaxdiff.statistics.errors import quoted, windows_of
from relaxdiff.statistics.moments import SPREADS, unstable_draws
from relaxdiff.statistics.negative_energies import TRUTH
from relaxdiff.units import JOULE_PER_SQUARE_METRE

# What a structure may have, and what captions say of it where it has not.
QUANTITIES = {
    "formation_energy": "",
    "formation_volume": "none, the cell does not relax",
    "energy_per_area": "none, the structure is no surface or fault",
}
STATISTICS = {  # columns of the tables of errors that are quoted, and what they are called
    "mean_abs_error": "mean",
    "median_abs_error": "median",
    "abs_error_percentile_95": "95th percentile",
    "max_abs_error": "maximum",
}
CHECKED = {  # columns of the truth check
    "formation_energy_difference_eV": ("formation_energy", "eV"),
    "formation_volume_difference_A3": ("formation_volume", "Angstrom^3"),
}


def summarise(results):
    """Everything a reader asks first, a DataFrame with columns topic, item, value, units.

    results: StructureResults.
    """
    rows = [
        *_study_rows(results),
        *_fit_rows(results),
        *_posterior_rows(results),
        *_cost_rows(results),
        *_negative_rows(results),
        *_error_rows(results),
        *_doubt_rows(results),
        *_check_rows(results),
    ]
    return pd.DataFrame(rows, columns=["topic", "item", "value", "units"])


def status_counts(status, without=()):
    """Number of variants with each status the file's `meanings` name (zero included), a dict."""
    values, counts = np.unique(status.values, return_counts=True)
    present = dict(zip(map(str, values), map(int, counts), strict=True))
    names = status.attrs.get("meanings", " ".join(present)).split()
    return {name: present.get(name, 0) for name in names if name not in np.atleast_1d(without)}


def _study_rows(results):
    crystal = results.crystal
    counts = status_counts(crystal["status"])
    return [
        ("study", "samples", crystal.sizes["sample"], ""),
        ("study", "variants", crystal["status"].size, ""),
        ("study", "largest lambda", float(np.abs(crystal["lambda"]).max()), ""),
        *(("crystal", status, count, "") for status, count in counts.items()),
    ]


def _fit_rows(results):
    """How much of the spread of its data a fit explains, and how much of its groups it covers.

    Of R^2, below 0 is less than the mean of the data explains.
    """
    if results.fit is None or "fitted_spread" not in results.fit:
        return []
    rows = []
    for quantity in results.fit["quantity"].values:
        of = results.fit.sel(quantity=quantity)
        error, spread = float(of["fitted_rmse"]), float(of["fitted_spread"])
        if spread > 0:
            rows.append(
                ("fit", f"{quantity}, R^2 of what is fitted", 1 - (error / spread) ** 2, "")
            )
    for row in judged_coverage(results.fit).itertuples():
        item = (
            f"{row.quantity}, group {row.group}, coverage of {row.configurations} held-out "
            f"configurations at nominal {100 * row.nominal:.0f} %"
        )
        rows.append(("fit", item, row.coverage, ""))
    return [*rows, ("fit", "warnings", len(results.fit_warnings), "")]


def _posterior_rows(results):
    levels = results.levels
    zero = levels.isel({"lambda": int(np.argmin(np.abs(levels["lambda"].values)))})
    energy = float(zero["formation_energy"].mean())
    rows = [("reference", "formation_energy", energy, "eV")]
    if results.held_columns:
        rows.append(("reference", "held_columns", results.held_columns, ""))
    if results.cell_relaxes:
        volume = float(zero["formation_volume"].mean())
        rows.append(("reference", "formation_volume", volume, "Angstrom^3"))
    if results.area is not None:
        per_area = energy / results.area * JOULE_PER_SQUARE_METRE
        rows.append(("reference", "energy_per_area", per_area, "J/m^2"))
    rows += [
        ("posterior", "draws", results.draws.sizes["draw"], ""),
        ("posterior", "draws, unstable", int(unstable_draws(results.draws)), ""),
        ("posterior", "draws, a curvature limited", int(results.draws["limited"].sum()), ""),
    ]
    for row in results.posterior.itertuples():
        for item in SPREADS:
            value = getattr(row, item)
            if np.isfinite(value) or item in ("mean", "standard_deviation"):
                rows.append(
                    ("posterior", f"{row.quantity}, {row.source}, {item}", value, row.units)
                )
    return rows


def _cost_rows(results):
    """Evaluations, and how the relaxations of the truth ended."""
    derivative, truth = results.derivative, results.truth
    rows = [("cost", "evaluations for the derivative", derivative.attrs["evaluations"], "")]
    if results.evaluations is not None:
        rows.append(("cost", "evaluations at predicted structures", results.evaluated, ""))
    if truth is not None:
        counts = status_counts(truth["status"], without="bulk_unstable")
        spent, relaxed, tests = truth_cost(truth)
        rows += [
            *(("truth", status, count, "") for status, count in counts.items()),
            *_not_relaxed_rows(truth),
            ("cost", "evaluations for truth", spent, ""),
            ("cost", "evaluations for truth per relaxed variant", round(spent / relaxed, 3), ""),
            ("cost", "evaluations to tell saddle points", tests, ""),
        ]
    return rows


def outcomes_by_window(truth):
    """How the stable variants in each part of the grid ended: name -> dict of status_counts."""
    return {
        name: status_counts(truth["status"].isel({"lambda": inside}), without="bulk_unstable")
        for name, inside in windows_of(truth["lambda"].values).items()
    }


def _not_relaxed_rows(truth):
    """Stable variants without a truth in each part of the grid, in all and by each reason."""
    outcomes = status_counts(truth["status"], without=("bulk_unstable", "converged"))
    reasons = [status for status, count in outcomes.items() if count]
    rows = []
    for window, counts in outcomes_by_window(truth).items():
        rows.append(("not relaxed", window, sum(counts.values()) - counts["converged"], ""))
        rows += [("not relaxed", f"{window}, {name}", counts[name], "") for name in reasons]
    return rows


def _negative_rows(results):
    counts = negative_counts(results)
    return [("formation energy below zero", of, count, "") for of, count in counts.items()]


def negative_counts(results):
    """Variants with a formation energy below zero: the `true` ones, and those only predicted."""
    true = results.negative["source"] == TRUTH
    known = {} if results.truth is None else {"true": int(true.sum())}
    return known | {"predicted": int((~true).sum())}


def _statistics_rows(windows):
    """The mean, median, ... of each row of a table of windows."""
    return [
        (
            "errors",
            f"{row['quantity']}, {row['level']}, {row['window']}, {name} absolute error",
            row[column],
            row["units"],
        )
        for row in windows.to_dict("records")
        for column, name in STATISTICS.items()
    ]


def _error_rows(results):
    rows = []
    windows, slopes, calibration = results.windows, results.slopes, results.calibration
    if windows is not None:
        rows += _statistics_rows(quoted(windows[windows["quantity"].isin(QUANTITIES)]))
    for row in [] if slopes is None else slopes.itertuples():
        item = f"{row.quantity}, {row.level}, expected {row.expected_slope}"
        rows.append(("log-log slope", item, row.slope, ""))
    if calibration is not None:  # its file has them by decade, too
        calibration = calibration[calibration["estimate"].isin([ALL, SMALL, IN_DOUBT])]
    for row in [] if calibration is None else calibration.itertuples():
        of = "" if row.estimate == ALL else f", {row.estimate}"
        rows.append(
            (
                "calibration",
                f"{row.level}, error within twice its estimate{of}",
                row.within_twice,
                "",
            )
        )
    return rows


def _doubt_rows(results):
    """Variants with and without a minimum, and how many of them are marked as in doubt."""
    if results.truth is None or results.doubt is None:
        return []
    rows = []
    for row in results.doubt.itertuples():
        of = "" if row.estimate == ALL else f", estimates {row.estimate}"
        rows.append(("minimum in doubt", f"{row.kind}{of}, variants", row.variants, ""))
        rows.append(("minimum in doubt", f"{row.kind}{of}, marked", row.in_doubt, ""))
    return rows


def _check_rows(results):
    if results.check is None:
        return []
    rows = [("truth check", verdict, n, "") for verdict, n in verdicts(results.check).items()]
    for column, (quantity, units) in checked(results).items():
        item = f"{quantity}, largest difference where they agree"
        rows.append(("truth check", item, largest(results.check, column), units))
    return rows


def truth_cost(truth):
    """Evaluations for truth, variants relaxed (at least 1), evaluations to tell saddle points."""
    relaxed = int((truth["status"] == "converged").sum())
    tests = int(truth["stability_evaluations"].sum())
    return int(truth["evaluations"].sum()), max(relaxed, 1), tests


def three_digits(value):
    """A number to read: '0.405', '1.66e-06', '5,526'."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def checked(results):
    """The columns of CHECKED that say something of this structure."""
    return {
        column: each
        for column, each in CHECKED.items()
        if results.cell_relaxes or each[0] != "formation_volume"
    }


def verdicts(check):
    return {str(verdict): int(n) for verdict, n in check["verdict"].value_counts().items()}


def largest(check, column):
    """Largest |difference| among variants that agree: another minimum is not a difference."""
    return float(check.loc[check["verdict"] == "agrees", column].abs().max())
