"""Errors of predictions against truth, variant by variant and as tables.

A variant counts when its relaxation converged. All others are left out of the statistics, and each
table says how many. So every error is conditional: it is that of variants that have a truth, and
says nothing of those with a stable crystal that have none.
"""

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.derivative import (
    EVALUATION,
    H_IH,
    HESSIAN,
    IH,
    LEVELS,
    most_complete,
    names_of_levels,
)
from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior import deviations
from relaxdiff.predictions import predicted_coordinates

# Errors are summarised at lambda = 1, which is the posterior itself, over |lambda| up to each of
# these, and over the whole grid.
WINDOWS = (2.0, 4.0, 6.0, 10.0)
POSTERIOR, WHOLE_GRID = "lambda = 1", "all lambda"
ENOUGH_FOR_95 = 20  # variants: of fewer none need be beyond the 95th percentile
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
SLOPE_RANGE = 1.0
# What truth resolves, relaxed to 1e-6 eV/Angstrom: no smaller error counts against an estimate.
RESOLUTION = {
    "formation_energy": 1e-11,
    "formation_volume": 1e-6,
    "strain": 1e-9,
    "positions": 1e-8,
}
CLEAR = 10  # times that: smaller medians are left out of slopes


def all_levels(predictions, evaluations=None):
    """Predictions at all levels, those that were evaluated last: one Dataset.

    What predictions say of variants at no level in particular stays. Raises InputError when the two
    Datasets are not of the same variants.
    """
    if evaluations is None:
        return predictions
    of_levels = [name for name in predictions if "level" in predictions[name].dims]
    common = [name for name in of_levels if name in evaluations]
    try:
        joined = xr.concat([predictions[common], evaluations[common]], "level", join="exact")
    except ValueError:
        raise InputError("predictions and evaluations are not of the same variants") from None
    return joined.assign(predictions.drop_vars(of_levels).data_vars)


def prediction_errors(predictions, truth, derivative, posterior, evaluations=None):
    """Prediction minus truth of every variant.

    predictions, truth, derivative, posterior and, if there are any, evaluations: the Datasets of
    those names. Returns a Dataset over (level, sample, lambda), NaN where the variant was not
    relaxed: `formation_energy` (eV); where the cell relaxes, `formation_volume` (Angstrom^3) and
    `strain` (1: root mean square over the principal strains of the error); `positions` (Angstrom:
    root mean square over atoms of the error in scaled positions); predictions' own `error_estimate`
    (eV); over (sample, lambda) truth's `status` and, if predictions have it, `minimum_in_doubt`.
    Raises InputError when they are not of the same
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
    places = predicted_coordinates(predictions, derivative, modes, delta, truth["lambda"].values)
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
    if "minimum_in_doubt" in predictions:
        errors["minimum_in_doubt"] = predictions["minimum_in_doubt"].transpose(*over[1:]).variable
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
    as `bulk_unstable` and `not_relaxed`, which have a stable crystal but no truth; mean, median,
    16th, 84th and 95th percentile and maximum of |error|, NaN where no variant is left, the 95th
    percentile where fewer than ENOUGH_FOR_95 are.
    """
    table = _statistics(_long(errors), ["quantity", "units", "level", "lambda"])
    left_out = pd.DataFrame(
        _left_out(errors["status"].values, axis=0), index=errors["lambda"].values
    )
    for place, name in enumerate(left_out, start=5):
        table.insert(place, name, left_out.loc[table["lambda"], name].values)
    return table


def windows_of(lambdas):
    """The parts of the grid that errors are summarised over: name -> boolean array over lambdas.

    First the posterior itself, where lambda = 1 is on the grid; then |lambda| up to those of
    WINDOWS that are smaller than the grid; last the whole grid. None that hold lambda = 0 alone.
    """
    distance, tolerance = np.abs(lambdas), 1e-9
    found = {POSTERIOR: np.abs(lambdas - 1) <= tolerance}
    for up_to in (window for window in WINDOWS if window < distance.max() - tolerance):
        found[f"lambda -{up_to:g} to {up_to:g}"] = distance <= up_to + tolerance
    found[WHOLE_GRID] = np.full(len(lambdas), True)
    return {name: inside for name, inside in found.items() if lambdas[inside].any()}


def window_table(errors):
    """The statistics of `error_table` over each part of the grid in `windows_of` (a DataFrame).

    The column `window` names it. lambda = 0 counts like any other, though its error vanishes.
    """
    frame, lambdas = _long(errors), errors["lambda"].values
    parts = []
    for name, inside in windows_of(lambdas).items():
        here = frame[frame["lambda"].isin(lambdas[inside])].assign(window=name)
        part = _statistics(here, ["quantity", "units", "level", "window"])
        counts = _left_out(errors["status"].values[:, inside])
        for place, (reason, count) in enumerate(counts.items(), start=5):
            part.insert(place, reason, count)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def quoted(windows):
    """What summary, captions and closing table tell of a `window_table`: some of its rows.

    Those of the posterior itself and of the whole grid, at the best level of each cost: from the
    derivative, with the Hessian tensor, with an evaluation.
    """
    levels = windows["level"].unique()
    with_evaluation = set(names_of_levels(EVALUATION))
    beyond_derivative = with_evaluation | set(names_of_levels(HESSIAN))
    best = {
        most_complete([level for level in levels if level not in costlier])
        for costlier in (beyond_derivative, with_evaluation, set())
    }
    shown = windows["window"].isin([POSTERIOR, WHOLE_GRID])
    return windows[shown & windows["level"].isin(best)]


def error_slopes(table, up_to=SLOPE_RANGE):
    """Log-log slope of the median |error| against |lambda|, 0 < |lambda| <= up_to (a DataFrame).

    table: of `error_table`. Columns: quantity, level, slope, expected_slope; the slope is NaN when
    fewer than two distances have a median error well above what truth resolves, CLEAR times it.
    """
    distance = table["lambda"].abs()
    resolved = table["median_abs_error"] > CLEAR * table["quantity"].map(RESOLUTION)
    usable = table[(distance > 0) & (distance <= up_to) & resolved]
    rows = []
    for quantity in table["quantity"].unique():
        expected = _expected_slopes(table[table["quantity"] == quantity])
        for level in table["level"].unique():
            here = usable[(usable["quantity"] == quantity) & (usable["level"] == level)]
            slope = np.nan
            if here["lambda"].abs().nunique() > 1:
                logs = np.log(here["lambda"].abs()), np.log(here["median_abs_error"])
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


def _left_out(status, axis=None):
    """Numbers of variants that do not count, by reason, a dict; axis: to count along, or all."""
    unstable, relaxed = status == "bulk_unstable", status == "converged"
    return {
        "bulk_unstable": unstable.sum(axis=axis),
        "not_relaxed": (~unstable & ~relaxed).sum(axis=axis),
    }


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
            "abs_error_percentile_95": grouped.quantile(0.95).where(
                grouped.count() >= ENOUGH_FOR_95
            ),
            "max_abs_error": grouped.max(),
        }
    ).reset_index()
