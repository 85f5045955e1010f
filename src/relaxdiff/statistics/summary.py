"""What a study found, in numbers: a table, and the sentences that captions of the report quote.

Snakemake renders captions from templates that know the config, not the results. So the sentences
are written to a file of reStructuredText substitutions (`.. |kept| replace:: 4,629`), which each
caption includes.
"""

import numpy as np
import pandas as pd

from relaxdiff.statistics.results import JOULE_PER_SQUARE_METRE

STATUS_WORDS = {  # where 'not_converged' -> 'not converged' would not do
    "no_minimum": "without a minimum of E(a)",
    "cut": "beyond the first unstable variant of their branch",
    "lammps_error": "ended by a LAMMPS error",
    "agrees": "agree",
    "disagrees": "disagree",
}
# What a structure may have, and what captions say of it where it has not.
QUANTITIES = {
    "formation_energy": "",
    "formation_volume": "none, the cell does not relax",
    "energy_per_area": "none, the structure is no surface or fault",
}
CHECKED = {  # columns of the truth check
    "formation_energy_difference_eV": ("formation_energy", "eV"),
    "formation_volume_difference_A3": ("formation_volume", "Angstrom^3"),
}
SYMBOLS = {"eV": " eV", "Angstrom^3": " Å³", "J/m^2": " J/m²", "1": ""}


def summarise(results):
    """Everything a reader asks first, a DataFrame with columns topic, item, value, units.

    results: StructureResults.
    """
    rows = [
        *_study_rows(results),
        *_posterior_rows(results),
        *_cost_rows(results),
        *_error_rows(results),
        *_check_rows(results),
    ]
    return pd.DataFrame(rows, columns=["topic", "item", "value", "units"])


def sentences(results):
    """The phrases that captions quote, a dict of name -> text; results: StructureResults.

    The names depend on which tables there are, not on what the structure is.
    """
    found = _study_sentences(results) | _posterior_sentences(results)
    if results.truth is not None:
        found |= _truth_sentences(results)
    if results.windows is not None:
        found |= _error_sentences(results)
    if results.slopes is not None:
        found |= _slope_sentences(results)
    if results.calibration is not None:
        known = results.calibration.dropna()
        found["calibration"] = (
            ", ".join(
                f"{row.level} {100 * row.within_twice_below_10_meV:.1f} %"
                for row in known.itertuples()
            )
            or "unknown, no estimates"
        )
    if results.check is not None:
        found["truth_check"] = _check_sentence(results)
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


def _study_rows(results):
    crystal = results.crystal
    counts = status_counts(crystal["status"])
    return [
        ("study", "samples", crystal.sizes["sample"], ""),
        ("study", "variants", crystal["status"].size, ""),
        ("study", "largest lambda", float(np.abs(crystal["lambda"]).max()), ""),
        *(("crystal", status, count, "") for status, count in counts.items()),
    ]


def _posterior_rows(results):
    levels = results.levels
    zero = levels.isel({"lambda": int(np.argmin(np.abs(levels["lambda"].values)))})
    energy = float(zero["formation_energy"].mean())
    rows = [("reference", "formation_energy", energy, "eV")]
    if results.cell_relaxes:
        volume = float(zero["formation_volume"].mean())
        rows.append(("reference", "formation_volume", volume, "Angstrom^3"))
    if results.area is not None:
        per_area = energy / results.area * JOULE_PER_SQUARE_METRE
        rows.append(("reference", "energy_per_area", per_area, "J/m^2"))
    for row in results.posterior.itertuples():
        for item in ("mean", "standard_deviation", "interval_95_low", "interval_95_high"):
            item_name = f"{row.quantity}, {row.source}, {item}"
            rows.append(("posterior", item_name, getattr(row, item), row.units))
    return rows


def _cost_rows(results):
    """Evaluations, and how the relaxations of the truth ended."""
    derivative, truth = results.derivative, results.truth
    rows = [("cost", "evaluations for the derivative", derivative.attrs["evaluations"], "")]
    if results.evaluations is not None:
        rows.append(("cost", "evaluations at predicted structures", results.evaluated, ""))
    if truth is not None:
        counts = status_counts(truth["status"], without="bulk_unstable")
        spent, relaxed, tests = _truth_cost(truth)
        rows += [
            *(("truth", status, count, "") for status, count in counts.items()),
            ("cost", "evaluations for truth", spent, ""),
            ("cost", "evaluations for truth per relaxed variant", round(spent / relaxed, 3), ""),
            ("cost", "evaluations to tell saddle points", tests, ""),
        ]
    return rows


