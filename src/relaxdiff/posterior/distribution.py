"""The posterior: a distribution of parameter sets of one SNAP potential, in one xarray Dataset.

Every posterior holds

* `theta_mean(parameter)` and `energy_shift_mean()`: the mean, eV;
* `theta_covariance(parameter, parameter_2)`: second moment of the draws about the mean, eV^2;
* attributes: name, every field of SnapHyperparameters, reference_style ("none", "zbl" with
  reference_inner and reference_outer in Angstrom, or another with reference_numbers and
  reference_file);

and at least one of

* `theta(sample, parameter)` and `energy_shift(sample)`: draws, eV;
* `hypercube_directions(direction, parameter)`, `hypercube_energy_shift(direction)` and
  `hypercube_bounds(direction, bound)`: a box of deviations from the mean to draw from.

Of a potential for several elements, energy shifts have the dimension `element` behind the others.
A posterior that was fitted here also holds its training and held-out errors by group.
"""

import logging
from pathlib import Path

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.files.datasets import read_dataset, read_text, variable
from relaxdiff.potentials.snap.baseline import reference_from
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.potentials.snap.potential import (
    SnapPotential,
    describe_potential,
    hyperparameters_from,
    parameter_names,
)

log = logging.getLogger(__name__)

HYPERCUBE = ("hypercube_directions", "hypercube_energy_shift", "hypercube_bounds")
DRAWS = ("theta", "energy_shift")
# A row of coefficients is another one in other units when it is at least so many times as large, or
# as small, and differs from that multiple by no more than this share; of fewer coefficients than
# these it may be chance.
UNIT_FACTOR, UNIT_TOLERANCE, UNIT_COEFFICIENTS = 2.0, 0.2, 5


def posterior_from_ensemble(coefficients, parameters, samples, reference=None):
    """The posterior that a table of parameter sets stands for.

    coefficients, parameters: paths of the .snapcoeff and .snapparam files; samples: path of a CSV
    (or .npy) table, first row the mean, then one sample per row; for each element in the order of
    the .snapcoeff file its columns beta_1 ..., or beta_0, beta_1 ...; without beta_0 it is that of
    the .snapcoeff file. Lines of the CSV that start with # are comments. reference: fixed pair
    style or None. Returns a Dataset with draws. Raises InputError naming file and line, also for
    rows in other units. A first row that differs from the .snapcoeff file otherwise is logged as a
    warning, and the table wins.
    """
    potential = read_snap(coefficients, parameters, reference)
    rows, lines = _read_table(Path(samples))
    hyper = potential.hyperparameters
    n_elements, n_parameters = len(hyper.elements), hyper.n_parameters
    for row, line in zip(rows, lines, strict=True):
        if len(row) not in (n_parameters, n_parameters + n_elements):
            raise InputError(
                f"{samples}: {line} has {len(row)} columns, {', '.join(hyper.elements)} with "
                f"twojmax = {hyper.twojmax} needs {n_parameters}, or {n_parameters + n_elements} "
                "with beta_0 in front of each element's"
            )
        if len(row) != len(rows[0]):
            raise InputError(
                f"{samples}: {line} has {len(row)} columns, {lines[0]} has {len(rows[0])}"
            )
        if not np.isfinite(row).all():
            raise InputError(f"{samples}: {line} holds a number that is not finite")
    if len(rows) < 2:
        raise InputError(f"{samples}: needs the mean and at least one sample, has {len(rows)} row")
    table = np.array(rows).reshape(len(rows), n_elements, -1)
    shift = np.tile(potential.energy_shifts, (len(rows), 1))
    if table.shape[2] > hyper.n_of_element:
        shift, table = table[:, :, 0], table[:, :, 1:]
    table = table.reshape(len(rows), -1)
    _refuse_other_units(table, lines, potential.theta, samples, coefficients)
    if not (table[1:] != table[0]).any():
        raise InputError(
            f"{samples}: every sample equals the first row, the mean: there is no uncertainty"
        )
    if not np.allclose(table[0], potential.theta, rtol=1e-6, atol=1e-12):
        log.warning(
            "%s: the first row, taken as the mean, differs from the coefficients in %s",
            samples,
            coefficients,
        )
    mean = potential.with_theta(table[0], shift[0])
    deviations = table[1:] - table[0]
    dataset = start_posterior(mean, deviations.T @ deviations / len(deviations))
    return _with_draws(dataset, table[1:], shift[1:])


def _refuse_other_units(table, lines, theta, samples, coefficients):
    """InputError when a row is the mean, or the mean the .snapcoeff file, times a large factor."""
    if len(theta) < UNIT_COEFFICIENTS:
        return
    pairs = [(table[0], theta, lines[0], f"the coefficients in {coefficients}")]
    pairs += [
        (row, table[0], line, "the first row")
        for row, line in zip(table[1:], lines[1:], strict=True)
    ]
    for row, expected, line, what in pairs:
        size = expected @ expected
        factor = row @ expected / size if size else 1.0
        same = np.linalg.norm(row - factor * expected) < UNIT_TOLERANCE * np.linalg.norm(row)
        if same and not 1 / UNIT_FACTOR < factor < UNIT_FACTOR:
            raise InputError(
                f"{samples}: {line} is {what} times {factor:.4g}: give all coefficients in eV"
            )


