"""Errors of predictions against truth, variant by variant and as tables.

A variant counts when its relaxation converged. All others are left out of the statistics, and each
table says how many.
"""

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.derivative import H_IH, IH, LEVELS
from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior import deviations
from relaxdiff.predictions import predicted_coordinates

# Errors are summarised over |lambda| up to each of these, and over all. 1 is the posterior itself.
WINDOWS = (1.0, 6.0)
# Powers of |lambda| that errors grow with near lambda = 0.
_ENERGY = {level.name: level.energy_order for level in LEVELS if level.energy_order}
_STRUCTURE = {level.name: level.structure_order for level in LEVELS if level.structure_order}
EXPECTED_SLOPES = {
    "formation_energy": _ENERGY,
    "formation_volume": _STRUCTURE,
    "strain": _STRUCTURE,
    "positions": _STRUCTURE,
}
# Slopes are measured up to this |lambda|: further out the next order shows.
SLOPE_RANGE = 2.0
# What truth resolves, relaxed to 1e-6 eV/Angstrom: smaller mean errors are left out of slopes, and
# no smaller error counts against an estimate.
RESOLUTION = {
    "formation_energy": 1e-11,
    "formation_volume": 1e-6,
    "strain": 1e-9,
    "positions": 1e-8,
}
SMALL_ESTIMATE = 0.01  # eV; a column of the table of calibration is named after it


def all_levels(predictions, evaluations=None):
    """Predictions at all levels, those that were evaluated last: one Dataset.

    Raises InputError when the two Datasets are not of the same variants.
    """
    if evaluations is None:
        return predictions
    common = [name for name in predictions if name in evaluations]
    try:
        return xr.concat([predictions[common], evaluations[common]], "level", join="exact")
    except ValueError:
        raise InputError("predictions and evaluations are not of the same variants") from None


def prediction_errors(predictions, truth, derivative, posterior, evaluations=None):
    """Prediction minus truth of every variant.

    predictions, truth, derivative, posterior and, if there are any, evaluations: the Datasets of
    those names. Returns a Dataset over (level, sample, lambda), NaN where the variant was not
    relaxed: `formation_energy` (eV); where the cell relaxes, `formation_volume` (Angstrom^3) and
    `strain` (1: root mean square over the principal strains of the error); `positions` (Angstrom:
    root mean square over atoms of the error in scaled positions); predictions' own `error_estimate`
    (eV); and truth's `status` (sample, lambda). Raises InputError when they are not of the same
    variants.
    """
    predictions = all_levels(predictions, evaluations)
    try:
        predictions, truth = xr.align(predictions, truth, join="exact")
    except ValueError:
        raise InputError("predictions and truth are not of the same samples and lambdas") from None
    over = ("level", "sample", "lambda")
    levels = predictions["level"].values
    true = truth.where(truth["status"] == "converged")
    basis = derivative["strain_basis"].values
    errors = {
        name: variable(
            over,
            (predictions[name] - true[name]).transpose(*over).values,
            predictions[name].attrs["units"],
            f"error of the {predictions[name].attrs['long_name']}",
        )
        for name in ("formation_energy", *(["formation_volume"] if len(basis) else []))
    }
    delta, _ = deviations(posterior)
    modes = truth["mode_displacements"].values
    places = predicted_coordinates(derivative, modes, delta, truth["lambda"].values)
    if evaluations is not None:
        found = evaluations["coordinates"].transpose(*over, "mode")
        places |= dict(zip(found["level"].values, found.values, strict=True))
    apart = np.array([places[level] for level in levels]) - true["coordinates"].values
    n_modes = apart.shape[-1] - len(basis)
    rms = np.sqrt((apart[..., :n_modes] ** 2).sum(axis=-1) / derivative.attrs["n_atoms"])
    if len(basis):
        strain = np.linalg.norm(np.tensordot(apart[..., n_modes:], basis, axes=1), axis=(-2, -1))
        errors["strain"] = variable(
            over, strain / np.sqrt(3), "1", "root-mean-square error of principal strains"
        )
    errors["positions"] = variable(
        over, rms, "Angstrom", "root-mean-square error of predicted positions"
    )
    errors["error_estimate"] = predictions["error_estimate"].transpose(*over).variable
    return xr.Dataset(
        errors | {"status": truth["status"].variable},
        coords={
            "level": levels,
            "sample": truth["sample"].values,
            "lambda": truth["lambda"].values,
        },
    )


