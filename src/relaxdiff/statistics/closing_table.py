"""What came of a study, as lines for the terminal."""

import pandas as pd

from relaxdiff.statistics.errors import POSTERIOR, quoted
from relaxdiff.statistics.summary import STATISTICS, three_digits

FOOTNOTE = "Size of the error of E_f in meV, of relaxed variants only: of all others it is unknown."
NEGATIVE = "E_f < 0: unstable against the structure; see negative_formation_energies.csv."
QUOTED_LEVELS = 2  # the best ones: as a rule that without and that with an evaluation


def closing_table(results):
    """What came of a study, lines of at most 100 characters: a row for each structure, then errors.

    results: dict: name of the structure -> dict of DataFrames, its `summary.csv` and, where there
    is a truth, `errors_by_window.csv` and `truth_check.csv`, called "summary", "windows" and
    "check". Kept are variants with a stable crystal, cut all others. Errors are those of E_f at the
    best levels, at lambda = 1 (the posterior itself) and over the whole grid.
    """
    outcomes = [_outcome(name, **tables) for name, tables in results.items()]
    # A column for structures of which it is not zero.
    negative = {row["structure"]: said for row in outcomes if (said := row.pop("E_f < 0"))}
    if negative:
        for row in outcomes:
            row["E_f < 0"] = negative.get(row["structure"], "0")
    lines = _aligned(outcomes)
    errors = [row for name, tables in results.items() for row in _errors(name, **tables)]
    if negative:
        lines += [NEGATIVE]
    if errors:
        lines += ["", *_aligned(errors), FOOTNOTE]
    return lines


def _aligned(rows):
    """A list of dicts as lines of text below a header."""
    # As text: a structure without a truth has no numbers there.
    table = pd.DataFrame(rows, dtype=object)
    table = table.where(table.notna(), "-")
    cells = [list(table), *table.astype(str).values.tolist()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.rjust, line, widths)) for line in cells]


def _outcome(name, summary, windows=None, check=None):
    """A row of the first table, a dict."""
    counted = {part: rows.set_index("item")["value"] for part, rows in summary.groupby("topic")}
    variants, kept = int(counted["study"]["variants"]), int(counted["crystal"]["stable"])
    row = {"structure": name, "variants": variants, "kept": kept, "cut": variants - kept}
    if "truth" in counted:
        relaxed = int(counted["truth"]["converged"])
        row |= {"relaxed": relaxed, "not relaxed": kept - relaxed}
        if check is not None:
            row["truth check"] = _verdict(check)
    return row | {"E_f < 0": _negative(counted.get("formation energy below zero", {}))}


def _negative(counts):
    """'3, 351 predicted', or '' where there are none."""
    true, predicted = (int(counts.get(of, 0)) for of in ("true", "predicted"))
    told = [str(true)] if true else []
    return ", ".join([*told, *([f"{predicted} predicted"] if predicted else [])])


def _errors(name, summary, windows=None, check=None):
    """Rows of the second table, dicts; none without a truth, or of a file of an earlier version."""
    if windows is None or "window" not in windows or "truth" not in set(summary["topic"]):
        return []
    energy = quoted(windows[windows["quantity"] == "formation_energy"])
    levels = energy["level"].unique()[-QUOTED_LEVELS:]
    return [
        {
            "structure": name,
            "lambda": "1" if row["window"] == POSTERIOR else "all",
            "level": row["level"],
            "relaxed": row["variants"],
            "not relaxed": row["not_relaxed"],
        }
        | {
            said.replace("95th percentile", "95 %"): _in_meV(row[column])
            for column, said in STATISTICS.items()
        }
        for row in energy[energy["level"].isin(levels)].to_dict("records")
    ]


def _in_meV(error):
    """An error in eV as text, or None where it is not known."""
    return None if pd.isna(error) else three_digits(1000 * error)


def _verdict(check):
    """'200 agrees', or all verdicts."""
    counts = check["verdict"].value_counts()
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "none"
