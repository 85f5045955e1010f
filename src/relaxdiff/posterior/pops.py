"""A SNAP potential fitted to training data, and how uncertain its misfit leaves the parameters.

The fit is a Bayesian ridge; the uncertainty is that of POPS (pointwise optimal parameter sets) for
a model that cannot be exact: Swinburne & Perez, Mach. Learn.: Sci. Technol. 6, 015008 (2025).
"""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.linalg import eigh

from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior.configurations import QUANTITIES
from relaxdiff.posterior.coverage import NOMINAL_COVERAGES, coverage
from relaxdiff.posterior.design import held_out, shift_columns, tells
from relaxdiff.posterior.distribution import draw_from_hypercube, start_posterior
from relaxdiff.posterior.fit_quality import fit_quality
from relaxdiff.potentials.snap import SnapPotential, baseline_from, hyperparameters_from

# Draws that coverage is measured with. A place in their distribution is known to 1 % from so many.
COVERAGE_DRAWS = 1000


def fit_posterior(designs, weights, held_out_fraction, seed, pops, name="fit"):
    """Fit a SNAP potential, and the distribution of parameters that its misfit leaves open.

    designs: list of Datasets from `build_design`, one per group; weights: from `read_weights`;
    held_out_fraction: share of each group's configurations kept out of the fit, to measure errors
    and coverage; seed: of that choice and of the draws that measure coverage; pops: dict of
    leverage_percentile, percentile_clipping (percent) and mode_threshold.

    The mean is the Bayesian ridge regression of rows times weights. The distribution is the POPS
    hypercube (Swinburne & Perez, Mach. Learn.: Sci. Technol. 6, 015008 (2025)): a box around the
    changes of the parameters that make single rows exact (see `pointwise_changes`), in their
    principal axes. Nothing in the fit is random but the choice of what is held out.

    The mean of the Dataset is that of the fit without the held-out configurations: the errors and
    coverages in the file are those of the very parameters in the file.
    Returns a Dataset without draws. Raises InputError when there are too few rows.
    """
    # Imported here: all later stages read posteriors, and need no scikit-learn for it.
    from sklearn.linear_model import BayesianRidge

    designs = sorted(designs, key=lambda design: design.attrs["group"])
    missing = {design.attrs["group"] for design in designs} ^ set(weights)
    if missing:
        raise InputError(f"no design or no weights for the groups {', '.join(sorted(missing))}")
    _need_all_elements(designs)
    held = [held_out(design, held_out_fraction, seed) for design in designs]
    rows, targets = _training_rows(designs, weights, held)
    if len(targets) < rows.shape[1]:
        raise InputError(
            f"the training data give {len(targets)} rows of non-zero weight, "
            f"{rows.shape[1]} parameters need more"
        )
    ridge = BayesianRidge(fit_intercept=False).fit(rows, targets)
    changes = pointwise_changes(rows, targets, ridge, pops["leverage_percentile"])
    directions, bounds = fit_hypercube(changes, pops["percentile_clipping"], pops["mode_threshold"])
    attributes = designs[0].attrs
    shifts = shift_columns(designs[0])
    potential = SnapPotential(
        hyperparameters=hyperparameters_from(attributes),
        theta=ridge.coef_[~shifts],
        energy_shift=ridge.coef_[shifts],
        baseline=baseline_from(attributes),
        name=name,
    )
    moment = _second_moment(directions, bounds)
    dataset = start_posterior(potential, moment[np.ix_(~shifts, ~shifts)])
    by_element = dataset["energy_shift_mean"].dims
    dataset = dataset.assign(
        hypercube_directions=variable(
            ("direction", "parameter"),
            directions[:, ~shifts],
            "1",
            "principal axes of the POPS hypercube of deviations from the mean",
        ),
        hypercube_energy_shift=variable(
            ("direction", *by_element),
            directions[:, shifts].reshape(len(directions), *dataset["energy_shift_mean"].shape),
            "1",
            "energy shift's component of the principal axes",
        ),
        hypercube_bounds=variable(
            ("direction", "bound"), bounds.T, "eV", "bounds of the POPS hypercube along its axes"
        ),
    )
    dataset = dataset.assign_coords(bound=["low", "high"])
    draws = draw_from_hypercube(directions, bounds, COVERAGE_DRAWS, seed)
    dataset = dataset.merge(_errors(designs, weights, held, ridge.coef_, draws))
    dataset = dataset.merge(fit_quality(designs, weights, held, ridge.coef_))
    return dataset.assign_attrs(
        training_seed=seed,
        held_out_fraction=held_out_fraction,
        **{f"pops_{key}": value for key, value in pops.items()},
        pops_rows=len(changes),
        ridge_noise_precision=float(ridge.alpha_),
        ridge_weight_precision=float(ridge.lambda_),
    )


