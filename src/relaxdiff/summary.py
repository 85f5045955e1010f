"""What a study found, in numbers: a table, and the sentences that captions of the report quote.

Snakemake renders captions from templates that know the config, not the results. So the sentences
are written to a file of reStructuredText substitutions (`.. |kept| replace:: 4,629`), which each
caption includes.
"""

import numpy as np
import pandas as pd

from relaxdiff.errors import all_levels, posterior_table

STATUS_WORDS = {  # where 'not_converged' -> 'not converged' would not do
    "no_minimum": "without a minimum of E(a)",
    "cut": "beyond the first unstable variant of their branch",
    "lammps_error": "ended by a LAMMPS error",
    "agrees": "agree",
    "disagrees": "disagree",
}
QUANTITIES = ("formation_energy", "formation_volume")
CHECKED = {  # columns of the truth check
    "formation_energy_difference_eV": ("formation_energy", "eV"),
    "formation_volume_difference_A3": ("formation_volume", "Angstrom^3"),
}
SYMBOLS = {"eV": " eV", "Angstrom^3": " Å³", "1": ""}


def summarise(
    bulk,
    predictions,
    derivative,
    evaluations=None,
    truth=None,
    windows=None,
    slopes=None,
    calibration=None,
    check=None,
):
    """Everything a reader asks first, a DataFrame with columns topic, item, value, units.

    bulk, predictions, derivative, evaluations, truth: the Datasets of those names, evaluations
    None if there are none; windows, slopes, calibration: of `window_table`, `error_slopes` and
    `calibration_table`; check: the table of the truth check. From truth on they may be left out for
    a study without.
    """
    predictions = all_levels(predictions, evaluations)
    rows = [
        ("study", "samples", bulk.sizes["sample"], ""),
        ("study", "variants", bulk["status"].size, ""),
        ("study", "largest lambda", float(np.abs(bulk["lambda"]).max()), ""),
    ]
    rows += [("bulk", status, count, "") for status, count in status_counts(bulk["status"]).items()]
    zero = predictions.isel({"lambda": int(np.argmin(np.abs(predictions["lambda"].values)))})
    for quantity in QUANTITIES:
        units = predictions[quantity].attrs["units"]
        rows.append(("reference", quantity, float(zero[quantity].mean()), units))
    posterior = posterior_table(predictions, truth)
    for row in posterior[posterior["source"].isin([_best(predictions), "truth"])].itertuples():
        for item in ("mean", "standard_deviation", "interval_95_low", "interval_95_high"):
            item_name = f"{row.quantity}, {row.source}, {item}"
            rows.append(("posterior", item_name, getattr(row, item), row.units))
    rows.append(("cost", "evaluations for the derivative", derivative.attrs["evaluations"], ""))
    if evaluations is not None:
        rows.append(("cost", "evaluations at predicted structures", _evaluated(evaluations), ""))
    if truth is not None:
        counts = status_counts(truth["status"], without="bulk_unstable")
        rows += [("truth", status, count, "") for status, count in counts.items()]
        evaluations, relaxed = int(truth["evaluations"].sum()), counts["converged"]
        rows.append(("cost", "evaluations for truth", evaluations, ""))
        per_variant = round(evaluations / max(relaxed, 1), 3)
        rows.append(("cost", "evaluations for truth per relaxed variant", per_variant, ""))
        tests = int(truth["stability_evaluations"].sum())
        rows.append(("cost", "evaluations to tell saddle points", tests, ""))
    shown = [] if windows is None else windows[windows["quantity"].isin(QUANTITIES)].itertuples()
    for row in shown:
        item = (
            f"{row.quantity}, {row.level}, lambda up to {row.lambda_up_to:g}, mean absolute error"
        )
        rows.append(("errors", item, row.mean_abs_error, row.units))
    for row in [] if slopes is None else slopes.itertuples():
        item = f"{row.quantity}, {row.level}, expected {row.expected_slope}"
        rows.append(("log-log slope", item, row.slope, ""))
    for row in [] if calibration is None else calibration.itertuples():
        item = f"{row.level}, error within twice its estimate"
        rows.append(("calibration", item, row.within_twice, ""))
        item += ", estimates below 10 meV"
        rows.append(("calibration", item, row.within_twice_below_10_meV, ""))
    if check is not None:
        rows += [("truth check", verdict, n, "") for verdict, n in _verdicts(check).items()]
        for column, (quantity, units) in CHECKED.items():
            item = f"{quantity}, largest difference where they agree"
            rows.append(("truth check", item, _largest(check, column), units))
    return pd.DataFrame(rows, columns=["topic", "item", "value", "units"])