def _read_table(path):
    """The rows of a table of numbers, and for each what to call it in a message."""
    if path.suffix == ".npy" and path.is_file():
        return _read_npy(path)
    text = read_text(path, complaint="is neither a text file nor named .npy")
    rows, lines = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].strip()
        if not words:
            continue
        try:
            rows.append([float(word) for word in words.split("," if "," in words else None)])
        except ValueError:
            hint = "; start a line of names with #" if not rows else ""
            raise InputError(
                f"{path}: line {number} holds something that is no number: '{words[:60]}'{hint}"
            ) from None
        lines.append(f"line {number}")
    if not rows:
        raise InputError(f"{path}: holds no rows")
    return rows, lines


def _read_npy(path):
    try:
        table = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError):
        raise InputError(f"{path}: is not a complete .npy table of numbers") from None
    if not (isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "fiu"):
        raise InputError(f"{path}: must be one table of real numbers with two dimensions")
    if not table.size:
        raise InputError(f"{path}: holds no rows")
    return list(table.astype(float)), [f"row {row}" for row in range(1, len(table) + 1)]


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
        n_shifts = deviations.shape[1] - posterior.sizes["parameter"]
        theta = posterior["theta_mean"].values + deviations[:, n_shifts:]
        shift = posterior["energy_shift_mean"].values + deviations[:, :n_shifts]
        bare = posterior.drop_dims("sample", errors="ignore").assign_attrs(sampling_seed=seed)
        return _with_draws(bare, theta, shift)
    held = posterior.sizes["sample"]
    if n_samples > held:
        raise InputError(
            f"posterior.samples is {n_samples}, but the posterior {posterior.attrs['name']} "
            f"holds only {held} samples and nothing to draw more from"
        )
    return posterior.isel(sample=slice(n_samples))


def draw_from_hypercube(directions, bounds, n_samples, seed):
    """Uniform draws from the box, shape (n_samples, P); the first k of n are those of k."""
    # Generator.random fills row by row from one stream: a longer run starts with a shorter one.
    position = np.random.default_rng(seed).random((n_samples, len(directions)))
    low, high = bounds
    return (low + (high - low) * position) @ directions


def potential_from_posterior(posterior):
    """The SnapPotential at the mean of the posterior."""
    return SnapPotential(
        hyperparameters=hyperparameters_from(posterior.attrs),
        theta=posterior["theta_mean"].values,
        energy_shift=posterior["energy_shift_mean"].values,
        reference=reference_from(posterior.attrs),
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
    names = parameter_names(potential.hyperparameters)
    by_element = ("element",) if len(potential.hyperparameters.elements) > 1 else ()
    dimensions = {
        "theta_covariance": ("parameter", "parameter_2"),
        "theta": ("sample", "parameter"),
        "energy_shift": ("sample", *by_element),
        "hypercube_directions": ("direction", "parameter"),
        "hypercube_energy_shift": ("direction", *by_element),
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
    if dataset.sizes["parameter_2"] != len(names) or dataset.sizes.get("bound", 2) != 2:
        raise InputError(f"{path}: theta_covariance or hypercube_bounds has the wrong size")
    if [str(value) for value in dataset["parameter"].values] != names:
        raise InputError(f"{path}: the coordinate parameter must be {names[0]} ... {names[-1]}")
    return dataset


def start_posterior(potential, covariance):
    """A posterior with its mean and covariance (eV^2), nothing yet to draw from."""
    names = parameter_names(potential.hyperparameters)
    shift_of, coords = _shifts(potential.hyperparameters.elements)
    return xr.Dataset(
        {
            "theta_mean": variable("parameter", potential.theta, "eV", "mean SNAP coefficients"),
            "energy_shift_mean": variable(
                shift_of, potential.energy_shift, "eV", "mean energy shift per atom, beta_0"
            ),
            "theta_covariance": variable(
                ("parameter", "parameter_2"),
                covariance,
                "eV^2",
                "second moment of the draws about the mean",
            ),
        },
        coords={"parameter": names, "parameter_2": names, **coords},
        attrs={
            "name": potential.name,
            **describe_potential(potential.hyperparameters, potential.reference),
        },
    )


def _shifts(elements):
    """Dimensions and coordinates that energy shifts have beside those of samples."""
    return (("element",), {"element": list(elements)}) if len(elements) > 1 else ((), {})


def _with_draws(dataset, theta, shift):
    """The posterior with draws; theta: (sample, P), shift: (sample, E), eV."""
    over = dataset["energy_shift_mean"].dims
    shift = shift.reshape(len(theta), *dataset["energy_shift_mean"].shape)
    return dataset.assign(
        theta=variable(("sample", "parameter"), theta, "eV", "SNAP coefficients of the draws"),
        energy_shift=variable(
            ("sample", *over), shift, "eV", "energy shift per atom of the draws, beta_0"
        ),
    ).assign_coords(sample=np.arange(len(theta)))