def _error_rows(results):
    rows = []
    windows, slopes, calibration = results.windows, results.slopes, results.calibration
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
    return rows


def _check_rows(results):
    if results.check is None:
        return []
    rows = [("truth check", verdict, n, "") for verdict, n in _verdicts(results.check).items()]
    for column, (quantity, units) in _checked(results).items():
        item = f"{quantity}, largest difference where they agree"
        rows.append(("truth check", item, _largest(results.check, column), units))
    return rows


def _study_sentences(results):
    crystal, status = results.crystal, status_counts(results.crystal["status"])
    total, kept = crystal["status"].size, status.pop("stable")
    whole = int((crystal["status"] == "stable").all("lambda").sum())
    evaluated = "none" if results.evaluations is None else f"{results.evaluated:,} evaluations"
    return {
        "samples": f"{crystal.sizes['sample']:,}",
        "variants": f"{total:,}",
        "kept": f"{kept:,}",
        "kept_percent": f"{100 * kept / total:.1f} %",
        "not_kept": _listed(status),
        "whole_samples": f"{whole:,}",
        "prediction_cost": f"{results.derivative.attrs['evaluations']} evaluations",
        "best_level": results.best,
        "evaluation_cost": evaluated,
    }


def _posterior_sentences(results):
    posterior = results.posterior
    found = {"posterior_samples": f"{int(posterior['samples'].max()):,}"}
    for quantity, missing in QUANTITIES.items():
        rows = posterior[posterior["quantity"] == quantity]
        texts = [
            _distribution(row, "true" if row["source"] == "truth" else "predicted")
            for _, row in rows.iterrows()
        ]
        found[f"{quantity}_posterior"] = "; ".join(texts) or missing
    return found


def _truth_sentences(results):
    outcomes = status_counts(results.truth["status"], without="bulk_unstable")
    spent, relaxed, tests = _truth_cost(results.truth)
    return {
        "relaxed": f"{outcomes.pop('converged'):,}",
        "not_relaxed": _listed(outcomes),
        "truth_cost": (
            f"{spent:,} evaluations, {spent / relaxed:.1f} per relaxed variant with "
            f"failed attempts; {tests:,} to tell saddle points from minima"
        ),
    }


def _error_sentences(results):
    windows, missing = results.windows, QUANTITIES["formation_volume"]
    found = dict.fromkeys(("formation_volume_errors", "strain_errors"), missing)
    for quantity in windows["quantity"].unique():
        found[f"{quantity}_errors"] = _errors(windows[windows["quantity"] == quantity])
    return found


def _slope_sentences(results):
    missing = QUANTITIES["formation_volume"]
    found = dict.fromkeys(("formation_volume_slopes", "strain_slopes"), missing)
    for quantity, rows in results.slopes.groupby("quantity"):
        found[f"{quantity}_slopes"] = (
            ", ".join(
                f"{row.level} {row.slope:.2f} (expected {row.expected_slope})"
                for row in rows.dropna().itertuples()
            )
            or "not measured, too few λ near 0"
        )
    return found


def _check_sentence(results):
    check = results.check
    differences = [
        f"{_largest(check, column):.1e}{SYMBOLS[units]}"
        for column, (_, units) in _checked(results).items()
    ]
    return (
        f"{len(check)} variants relaxed again by plain LAMMPS from shaken atoms: "
        f"{_listed(_verdicts(check))}; largest differences where they agree "
        f"{' and '.join(differences)}"
    )


def _truth_cost(truth):
    """Evaluations for truth, variants relaxed (at least 1), evaluations to tell saddle points."""
    relaxed = int((truth["status"] == "converged").sum())
    tests = int(truth["stability_evaluations"].sum())
    return int(truth["evaluations"].sum()), max(relaxed, 1), tests


def _checked(results):
    """The columns of CHECKED that say something of this structure."""
    return {
        column: each
        for column, each in CHECKED.items()
        if results.cell_relaxes or each[0] != "formation_volume"
    }


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
