"""The phrases that captions of the report quote from a study's results."""

import re

import numpy as np
import pandas as pd

from relaxdiff.posterior import judged_coverage
from relaxdiff.statistics.calibration import ALL, SMALL
from relaxdiff.statistics.errors import POSTERIOR, WHOLE_GRID, quoted
from relaxdiff.statistics.moments import decimals, unstable_draws
from relaxdiff.statistics.summary import (
    QUANTITIES,
    STATISTICS,
    checked,
    largest,
    negative_counts,
    outcomes_by_window,
    status_counts,
    three_digits,
    truth_cost,
    verdicts,
)

STATUS_WORDS = {  # where 'not_converged' -> 'not converged' would not do
    "no_minimum": "without a minimum of E(a)",
    "cut": "beyond the first unstable variant of their branch",
    "lammps_error": "ended by a LAMMPS error",
    "agrees": "agree",
    "disagrees": "disagree",
}
NEGATIVE_WORDS = {"true": "by their truth", "predicted": "by prediction alone"}
WINDOW_WORDS = {POSTERIOR: "at λ = 1", WHOLE_GRID: "over all λ"}  # of the windows that are quoted
SYMBOLS = {"eV": " eV", "Angstrom^3": " Å³", "J/m^2": " J/m²", "1": ""}


def sentences(results):
    """The phrases that captions quote, a dict of name -> text; results: StructureResults.

    The names depend on which tables there are, not on what the structure is.
    """
    found = _study_sentences(results) | _posterior_sentences(results)
    found["fit_warnings"] = _fit_sentence(results)
    if results.truth is not None:
        found |= _truth_sentences(results)
    if results.windows is not None:
        found |= _error_sentences(results)
    if results.slopes is not None:
        found |= _slope_sentences(results)
    if results.calibration is not None:
        found["calibration"] = _calibration_sentence(results.calibration)
        found["doubt"] = _doubt_sentence(results.doubt)
    if results.check is not None:
        found["truth_check"] = _check_sentence(results)
    return found


def _fit_sentence(results):
    """What is odd in the fit, and the groups that its intervals do not cover."""
    if results.fit is not None and "training_rmse" not in results.fit:
        return "none, the posterior was not fitted"
    judged = pd.DataFrame() if results.fit is None else judged_coverage(results.fit)
    covered = ""
    if len(judged):
        low = judged[judged["covered"] == "no"]
        listed = ", ".join(
            f"{row.group} {row.quantity} {100 * row.coverage:.0f} %" for row in low.itertuples()
        )
        covered = (
            f". Intervals of nominally {100 * judged['nominal'].iloc[0]:.0f} % are too narrow for "
        )
        covered += f"held-out values of these groups: {listed or 'none'}"
    return escaped(("; ".join(results.fit_warnings) or "nothing odd") + covered)


