"""How well predictions' own estimates of their errors hold, and the marks of lost minima."""

import numpy as np
import pandas as pd

from relaxdiff.derivative import most_complete
from relaxdiff.statistics.errors import RESOLUTION

# Rows of the table of calibration: of all estimates, of small ones (eV), and by decade.
SMALL_ESTIMATE = 0.01
ALL, SMALL, IN_DOUBT = "all", "below 10 meV", "minimum in doubt"
ESTIMATE_DECADES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
DECADE_NAMES = (
    "below 0.01 meV",
    "0.01 to 0.1 meV",
    "0.1 to 1 meV",
    "1 to 10 meV",
    "10 to 100 meV",
    "0.1 to 1 eV",
    "above 1 eV",
)


def calibration_table(errors):
    """How well the estimates of the error of E_f hold, rows for each level (a DataFrame).

    errors: of `prediction_errors`; variants without an estimate do not count. Columns: level;
    `estimate`, which estimates: 'all', 'below 10 meV', 'minimum in doubt' (whatever their size, if
    predictions say so), then each decade that has any; `variants`; the fractions `within_once` and
    `within_twice` whose |error| is no more than so many times the estimate; `largest_ratio` of
    |error| to estimate. What truth does not resolve is no error.
    """
    rows = []
    for level in errors["level"].values:
        here = errors.sel(level=level)
        estimate = here["error_estimate"].values
        size = np.abs(here["formation_energy"].values) - RESOLUTION["formation_energy"]
        known = np.isfinite(size) & np.isfinite(estimate)
        groups = {ALL: known, SMALL: estimate < SMALL_ESTIMATE}
        if "minimum_in_doubt" in errors:
            groups[IN_DOUBT] = errors["minimum_in_doubt"].values
        edges = [0.0, *ESTIMATE_DECADES, np.inf]
        for name, low, high in zip(DECADE_NAMES, edges, edges[1:], strict=False):
            inside = (estimate >= low) & (estimate < high)
            groups |= {name: inside} if (known & inside).any() else {}
        for name, group in groups.items():
            row = _calibration(size[known & group], estimate[known & group])
            rows.append((str(level), name, *row))
    columns = ["variants", "within_once", "within_twice", "largest_ratio"]
    return pd.DataFrame(rows, columns=["level", "estimate", *columns])


def _calibration(size, estimate):
    """Number, fractions within once and twice, and the largest ratio of errors to estimates."""
    if not size.size:
        return 0, np.nan, np.nan, np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(size <= 0, 0.0, size / estimate)
    return size.size, (size <= estimate).mean(), (size <= 2 * estimate).mean(), ratio.max()


def doubt_table(levels, truth):
    """How well `minimum_in_doubt` tells variants that have no truth (a DataFrame), or None.

    levels: Dataset of all levels; truth: the Dataset; None when predictions do not say whose
    minimum is in doubt. Rows: stable variants that were `relaxed` and those that were `not relaxed`
    (`kind`), for they have no minimum or lie beyond the end of their branch: all, and those for
    which the best level's `estimate` is below 10 meV. Columns: also `variants`, `in_doubt`.
    """
    if "minimum_in_doubt" not in levels:
        return None
    doubt = levels["minimum_in_doubt"].transpose("sample", "lambda").values
    best = levels.sel(level=most_complete(levels["level"].values))
    small = best["error_estimate"].transpose("sample", "lambda").values < SMALL_ESTIMATE
    status = truth["status"].transpose("sample", "lambda").values
    relaxed = status == "converged"
    rows = []
    for kind, group in (("relaxed", relaxed), ("not relaxed", ~relaxed)):
        group = group & (status != "bulk_unstable")
        for name, chosen in ((ALL, group), (SMALL, group & small)):
            rows.append((kind, name, int(chosen.sum()), int((chosen & doubt).sum())))
    return pd.DataFrame(rows, columns=["kind", "estimate", "variants", "in_doubt"])
