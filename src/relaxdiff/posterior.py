"""The posterior: a distribution of parameter sets of one SNAP potential, in one xarray Dataset.

Every posterior holds

* `theta_mean(parameter)` and `energy_shift_mean()`: the mean, eV;
* `theta_covariance(parameter, parameter_2)`: second moment of the draws about the mean, eV^2;
* attributes: name, every field of SnapHyperparameters, reference_style ("zbl" with
  reference_inner and reference_outer in Angstrom, or "none");

and at least one of

* `theta(sample, parameter)` and `energy_shift(sample)`: draws, eV;
* `hypercube_directions(direction, parameter)`, `hypercube_energy_shift(direction)` and
  `hypercube_bounds(direction, bound)`: a box of deviations from the mean to draw from.

A posterior that was fitted here also holds its training and held-out errors by group.
"""

import logging
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.linalg import eigh

from relaxdiff.datasets import read_dataset, variable
from relaxdiff.exceptions import InputError
from relaxdiff.potential import SnapHyperparameters, SnapPotential, ZblReference, read_snap
from relaxdiff.training import QUANTITIES, describe_potential, held_out, parameter_names

log = logging.getLogger(__name__)

COVERAGE_DRAWS = 1000
NOMINAL_COVERAGES = (0.5, 0.9, 0.95, 1.0)  # central intervals of the draws; 1: smallest to largest
# Rows whose descriptors vanish by symmetry (forces in a perfect crystal) are round-off: they say
# nothing about the parameters, and POPS would divide round-off by round-off.
NEGLIGIBLE = 1e-9
HYPERCUBE = ("hypercube_directions", "hypercube_energy_shift", "hypercube_bounds")
DRAWS = ("theta", "energy_shift")


# --- a table of samples -------------------------------------------------------------------------


def posterior_from_ensemble(coefficients, parameters, samples, reference=None):
    """The posterior that a table of parameter sets stands for.

    coefficients, parameters: paths of the .snapcoeff and .snapparam files; samples: path of a CSV
    (or .npy) table, first row the mean, then one sample per row; P columns beta_1 ... beta_P, or
    P + 1 with beta_0 in front; without it beta_0 is that of the .snapcoeff file. Lines of the CSV
    that start with # are comments. reference: ZblReference or None.
    Returns a Dataset with draws. Raises InputError naming file and line. A first row that differs
    from the .snapcoeff file is logged as a warning, and the table wins.
    """
    potential = read_snap(coefficients, parameters, reference)
    rows, lines = _read_table(Path(samples))
    n_parameters = potential.hyperparameters.n_parameters
    for row, line in zip(rows, lines, strict=True):
        if len(row) not in (n_parameters, n_parameters + 1):
            raise InputError(
                f"{samples}: {line} has {len(row)} columns, twojmax = "
                f"{potential.hyperparameters.twojmax} needs {n_parameters}, or {n_parameters + 1} "
                "with beta_0 in front"
            )
        if len(row) != len(rows[0]):
            raise InputError(
                f"{samples}: {line} has {len(row)} columns, {lines[0]} has {len(rows[0])}"
            )
        if not np.isfinite(row).all():
            raise InputError(f"{samples}: {line} holds a number that is not finite")
    if len(rows) < 2:
        raise InputError(f"{samples}: needs the mean and at least one sample, has {len(rows)} row")
    table = np.array(rows)
    if table.shape[1] == n_parameters:
        shift = np.full(len(table), potential.energy_shift)
    else:
        shift, table = table[:, 0], table[:, 1:]
    if not np.allclose(table[0], potential.theta, rtol=1e-6, atol=1e-12):
        log.warning(
            "%s: the first row, taken as the mean, differs from the coefficients in %s",
            samples,
            coefficients,
        )
    mean = potential.with_theta(table[0], shift[0])
    deviations = table[1:] - table[0]
    dataset = _start(mean, deviations.T @ deviations / len(deviations))
    return _with_draws(dataset, table[1:], shift[1:])