def escaped(text):
    """Names of the user's, in which reStructuredText shall see no markup."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def substitutions(found):
    """The sentences as reStructuredText substitution definitions, a text."""
    return "".join(f".. |{name}| replace:: {text}\n" for name, text in found.items())


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
        "negative_energies": _negative_sentence(results),
        "minimum_of": _minimum_sentence(results),
    }


def _minimum_sentence(results):
    """What the reference is a minimum of: never of more than may move."""
    held = f", with {results.held_columns} columns held" if results.held_columns else ""
    return f"all that may move{held}"


def _negative_sentence(results):
    """'3 by their truth, 351 by prediction alone', or 'none'."""
    counts = negative_counts(results)
    return ", ".join(f"{n:,} {NEGATIVE_WORDS[of]}" for of, n in counts.items() if n) or "none"


def _posterior_sentences(results):
    table, draws = results.posterior, results.draws
    drawn = table[table["values_of"] == "draws"]
    found = {
        "posterior_samples": f"{int(results.same_samples['number'].max()):,}",
        "posterior_draws": _draws_sentence(draws, results.best_drawn),
        "drawn_level": results.best_drawn,
    }
    for quantity, missing in QUANTITIES.items():
        texts = [_drawn(row) for row in _rows(drawn, quantity)]
        for true in _rows(table[table["source"] == "truth"], quantity):
            (row,) = _rows(drawn, quantity)
            texts.append(_relaxed(true, row))
        for same in _rows(results.same_samples, quantity):
            texts += _same(same)
        found[f"{quantity}_posterior"] = "; ".join(texts) or missing
    return found


def _rows(table, quantity):
    """The rows of one quantity, a list of named tuples."""
    return list(table[table["quantity"] == quantity].itertuples())


def _draws_sentence(draws, level):
    """'100,000 draws': how many, from what, and what is odd with them."""
    count, limited = int(draws["predicted"].sel(level=level)), int(draws["limited"].sum())
    of_samples = draws.attrs["drawn_from"] == "samples"
    what = "samples (there is no distribution to draw from)" if of_samples else "draws"
    unstable = unstable_draws(draws)
    odd = [f"{unstable:,} unstable and left out"] if unstable else []
    odd += [f"{limited:,} with a curvature that newton limits"] if limited else []
    return f"{count:,} {what}" + "".join(f", {each}" for each in odd)


def _truth_sentences(results):
    outcomes = status_counts(results.truth["status"], without="bulk_unstable")
    spent, relaxed, tests = truth_cost(results.truth)
    return {
        "relaxed": f"{outcomes.pop('converged'):,}",
        "not_relaxed": _listed(outcomes),
        "not_relaxed_by_window": _by_window(results.truth),
        "truth_cost": (
            f"{spent:,} evaluations, {spent / relaxed:.1f} per relaxed variant with "
            f"failed attempts; {tests:,} to tell saddle points from minima"
        ),
    }


def _by_window(truth):
    """'0 of 100 at λ = 1; ...; 2,487 of 8,420 over all λ': stable variants without a truth."""
    texts = []
    for window, counts in outcomes_by_window(truth).items():
        stable = sum(counts.values())
        where = WINDOW_WORDS.get(window, f"for {window.replace('lambda', 'λ')}")
        texts.append(f"{stable - counts['converged']:,} of {stable:,} {where}")
    return "; ".join(texts)


def _error_sentences(results):
    windows, missing = quoted(results.windows), QUANTITIES["formation_volume"]
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


def _calibration_sentence(table):
    """'c 100.0 %, ...': of each level, the share of small estimates that hold."""
    known = table[table["estimate"] == SMALL].dropna()
    shares = [f"{row.level} {100 * row.within_twice:.1f} %" for row in known.itertuples()]
    return ", ".join(shares) or "unknown, no estimates"


def _doubt_sentence(table):
    """How many variants with and without a minimum are marked as in doubt."""
    if table is None:
        return "unknown, no second derivatives"
    counts = table.set_index(["kind", "estimate"])
    texts = [
        f"{counts.loc[(kind, ALL), 'in_doubt']:,} of {counts.loc[(kind, ALL), 'variants']:,} "
        f"that were {kind} ({counts.loc[(kind, SMALL), 'in_doubt']:,} of "
        f"{counts.loc[(kind, SMALL), 'variants']:,} with an estimate below 10 meV)"
        for kind in ("not relaxed", "relaxed")
    ]
    return " and ".join(texts)


def _check_sentence(results):
    check = results.check
    differences = [
        f"{largest(check, column):.1e}{SYMBOLS[units]}"
        for column, (_, units) in checked(results).items()
    ]
    return (
        f"{len(check)} variants relaxed again by plain LAMMPS from shaken atoms: "
        f"{_listed(verdicts(check))}; largest differences where they agree "
        f"{' and '.join(differences)}"
    )


def _listed(counts):
    """'3 elastically unstable, 12 beyond ...' of the counts that are not zero."""
    words = [
        f"{count:,} {STATUS_WORDS.get(status, status.replace('_', ' '))}"
        for status, count in counts.items()
        if count
    ]
    return ", ".join(words) or "none"


def _errors(windows):
    """|Error| in each window at each level: 'At λ = 1 (100 variants): h+ih mean 0.405, ...'."""
    texts = []
    for window, rows in windows.groupby("window", sort=False):
        levels = "; ".join(_statistics(row) for row in rows.to_dict("records") if row["variants"])
        where = WINDOW_WORDS[window].capitalize()
        count = rows["variants"].max()
        texts.append(f"{where} ({count:,} variants): {levels}" if levels else f"{where}: none")
    return ". ".join(texts)


def _statistics(row):
    """'h+ih mean 0.405, median 0.12, 95th percentile 1.9, maximum 2.73 meV'."""
    scale, units = _readable(row["mean_abs_error"], row["units"])
    known = {name: row[column] for column, name in STATISTICS.items() if not np.isnan(row[column])}
    listed = ", ".join(f"{name} {three_digits(value * scale)}" for name, value in known.items())
    return f"{row['level']} {listed}{units}"


def _drawn(row):
    """Mean and spread of the draws, with no more digits than they have."""
    if row.number < 2:
        return "unknown, fewer than two draws"
    digits = decimals(row.mean_error)
    shown = _plus_minus(row) + f" (Monte Carlo error {row.mean_error:.1g}{SYMBOLS[row.units]}"
    if np.isfinite(row.interval_95_low):
        low, high = (f"{end:.{digits}f}" for end in (row.interval_95_low, row.interval_95_high))
        shown += f"; 95 % interval {low} to {high}{SYMBOLS[row.units]}"
    shown += f"; to first order ± {row.standard_deviation_linear:.{digits}f}{SYMBOLS[row.units]})"
    return shown


def _relaxed(true, drawn):
    """The relaxed samples, and how far their mean is from that of the draws."""
    if not true.number:
        return "no relaxed sample at λ = 1"
    units = SYMBOLS[true.units]
    if true.number == 1:
        return f"{true.mean:.4g}{units} for the one relaxed sample"
    error = np.hypot(true.mean_error, drawn.mean_error)
    apart = f", {abs(true.mean - drawn.mean) / error:.1f} standard errors away" if error else ""
    return (
        f"the {true.number:,} relaxed samples {_plus_minus(true)} "
        f"(error {true.mean_error:.1g}{units}){apart}"
    )


def _same(row):
    """How far predictions are from the truth of the same samples, if known, a list."""
    if not np.isfinite(row.less_truth):
        return []
    scale, units = _readable(abs(row.less_truth), row.units)
    return [
        f"on these samples {row.source} differs from the truth by "
        f"{row.less_truth * scale:+.2g}{units} on average"
    ]


def _plus_minus(row):
    digits = decimals(row.mean_error)
    return f"{row.mean:.{digits}f} ± {row.standard_deviation:.{digits}f}{SYMBOLS[row.units]}"


def _readable(largest, units):
    """Factor and unit that make a number easy to read."""
    if units == "eV" and largest < 0.5:
        return 1e3, " meV"
    if units == "Angstrom":
        return 1e3, " mÅ"
    return 1.0, SYMBOLS[units]