def _need_all_elements(designs):
    """InputError for an element that no configuration holds: nothing fits its coefficients."""
    elements = hyperparameters_from(designs[0].attrs).elements
    columns = np.flatnonzero(shift_columns(designs[0]))
    for element, column in zip(elements, columns, strict=True):
        if not any(design["energy_design"].values[:, column].any() for design in designs):
            raise InputError(
                f"posterior.training.element: no configuration of the training data holds {element}"
            )


def _training_rows(designs, weights, held):
    """Weighted rows (n, P + 1) and targets (n,) of all that is not held out."""
    rows, targets = [], []
    for design, out in zip(designs, held, strict=True):
        for quantity, weight in weights[design.attrs["group"]].items():
            block, target, owner = _block(design, quantity)
            chosen = ~out[owner] & tells(block)
            if weight > 0:
                rows.append(weight * block[chosen])
                targets.append(weight * target[chosen])
    if not rows:
        raise InputError("every weight in the table of group weights is zero")
    return np.concatenate(rows), np.concatenate(targets)


def _block(design, quantity):
    names = (f"{quantity}_design", f"{quantity}_target", f"{quantity}_configuration")
    return tuple(design[name].values for name in names)


def pointwise_changes(rows, targets, ridge, leverage_percentile):
    """For each row of enough leverage, the smallest change of the parameters that makes it exact.

    rows: shape (n, P), and targets (n,); ridge: the BayesianRidge fitted to them;
    leverage_percentile: rows of less leverage than this percentile of all are left out. They hardly
    take part in the fit, ask for large changes and say little about them.

    With M, the inverse of rows^T rows and the ridge's own term, in whose inverse changes are
    measured, a row x of the residual r has the leverage h = x^T M x and gives M x r / h. Returns
    shape (rows chosen, P). Source: Swinburne & Perez (2025); the choice is that of popsregression
    0.4. Later versions choose by residual, which here gives another, far wider distribution
    (docs/own_training_data.md).
    """
    changes = rows @ (ridge.alpha_ * ridge.sigma_)
    leverage = np.sum(changes * rows, axis=1)
    chosen = leverage >= np.percentile(leverage, leverage_percentile)
    residual = targets - rows @ ridge.coef_
    # Rounding may leave no leverage to a row that had next to none: it gives no change.
    changes *= (residual / np.where(leverage > 0, leverage, np.inf))[:, None]
    return changes[chosen]


def fit_hypercube(changes, percentile_clipping, mode_threshold):
    """The box around pointwise parameter changes, in their principal axes.

    changes: shape (n, P); percentile_clipping: percent of the changes cut from each end of each
    axis; axes whose second moment is below mode_threshold times the largest are left out.
    Returns directions, shape (d, P), orthonormal, and bounds, shape (2, d). Source: Swinburne &
    Perez (2025), as in popsregression 0.4, which draws from it with numpy's global generator.
    """
    moments, axes = eigh(changes.T @ changes)
    axes = axes[:, moments > mode_threshold * moments.max()]
    # The sign of an eigenvector is arbitrary; without a rule, rounding would decide the draws.
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
    clip = [percentile_clipping, 100 - percentile_clipping]
    return axes.T, np.percentile(changes @ axes, clip, axis=0)


