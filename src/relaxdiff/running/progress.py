"""What a run tells of itself: how far its long jobs are, and at its end what came of it."""

import os
import time

import pandas as pd

PATIENCE = 5.0  # seconds between two lines of progress of one job on the terminal
PROGRESS = {"progress": True}  # marks such lines, as `extra` of a logging call


class Progress:
    """Called with a line of text for each finished item, it logs the line and how far the job is.

    log: a Logger; total: the number of items, `what` they are; clock: seconds, for tests. The time
    left is what the items so far took on average; those that an earlier job had finished, which are
    told with found=True, took none.
    """

    def __init__(self, log, total, what="samples", clock=time.monotonic):
        self.log, self.total, self.what, self.clock = log, total, what, clock
        self.done = 0
        self.started = clock()
        self.found = 0
        log.info("%d %s to do", total, what)

    def __call__(self, line, found=False):
        self.done += 1
        self.found += found
        self.log.info("%s; %s", line, self.standing(), extra=PROGRESS)

    def standing(self):
        """'3 of 5 samples, 12 s, about 8 s left'."""
        spent = self.clock() - self.started
        words = f"{self.done} of {self.total} {self.what}, {duration(spent)}"
        left, worked = self.total - self.done, self.done - self.found
        if left and worked:
            words += f", about {duration(left * spent / worked)} left"
        return words


class TerminalFilter:
    """A logging filter: lines of progress now and then only, and in continuous integration none."""

    def __init__(self, patience=PATIENCE, clock=time.monotonic):
        self.patience, self.clock = patience, clock
        self.silent = os.environ.get("CI", "").lower() not in ("", "0", "false")
        self.last = clock()

    def filter(self, line):
        if not getattr(line, "progress", False):
            return True
        if self.silent or self.clock() - self.last < self.patience:
            return False
        self.last = self.clock()
        return True


def duration(seconds):
    """'48 s', '3 min 20 s', '2 h 05 min'."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def closing_table(results):
    """What came of a study, lines of text: a row for each structure.

    results: dict: name of the structure -> dict of DataFrames, its `summary.csv` and, where there
    is a truth, `errors_by_window.csv` and `truth_check.csv`, called "summary", "windows" and
    "check". Kept are variants with a stable crystal, cut all others; the error is that of the best
    level.
    """
    outcomes = [_outcome(name, **tables) for name, tables in results.items()]
    # As text: a structure without a truth has no numbers there.
    rows = pd.DataFrame(outcomes, dtype=object)
    rows = rows.where(rows.notna(), "-")
    cells = [list(rows), *rows.astype(str).values.tolist()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.rjust, line, widths)) for line in cells]


def _outcome(name, summary, windows=None, check=None):
    """A row of the closing table, a dict."""
    counted = {part: rows.set_index("item")["value"] for part, rows in summary.groupby("topic")}
    variants, kept = int(counted["study"]["variants"]), int(counted["crystal"]["stable"])
    row = {"structure": name, "variants": variants, "kept": kept, "cut": variants - kept}
    if "truth" in counted:
        relaxed = int(counted["truth"]["converged"])
        row |= {"relaxed": relaxed, "not relaxed": kept - relaxed}
        if windows is not None:
            row["mean |error| of E_f"] = _best_error(windows)
        if check is not None:
            row["truth check"] = _verdict(check)
    return row


def _best_error(windows):
    """Of the best level over all variants: '0.009 meV (newton@x)'."""
    errors = windows[windows["quantity"] == "formation_energy"].dropna(subset="mean_abs_error")
    if errors.empty:
        return "none"
    widest = errors[errors["lambda_up_to"] == errors["lambda_up_to"].max()]
    best = widest.sort_values("mean_abs_error").iloc[0]
    return f"{1000 * best['mean_abs_error']:.2g} meV ({best['level']})"


def _verdict(check):
    """'200 agrees', or all verdicts."""
    counts = check["verdict"].value_counts()
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "none"
