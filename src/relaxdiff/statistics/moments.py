"""Means and spreads over the posterior, with what is left to chance of them.

The posterior itself is lambda = 1. Draws give its moments; the relaxed samples are the check. Of n
values with standard deviation s and fourth central moment m the mean has the standard error
s / sqrt(n), and s has sqrt((m - s^4) / n) / (2 s), whatever their distribution.
"""

import numpy as np
import pandas as pd
import xarray as xr

ENOUGH = 1000  # values, for ends of a 95 % interval: 25 beyond each
NAMED = 3  # principal directions that tables name for each quantity
# The columns of `posterior_table` that are in the units of the quantity.
SPREADS = [
    "mean",
    "mean_error",
    "standard_deviation",
    "standard_deviation_error",
    "standard_deviation_linear",
    "interval_95_low",
    "interval_95_high",
    "less_truth",
]


def moments(values):
    """Number of values that are not NaN, mean, standard deviation, their standard errors, a dict.

    With the ends of the central 95 % as `interval_95_low` and `interval_95_high`. NaN where there
    are too few values: fewer than two, and ENOUGH for the interval.
    """
    values = values[np.isfinite(values)]
    number = len(values)
    found = {"number": number} | dict.fromkeys(SPREADS[:-1], np.nan)
    if number:
        found["mean"] = values.mean()
    if number > 1:
        spread, away = values.std(ddof=1), values - values.mean()
        fourth = (away**4).mean()
        noise = np.sqrt(max(fourth - spread**4, 0) / number)
        found["standard_deviation"], found["mean_error"] = spread, spread / np.sqrt(number)
        found["standard_deviation_error"] = noise / (2 * spread) if spread else 0.0
    if number >= ENOUGH:
        ends = np.percentile(values, [2.5, 97.5])
        found["interval_95_low"], found["interval_95_high"] = ends
    return found


def decimals(error, most=9):
    """How many decimals a number with this standard error is given with."""
    if not (np.isfinite(error) and error > 0):
        return 4
    return int(np.clip(-np.floor(np.log10(error)), 0, most))


def unstable_draws(draws):
    """How many of a Dataset of `predict_draws` have no values, being unstable."""
    first = draws["formation_energy"].isel(level=0)  # predicted of all draws
    return int(first.isnull().sum())


def posterior_values(predictions, truth=None):
    """E_f and V_f of the posterior samples themselves, the variants at lambda = 1.

    Returns a Dataset over (source, sample): each level and, last, 'truth' if given. Samples that
    are unstable, or were not relaxed, are left out of all sources alike; none are left when
    lambda = 1 is not on the grid.
    """
    names = ["formation_energy", "formation_volume"]
    values = _at_one(predictions)[names].rename(level="source")
    if truth is not None:
        true = _at_one(truth.where(truth["status"] == "converged"))[names]
        values = xr.concat([values, true.expand_dims(source=["truth"])], "source", join="exact")
    return values.dropna("sample").drop_vars("lambda")


def _at_one(dataset):
    """The variants at lambda = 1; no sample at all if there are none."""
    close = np.isclose(dataset["lambda"].values, 1, rtol=0, atol=1e-9)
    if close.any():
        return dataset.isel({"lambda": int(np.argmax(close))})
    return dataset.isel({"lambda": 0, "sample": slice(0)})


def posterior_table(draws, predictions, truth=None):
    """Means and spreads of E_f and V_f over the posterior (a DataFrame).

    draws: of `predict_draws`; predictions: at all levels; truth: all variants relaxed, or None. One
    row per quantity, source (a level or 'truth') and `values_of` ('draws' or 'samples', those at
    lambda = 1 of `posterior_values`), with the columns of `moments`; of draws also the standard
    deviation to first order and the NAMED principal directions that carry most of it, with their
    shares; of samples predicted at a level `less_truth`, the mean of predicted minus true.
    """
    samples = posterior_values(predictions, truth)
    rows = []
    for quantity in samples:
        key = {"quantity": quantity, "units": predictions[quantity].attrs["units"]}
        for level in draws["level"].values if quantity in draws else ():
            values = draws[quantity].sel(level=level).values
            spread = draws["standard_deviation_linear"].sel(quantity=quantity)
            row = key | {"source": str(level), "values_of": "draws"} | moments(values)
            row["standard_deviation_linear"] = float(spread)
            rows.append(row | leading(draws["variance_share"].sel(quantity=quantity).values))
        for source in samples["source"].values:
            values = samples[quantity].sel(source=source).values
            row = key | {"source": str(source), "values_of": "samples"} | moments(values)
            if truth is not None and source != "truth" and len(values):
                row["less_truth"] = (values - samples[quantity].sel(source="truth").values).mean()
            rows.append(row)
    columns = ["quantity", "units", "source", "values_of", "number", *SPREADS, *leading([])]
    return pd.DataFrame(rows, columns=columns)


def leading(shares):
    """The NAMED directions (1: that of largest variance) with the largest shares, a dict."""
    shares = np.pad(np.asarray(shares, dtype=float), (0, NAMED), constant_values=np.nan)
    order = np.argsort(-shares)[:NAMED]
    found = {}
    for place, index in enumerate(order, start=1):
        known = np.isfinite(shares[index])
        found[f"direction_{place}"] = index + 1 if known else np.nan
        found[f"share_{place}"] = shares[index]
    return found