def _second_moment(directions, bounds):
    """Exact second moment about the origin of the uniform distribution in the box, (P, P)."""
    low, high = bounds
    centre = ((low + high) / 2) @ directions
    return (directions.T * ((high - low) ** 2 / 12)) @ directions + np.outer(centre, centre)


def _errors(designs, weights, held, coefficients, shifts):
    """Errors of the mean and coverage by the draws, for every group and quantity."""
    shape = (len(designs), len(QUANTITIES))
    errors = {
        f"{part}_{kind}": np.full(shape, np.nan)
        for part in ("training", "held_out")
        for kind in ("rmse", "mae")
    }
    shares = np.full((2, *shape, len(NOMINAL_COVERAGES)), np.nan)
    row_weights = np.zeros(shape)
    for g, (design, out) in enumerate(zip(designs, held, strict=True)):
        for q, quantity in enumerate(QUANTITIES):
            row_weights[g, q] = weights[design.attrs["group"]][quantity]
            block, target, owner = _block(design, quantity)
            residual = target - block @ coefficients
            for part, chosen in (("training", ~out[owner]), ("held_out", out[owner])):
                if chosen.any():
                    errors[f"{part}_rmse"][g, q] = np.sqrt(np.mean(residual[chosen] ** 2))
                    errors[f"{part}_mae"][g, q] = np.mean(np.abs(residual[chosen]))
            chosen = out[owner] & tells(block)
            if chosen.any():
                of_chosen = (each[chosen] for each in (block, residual, owner))
                shares[:, g, q] = coverage(*of_chosen, shifts)
    units = "; ".join(QUANTITIES.values())
    words = {"rmse": "root mean square error", "mae": "mean absolute error"}
    by_group = ("group", "quantity")
    variables = {
        name: variable(
            by_group, values, units, f"{name.rsplit('_', 1)[0]} {words[name.rsplit('_', 1)[1]]}"
        )
        for name, values in errors.items()
    }
    variables["held_out_coverage"] = variable(
        ("group", "quantity", "nominal"),
        shares[0],
        "1",
        "share of held-out DFT values inside the central interval of the draws",
        draws=COVERAGE_DRAWS,
    )
    variables["held_out_coverage_error"] = variable(
        ("group", "quantity", "nominal"),
        shares[1],
        "1",
        "standard error of that share, from its spread between configurations",
    )
    variables["row_weight"] = variable(by_group, row_weights, "1", "weight of the rows of the fit")
    variables["n_configurations"] = variable(
        "group", [out.size for out in held], "1", "number of configurations"
    )
    variables["n_held_out"] = variable(
        "group", [int(out.sum()) for out in held], "1", "number of configurations held out"
    )
    return xr.Dataset(
        variables,
        coords={
            "group": [design.attrs["group"] for design in designs],
            "quantity": list(QUANTITIES),
            "nominal": list(NOMINAL_COVERAGES),
        },
    )


def error_table(posterior):
    """Errors and held-out coverage of a fit by group, a DataFrame."""
    columns = {"configurations": posterior["n_configurations"], "held_out": posterior["n_held_out"]}
    for quantity, units in QUANTITIES.items():
        of = posterior.sel(quantity=quantity)
        columns[f"{quantity}_training_rmse ({units})"] = of["training_rmse"]
        columns[f"{quantity}_held_out_rmse ({units})"] = of["held_out_rmse"]
        columns[f"{quantity}_coverage_90%"] = of["held_out_coverage"].sel(nominal=0.9)
        columns[f"{quantity}_coverage_95%"] = of["held_out_coverage"].sel(nominal=0.95)
    index = pd.Index(posterior["group"].values, name="group")
    return pd.DataFrame({name: column.values for name, column in columns.items()}, index=index)