def sentences(
    bulk,
    predictions,
    derivative,
    evaluations=None,
    truth=None,
    windows=None,
    slopes=None,
    calibration=None,
    check=None,
):
    """The phrases that captions quote, a dict of name -> text. Arguments as of `summarise`."""
    predictions = all_levels(predictions, evaluations)
    best = _best(predictions)
    status = status_counts(bulk["status"])
    total, kept = bulk["status"].size, status.pop("stable")
    posterior = posterior_table(predictions, truth)
    found = {
        "samples": f"{bulk.sizes['sample']:,}",
        "variants": f"{total:,}",
        "kept": f"{kept:,}",
        "kept_percent": f"{100 * kept / total:.1f} %",
        "not_kept": _listed(status),
        "whole_samples": f"{int((bulk['status'] == 'stable').all('lambda').sum()):,}",
        "posterior_samples": f"{int(posterior['samples'].max()):,}",
        "prediction_cost": f"{derivative.attrs['evaluations']} evaluations",
        "best_level": best,
        "evaluation_cost": "none"
        if evaluations is None
        else f"{_evaluated(evaluations):,} evaluations",
    }
    for quantity in QUANTITIES:
        rows = posterior[posterior["quantity"] == quantity].set_index("source")
        sources = [(best, "predicted"), *([("truth", "true")] if "truth" in rows.index else [])]
        texts = [_distribution(rows.loc[source], name) for source, name in sources]
        found[f"{quantity}_posterior"] = "; ".join(texts)
    if truth is not None:
        outcomes = status_counts(truth["status"], without="bulk_unstable")
        found["relaxed"] = f"{outcomes.pop('converged'):,}"
        found["not_relaxed"] = _listed(outcomes)
        evaluations = int(truth["evaluations"].sum())
        relaxed = max(int((truth["status"] == "converged").sum()), 1)
        tests = int(truth["stability_evaluations"].sum())
        found["truth_cost"] = (
            f"{evaluations:,} evaluations, {evaluations / relaxed:.1f} per relaxed variant with "
            f"failed attempts; {tests:,} to tell saddle points from minima"
        )
    if windows is not None:
        for quantity in windows["quantity"].unique():
            found[f"{quantity}_errors"] = _errors(windows[windows["quantity"] == quantity])
    if slopes is not None:
        for quantity, rows in slopes.groupby("quantity"):
            found[f"{quantity}_slopes"] = (
                ", ".join(
                    f"{row.level} {row.slope:.2f} (expected {row.expected_slope})"
                    for row in rows.dropna().itertuples()
                )
                or "not measured, too few λ near 0"
            )
    if calibration is not None:
        known = calibration.dropna()
        found["calibration"] = (
            ", ".join(
                f"{row.level} {100 * row.within_twice_below_10_meV:.1f} %"
                for row in known.itertuples()
            )
            or "unknown, no estimates"
        )
    if check is not None:
        verdicts = _listed(_verdicts(check))
        energy, volume = (_largest(check, column) for column in CHECKED)
        found["truth_check"] = (
            f"{len(check)} variants relaxed again by plain LAMMPS from shaken atoms: {verdicts}; "
            f"largest differences where they agree {energy:.1e} eV and {volume:.1e} Å³"
        )
    return found


def substitutions(found):
    """The sentences as reStructuredText substitution definitions, a text."""
    return "".join(f".. |{name}| replace:: {text}\n" for name, text in found.items())


def status_counts(status, without=()):
    """Number of variants with each status the file's `meanings` name (zero included), a dict."""
    values, counts = np.unique(status.values, return_counts=True)
    present = dict(zip(map(str, values), map(int, counts), strict=True))
    names = status.attrs.get("meanings", " ".join(present)).split()
    return {name: present.get(name, 0) for name in names if name not in np.atleast_1d(without)}


def _best(predictions):
    """The most complete level, which comes last."""
    return str(predictions["level"].values[-1])


def _evaluated(evaluations):
    return int(evaluations["evaluations"].sum())


def _verdicts(check):
    return {str(verdict): int(n) for verdict, n in check["verdict"].value_counts().items()}


def _largest(check, column):
    """Largest |difference| among variants that agree: another minimum is not a difference."""
    return float(check.loc[check["verdict"] == "agrees", column].abs().max())


def _listed(counts):
    """'3 elastically unstable, 12 beyond ...' of the counts that are not zero."""
    words = [
        f"{count:,} {STATUS_WORDS.get(status, status.replace('_', ' '))}"
        for status, count in counts.items()
        if count
    ]
    return ", ".join(words) or "none"


def _errors(windows):
    """Mean |error| at each level: 'c 52, h 41, ... meV over all 4,629 variants; ...'."""
    texts = []
    reach = windows["lambda_up_to"].max()
    for window, rows in windows.groupby("lambda_up_to"):
        values = rows.set_index("level")["mean_abs_error"]
        scale, units = _readable(values.max(), rows["units"].iloc[0])
        listed = ", ".join(f"{level} {value * scale:.3g}" for level, value in values.items())
        which = (
            f"over all {rows['variants'].max():,} variants"
            if window == reach
            else (f"for λ within ±{window:g}")
        )
        texts.append(f"{listed}{units} {which}")
    return "; ".join(texts[::-1])


def _distribution(row, name):
    if not row["samples"]:
        return f"{name} distribution unknown, no sample at λ = 1"
    units = SYMBOLS[row["units"]]
    if row["samples"] == 1:
        return f"{name} {row['mean']:.4f}{units} for the one sample"
    return (
        f"{name} {row['mean']:.4f} ± {row['standard_deviation']:.4f}{units}, 95 % interval "
        f"{row['interval_95_low']:.4f} to {row['interval_95_high']:.4f}{units}"
    )


def _readable(largest, units):
    """Factor and unit that make a number easy to read."""
    if units == "eV" and largest < 0.5:
        return 1e3, " meV"
    if units == "Angstrom":
        return 1e3, " mÅ"
    return 1.0, SYMBOLS[units]