def _read_table(path):
    """The rows of a table of numbers, and for each what to call it in a message."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".npy":
        return _read_npy(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is neither a text file nor named .npy") from None
    rows, lines = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].strip()
        if not words:
            continue
        try:
            rows.append([float(word) for word in words.split("," if "," in words else None)])
        except ValueError:
            raise InputError(f"{path}: line {number} holds something that is no number") from None
        lines.append(f"line {number}")
    if not rows:
        raise InputError(f"{path}: holds no rows")
    return rows, lines


def _read_npy(path):
    try:
        table = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError):
        raise InputError(f"{path}: is not a complete .npy table of numbers") from None
    if not (isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "fiu"):
        raise InputError(f"{path}: must be one table of real numbers with two dimensions")
    if not table.size:
        raise InputError(f"{path}: holds no rows")
    return list(table.astype(float)), [f"row {row}" for row in range(1, len(table) + 1)]


# --- a fit --------------------------------------------------------------------------------------


def fit_posterior(designs, weights, held_out_fraction, seed, pops, name="fit"):
    """Fit a SNAP potential, and the distribution of parameters that its misfit leaves open.

    designs: list of Datasets from `build_design`, one per group; weights: from `read_weights`;
    held_out_fraction: share of each group's configurations kept out of the fit, to measure errors
    and coverage; seed: of that choice and of the draws that measure coverage; pops: dict of
    leverage_percentile, percentile_clipping (percent) and mode_threshold.

    The mean is the Bayesian ridge regression of rows times weights. The distribution is the POPS
    hypercube (Swinburne & Perez, Mach. Learn.: Sci. Technol. 6, 015008 (2025)): each row i with
    enough leverage gives the smallest change of the parameters, in the metric of the fit, that
    makes row i exact; a box around these changes in their principal axes is drawn from. Nothing
    in the fit is random but the choice of what is held out.

    The mean of the Dataset is that of the fit without the held-out configurations: the errors and
    coverages in the file are those of the very parameters in the file.
    Returns a Dataset without draws. Raises InputError when there are too few rows.
    """
    # Imported here: all later stages read posteriors, and need no scikit-learn for it.
    from popsregression import POPSRegression

    designs = sorted(designs, key=lambda design: design.attrs["group"])
    missing = {design.attrs["group"] for design in designs} ^ set(weights)
    if missing:
        raise InputError(f"no design or no weights for the groups {', '.join(sorted(missing))}")
    held = [held_out(design, held_out_fraction, seed) for design in designs]
    rows, targets = _training_rows(designs, weights, held)
    if len(targets) < rows.shape[1]:
        raise InputError(
            f"the training data give {len(targets)} rows of non-zero weight, "
            f"{rows.shape[1]} parameters need more"
        )
    # posterior="ensemble" hands out the pointwise changes themselves. The box is ours: POPS draws
    # from it with numpy's global generator, which nobody seeds.
    regression = POPSRegression(
        posterior="ensemble", leverage_percentile=pops["leverage_percentile"]
    ).fit(rows, targets)
    directions, bounds = fit_hypercube(
        regression.posterior_samples_.T, pops["percentile_clipping"], pops["mode_threshold"]
    )
    attributes = designs[0].attrs
    potential = SnapPotential(
        hyperparameters=_hyperparameters(attributes),
        theta=regression.coef_[1:],
        energy_shift=float(regression.coef_[0]),
        reference=_reference(attributes),
        name=name,
    )
    moment = _second_moment(directions, bounds)
    dataset = _start(potential, moment[1:, 1:]).assign(
        hypercube_directions=variable(
            ("direction", "parameter"),
            directions[:, 1:],
            "1",
            "principal axes of the POPS hypercube of deviations from the mean",
        ),
        hypercube_energy_shift=variable(
            "direction", directions[:, 0], "1", "energy shift's component of the principal axes"
        ),
        hypercube_bounds=variable(
            ("direction", "bound"), bounds.T, "eV", "bounds of the POPS hypercube along its axes"
        ),
    )
    dataset = dataset.assign_coords(bound=["low", "high"])
    shifts = draw_from_hypercube(directions, bounds, COVERAGE_DRAWS, seed)
    dataset = dataset.merge(_errors(designs, weights, held, regression.coef_, shifts))
    return dataset.assign_attrs(
        training_seed=seed,
        held_out_fraction=held_out_fraction,
        **{f"pops_{key}": value for key, value in pops.items()},
        pops_rows=regression.posterior_samples_.shape[1],
        ridge_noise_precision=float(regression.alpha_),
        ridge_weight_precision=float(regression.lambda_),
    )


def _training_rows(designs, weights, held):
    """Weighted rows (n, P + 1) and targets (n,) of all that is not held out."""
    rows, targets = [], []
    for design, out in zip(designs, held, strict=True):
        for quantity, weight in weights[design.attrs["group"]].items():
            block, target, owner = _block(design, quantity)
            chosen = ~out[owner] & (np.abs(block).max(axis=1, initial=0) > NEGLIGIBLE)
            if weight > 0:
                rows.append(weight * block[chosen])
                targets.append(weight * target[chosen])
    if not rows:
        raise InputError("every weight in the table of group weights is zero")
    return np.concatenate(rows), np.concatenate(targets)


def _block(design, quantity):
    names = (f"{quantity}_design", f"{quantity}_target", f"{quantity}_configuration")
    return tuple(design[name].values for name in names)


def fit_hypercube(changes, percentile_clipping, mode_threshold):
    """The box around pointwise parameter changes, in their principal axes.

    changes: shape (n, P); percentile_clipping: percent of the changes cut from each end of each
    axis; axes whose second moment is below mode_threshold times the largest are left out.
    Returns directions, shape (d, P), orthonormal, and bounds, shape (2, d). Source: Swinburne &
    Perez (2025), as in popsregression 0.4.
    """
    moments, axes = eigh(changes.T @ changes)
    axes = axes[:, moments > mode_threshold * moments.max()]
    # The sign of an eigenvector is arbitrary; without a rule, rounding would decide the draws.
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
    clip = [percentile_clipping, 100 - percentile_clipping]
    return axes.T, np.percentile(changes @ axes, clip, axis=0)


def draw_from_hypercube(directions, bounds, n_samples, seed):
    """Uniform draws from the box, shape (n_samples, P); the first k of n are those of k."""
    # Generator.random fills row by row from one stream: a longer run starts with a shorter one.
    position = np.random.default_rng(seed).random((n_samples, len(directions)))
    low, high = bounds
    return (low + (high - low) * position) @ directions


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
    coverage = np.full((*shape, len(NOMINAL_COVERAGES)), np.nan)
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
            chosen = out[owner] & (np.abs(block).max(axis=1, initial=0) > NEGLIGIBLE)
            if chosen.any():
                coverage[g, q] = _coverage(block[chosen], residual[chosen], shifts)
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
        coverage,
        "1",
        "share of held-out DFT values inside the central interval of the draws",
        draws=COVERAGE_DRAWS,
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


def _coverage(block, residual, shifts, chunk=4096):
    """Share of residuals inside the central intervals NOMINAL_COVERAGES of block @ shifts."""
    below = np.concatenate(
        [
            np.mean(block[i : i + chunk] @ shifts.T < residual[i : i + chunk, None], axis=1)
            for i in range(0, len(block), chunk)
        ]
    )
    # `below` is the place of DFT in the distribution, 0 to 1; the ends are outside of every draw.
    return [np.mean(2 * np.abs(below - 0.5) < nominal) for nominal in NOMINAL_COVERAGES]


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


# --- sampling, reading --------------------------------------------------------------------------


def sample_posterior(posterior, n_samples, seed):
    """The posterior with `n_samples` draws, `theta(sample, parameter)` and `energy_shift(sample)`.

    From a hypercube they are drawn anew, uniformly: the same seed gives the same numbers, and a
    larger number of draws starts with the smaller one's. A posterior that only holds draws is taken
    in its order, the first n_samples of it, and the seed has no influence. Raises InputError when
    it holds fewer.
    """
    if n_samples < 1:
        raise InputError(f"posterior.samples must be 1 or more, found {n_samples}")
    if "hypercube_bounds" in posterior:
        directions = np.column_stack(
            [posterior["hypercube_energy_shift"].values, posterior["hypercube_directions"].values]
        )
        bounds = posterior["hypercube_bounds"].values.T
        deviations = draw_from_hypercube(directions, bounds, n_samples, seed)
        theta = posterior["theta_mean"].values + deviations[:, 1:]
        shift = float(posterior["energy_shift_mean"]) + deviations[:, 0]
        bare = posterior.drop_dims("sample", errors="ignore").assign_attrs(sampling_seed=seed)
        return _with_draws(bare, theta, shift)
    held = posterior.sizes["sample"]
    if n_samples > held:
        raise InputError(
            f"posterior.samples is {n_samples}, but the posterior {posterior.attrs['name']} "
            f"holds only {held} samples and nothing to draw more from"
        )
    return posterior.isel(sample=slice(n_samples))


def potential_from_posterior(posterior):
    """The SnapPotential at the mean of the posterior."""
    return SnapPotential(
        hyperparameters=_hyperparameters(posterior.attrs),
        theta=posterior["theta_mean"].values,
        energy_shift=float(posterior["energy_shift_mean"]),
        reference=_reference(posterior.attrs),
        name=str(posterior.attrs["name"]),
    )


def read_posterior(path):
    """Read a posterior file and check that it is one.

    Raises InputError naming the file and what is missing or of the wrong size.
    """
    dataset = read_dataset(path, needs=("theta_mean", "energy_shift_mean", "theta_covariance"))
    try:
        potential = potential_from_posterior(dataset)
    except KeyError as error:
        raise InputError(f"{path}: lacks the attribute {error}") from None
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{path}: is not a posterior ({error})") from None
    parts = [names for names in (DRAWS, HYPERCUBE) if any(name in dataset for name in names)]
    if not parts:
        raise InputError(f"{path}: holds neither draws ({DRAWS[0]}) nor a hypercube to draw from")
    needed = ["theta_covariance", *(name for names in parts for name in names)]
    n_parameters = potential.hyperparameters.n_parameters
    dimensions = {
        "theta_covariance": ("parameter", "parameter_2"),
        "theta": ("sample", "parameter"),
        "energy_shift": ("sample",),
        "hypercube_directions": ("direction", "parameter"),
        "hypercube_energy_shift": ("direction",),
        "hypercube_bounds": ("direction", "bound"),
    }
    for name in needed:
        if name not in dataset:
            raise InputError(f"{path}: lacks the variable {name}")
        if dataset[name].dims != dimensions[name] or 0 in dataset[name].shape:
            raise InputError(
                f"{path}: {name} has the dimensions {dict(dataset[name].sizes)}, "
                f"expected {', '.join(dimensions[name])}"
            )
        if not np.isfinite(dataset[name].values).all():
            raise InputError(f"{path}: {name} holds a number that is not finite")
    if dataset.sizes["parameter_2"] != n_parameters or dataset.sizes.get("bound", 2) != 2:
        raise InputError(f"{path}: theta_covariance or hypercube_bounds has the wrong size")
    if [str(value) for value in dataset["parameter"].values] != parameter_names(
        potential.hyperparameters
    ):
        raise InputError(f"{path}: the coordinate parameter must be beta_1 ... beta_{n_parameters}")
    return dataset


def _start(potential, covariance):
    """A posterior with its mean and covariance (eV^2), nothing yet to draw from."""
    names = parameter_names(potential.hyperparameters)
    return xr.Dataset(
        {
            "theta_mean": variable("parameter", potential.theta, "eV", "mean SNAP coefficients"),
            "energy_shift_mean": variable(
                (), potential.energy_shift, "eV", "mean energy shift per atom, beta_0"
            ),
            "theta_covariance": variable(
                ("parameter", "parameter_2"),
                covariance,
                "eV^2",
                "second moment of the draws about the mean",
            ),
        },
        coords={"parameter": names, "parameter_2": names},
        attrs={
            "name": potential.name,
            **describe_potential(potential.hyperparameters, potential.reference),
        },
    )


def _with_draws(dataset, theta, shift):
    return dataset.assign(
        theta=variable(("sample", "parameter"), theta, "eV", "SNAP coefficients of the draws"),
        energy_shift=variable("sample", shift, "eV", "energy shift per atom of the draws, beta_0"),
    ).assign_coords(sample=np.arange(len(theta)))


def _hyperparameters(attributes):
    """SnapHyperparameters from the attributes of a Dataset; NetCDF gives numpy scalars back."""
    return SnapHyperparameters(
        **{field.name: field.type(attributes[field.name]) for field in fields(SnapHyperparameters)}
    )


def _reference(attributes):
    style = attributes["reference_style"]
    if style == "none":
        return None
    if style != "zbl":
        raise InputError(f"unknown reference_style '{style}', known are zbl and none")
    return ZblReference(float(attributes["reference_inner"]), float(attributes["reference_outer"]))