def error_table(errors):
    """Statistics of |error| over samples, one row per quantity, level and lambda (a DataFrame).

    Columns: quantity, units, level, lambda; `variants` in the statistics, and the numbers left out
    as `bulk_unstable` and `not_relaxed`; mean, median, 16th and 84th percentile and maximum of
    |error|, NaN where no variant is left.
    """
    table = _statistics(_long(errors), ["quantity", "units", "level", "lambda"])
    status = errors["status"].values
    left_out = pd.DataFrame(
        {
            "bulk_unstable": (status == "bulk_unstable").sum(axis=0),
            "not_relaxed": ((status != "bulk_unstable") & (status != "converged")).sum(axis=0),
        },
        index=errors["lambda"].values,
    )
    for place, name in enumerate(left_out, start=5):
        table.insert(place, name, left_out.loc[table["lambda"], name].values)
    return table


def window_table(errors):
    """The same statistics over all variants with |lambda| <= `lambda_up_to` (a DataFrame).

    lambda = 0 counts like any other, though its error vanishes. The last window is the whole grid.
    """
    frame = _long(errors)
    distance = frame["lambda"].abs()
    nearest, reach = distance[distance > 0].min(), distance.max()
    parts = []
    for window in [*(w for w in WINDOWS if nearest <= w < reach), reach]:
        inside = frame[distance <= window].assign(lambda_up_to=window)
        parts.append(_statistics(inside, ["quantity", "units", "level", "lambda_up_to"]))
    return pd.concat(parts, ignore_index=True)


def error_slopes(table, up_to=SLOPE_RANGE):
    """Log-log slope of the mean |error| against |lambda|, 0 < |lambda| <= up_to (a DataFrame).

    table: of `error_table`. Columns: quantity, level, slope, expected_slope; the slope is NaN when
    fewer than two distances have a mean error that truth resolves.
    """
    distance = table["lambda"].abs()
    resolved = table["mean_abs_error"] > table["quantity"].map(RESOLUTION)
    usable = table[(distance > 0) & (distance <= up_to) & resolved]
    rows = []
    for quantity in table["quantity"].unique():
        expected = _expected_slopes(table[table["quantity"] == quantity])
        for level in table["level"].unique():
            here = usable[(usable["quantity"] == quantity) & (usable["level"] == level)]
            slope = np.nan
            if here["lambda"].abs().nunique() > 1:
                logs = np.log(here["lambda"].abs()), np.log(here["mean_abs_error"])
                slope = np.polyfit(*logs, 1)[0]
            rows.append((quantity, level, slope, expected[level]))
    return pd.DataFrame(rows, columns=["quantity", "level", "slope", "expected_slope"])


def _expected_slopes(table):
    """Those of one quantity, by level: in a fixed cell ih is h+ih, and has its order."""
    expected = dict(EXPECTED_SLOPES[table["quantity"].iloc[0]])
    by_level = {level: rows["mean_abs_error"].values for level, rows in table.groupby("level")}
    if np.array_equal(by_level.get(IH.name), by_level.get(H_IH.name), equal_nan=True):
        expected[IH.name] = expected[H_IH.name]
    return expected


def calibration_table(errors):
    """How often the error of E_f is within twice its estimate, a row for each level (a DataFrame).

    errors: of `prediction_errors`; variants without an estimate do not count. Columns: level;
    `variants`, and the fraction `within_twice` of them; the same of variants whose estimate is
    `below_10_meV`. Errors that truth does not resolve are within.
    """
    rows = []
    for level in errors["level"].values:
        here = errors.sel(level=level)
        size = np.abs(here["formation_energy"].values)
        estimate = here["error_estimate"].values
        known = np.isfinite(size) & np.isfinite(estimate)
        within = (size <= 2 * estimate + RESOLUTION["formation_energy"])[known]
        small = (estimate < SMALL_ESTIMATE)[known]
        fractions = (each.mean() if each.size else np.nan for each in (within, within[small]))
        all_of_them, below = fractions
        rows.append((str(level), known.sum(), all_of_them, small.sum(), below))
    columns = ["level", "variants", "within_twice"]
    return pd.DataFrame(
        rows, columns=[*columns, "variants_below_10_meV", "within_twice_below_10_meV"]
    )


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


def _long(errors):
    """|error| of every variant, one row each: quantity, units, level, lambda, abs_error."""
    parts = []
    for quantity in (name for name in EXPECTED_SLOPES if name in errors):
        part = np.abs(errors[quantity]).rename("abs_error").to_dataframe().reset_index()
        units = errors[quantity].attrs["units"]
        parts.append(part.drop(columns="sample").assign(quantity=quantity, units=units))
    return pd.concat(parts, ignore_index=True)


def _statistics(frame, keys):
    """Statistics of the column abs_error in each group of rows, NaN rows not counted."""
    grouped = frame.groupby(keys, sort=False)["abs_error"]
    return pd.DataFrame(
        {
            "variants": grouped.count(),
            "mean_abs_error": grouped.mean(),
            "median_abs_error": grouped.median(),
            "abs_error_percentile_16": grouped.quantile(0.16),
            "abs_error_percentile_84": grouped.quantile(0.84),
            "max_abs_error": grouped.max(),
        }
    ).reset_index()
