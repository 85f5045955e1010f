"""The posterior: a distribution of parameter sets of one potential, in one xarray Dataset.

Every posterior holds

* `theta_mean(parameter)` and `energy_shift_mean()`: the mean, eV;
* `theta_covariance(parameter, parameter_2)`: second moment of the draws about the mean, eV^2;
* attributes: name, and what else makes the potential. Of SNAP every field of SnapHyperparameters
  and reference_style ("none", "zbl" with reference_inner and reference_outer in Angstrom, or
  another with reference_numbers and reference_file). Of a potential written in JAX `analytic`, its
  name, and of a user's own file `analytic_file` and `analytic_sha256`; its parameters have units of
  their own, in the coordinate `parameter_unit`, and its energy shifts are 0;

and at least one of

* `theta(sample, parameter)` and `energy_shift(sample)`: draws, eV;
* `hypercube_directions(direction, parameter)`, `hypercube_energy_shift(direction)` and
  `hypercube_bounds(direction, bound)`: a box of deviations from the mean to draw from;
* `normal_directions(direction, parameter)` and `normal_energy_shift(direction)`, eV: a normal
  distribution to draw from, of deviations that are the directions times standard normal numbers.

Of a potential for several elements, energy shifts have the dimension `element` behind the others.
A posterior that was fitted here also holds its training and held-out errors by group.
"""

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_dataset, variable
from relaxdiff.posterior.variants import deviations, is_snap, unit_of, unit_of_each
from relaxdiff.potentials.snap import (
    SnapPotential,
    baseline_from,
    hyperparameters_from,
)

HYPERCUBE = ("hypercube_directions", "hypercube_energy_shift", "hypercube_bounds")
NORMAL = ("normal_directions", "normal_energy_shift")
DRAWS = ("theta", "energy_shift")


def start_posterior(potential, covariance):
    """A posterior with its mean and covariance, (P, P), nothing yet to draw from."""
    names, (shift_of, coords) = list(potential.parameters.names), _shifts(potential.elements)
    unit = potential.parameters.unit
    return xr.Dataset(
        {
            "theta_mean": variable("parameter", potential.theta, unit, "mean parameters"),
            "energy_shift_mean": variable(
                shift_of, potential.energy_shift, "eV", "mean energy shift per atom, beta_0"
            ),
            "theta_covariance": variable(
                ("parameter", "parameter_2"),
                covariance,
                f"{unit}^2",
                "second moment of the draws about the mean",
            ),
        },
        coords={"parameter": names, "parameter_2": names, **coords, **unit_of_each(potential)},
        attrs={"name": potential.name, **potential.attributes()},
    )


def _shifts(elements):
    """Dimensions and coordinates that energy shifts have beside those of samples."""
    return (("element",), {"element": list(elements)}) if len(elements) > 1 else ((), {})


def with_draws(dataset, theta, shift):
    """The posterior with draws; theta: (sample, P), shift: (sample, E) in eV."""
    over = dataset["energy_shift_mean"].dims
    shift = shift.reshape(len(theta), *dataset["energy_shift_mean"].shape)
    return dataset.assign(
        theta=variable(("sample", "parameter"), theta, unit_of(dataset), "parameters of the draws"),
        energy_shift=variable(
            ("sample", *over), shift, "eV", "energy shift per atom of the draws, beta_0"
        ),
    ).assign_coords(sample=np.arange(len(theta)))


def with_normal(dataset, directions, shifts):
    """The posterior with a normal distribution; directions: (direction, P), shifts (., E)."""
    over = dataset["energy_shift_mean"].dims
    shifts = shifts.reshape(len(directions), *dataset["energy_shift_mean"].shape)
    return dataset.assign(
        normal_directions=variable(
            ("direction", "parameter"),
            directions,
            unit_of(dataset),
            "what standard normal numbers are multiplied by to be deviations from the mean",
        ),
        normal_energy_shift=variable(
            ("direction", *over), shifts, "eV", "energy shift's component of these directions"
        ),
    )


def is_distribution(posterior):
    """Whether a posterior holds something to draw any number of samples from."""
    return "hypercube_bounds" in posterior or "normal_directions" in posterior


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
    kinds = (DRAWS, HYPERCUBE, NORMAL)
    parts = [names for names in kinds if any(name in dataset for name in names)]
    if not parts:
        raise InputError(
            f"{path}: holds neither draws ({DRAWS[0]}) nor a distribution to draw from"
        )
    needed = ["theta_covariance", *(name for names in parts for name in names)]
    names = list(potential.parameters.names)
    by_element = ("element",) if len(potential.elements) > 1 else ()
    dimensions = {
        "theta_covariance": ("parameter", "parameter_2"),
        "theta": ("sample", "parameter"),
        "energy_shift": ("sample", *by_element),
        "hypercube_directions": ("direction", "parameter"),
        "hypercube_energy_shift": ("direction", *by_element),
        "hypercube_bounds": ("direction", "bound"),
        "normal_directions": ("direction", "parameter"),
        "normal_energy_shift": ("direction", *by_element),
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


def potential_from_posterior(posterior):
    """The Potential at the mean of the posterior: a SnapPotential or an AnalyticPotential."""
    if not is_snap(posterior.attrs):
        # JAX is imported only where it is used.
        from relaxdiff.potentials.analytic import AnalyticPotential, model_from

        theta, name = posterior["theta_mean"].values, str(posterior.attrs["name"])
        return AnalyticPotential(model_from(posterior.attrs), theta, name)
    return SnapPotential(
        hyperparameters=hyperparameters_from(posterior.attrs),
        theta=posterior["theta_mean"].values,
        energy_shift=posterior["energy_shift_mean"].values,
        baseline=baseline_from(posterior.attrs),
        name=str(posterior.attrs["name"]),
    )


def sample_posterior(posterior, n_samples, seed):
    """The posterior with `n_samples` draws, `theta(sample, parameter)` and `energy_shift(sample)`.

    From a hypercube, uniformly, or a normal distribution they are drawn anew: the same seed gives
    the same numbers, and a larger number of draws starts with the smaller one's. A posterior that
    only holds draws is taken in its order, the first n_samples of it, and the seed has no
    influence. Raises InputError when it holds fewer.
    """
    if n_samples < 1:
        raise InputError(f"posterior.samples must be 1 or more, found {n_samples}")
    if is_distribution(posterior):
        drawn = _draw(posterior, n_samples, seed)
        n_shifts = drawn.shape[1] - posterior.sizes["parameter"]
        theta = posterior["theta_mean"].values + drawn[:, n_shifts:]
        shift = posterior["energy_shift_mean"].values + drawn[:, :n_shifts]
        bare = posterior.drop_dims("sample", errors="ignore").assign_attrs(sampling_seed=seed)
        return with_draws(bare, theta, shift)
    held = posterior.sizes["sample"]
    if n_samples > held:
        raise InputError(
            f"posterior.samples is {n_samples}, but the posterior {posterior.attrs['name']} "
            f"holds only {held} samples and nothing to draw more from"
        )
    return posterior.isel(sample=slice(n_samples))


def deviations_in_parts(posterior, n_draws, seed, at_once):
    """Deviations from the mean of many draws, at most `at_once` of them at a time.

    Yields arrays of energy shifts and, behind them, coefficients, (draw, E + P), eV: draws of the
    distribution, the same ones however they are parted; of a posterior without a distribution its
    own samples, the first n_draws.
    """
    if is_distribution(posterior):
        generator = np.random.default_rng(seed)
        for first in range(0, n_draws, at_once):
            yield _draw(posterior, min(at_once, n_draws - first), generator)
    else:
        held = np.column_stack(deviations(posterior)[::-1])[:n_draws]
        for first in range(0, len(held), at_once):
            yield held[first : first + at_once]


def covariance_root(posterior):
    """A root R of the covariance R^T R of what a posterior draws from, (k, E + P), eV.

    Of the energy shifts and, behind them, the coefficients. Exact for a distribution; of a
    posterior without one that of its samples.
    """
    if not is_distribution(posterior):
        held = np.column_stack(deviations(posterior)[::-1])
        return (held - held.mean(axis=0)) / np.sqrt(max(len(held) - 1, 1))
    directions, bounds = _directions(posterior)
    if bounds is None:
        return directions
    low, high = bounds
    return directions * ((high - low) / np.sqrt(12))[:, None]  # sqrt(12): of uniform numbers


def principal_directions(root):
    """Variances (eV^2, descending) and unit vectors (direction, parameter) of a covariance R^T R.

    root: of `covariance_root`.
    """
    # Singular values keep the smallest variances, which the covariance would lose to rounding.
    _, lengths, directions = np.linalg.svd(root, full_matrices=False)
    return lengths**2, directions


def _directions(posterior):
    """What the distribution stretches, (direction, E + P), and the bounds (2, direction) or None.

    Energy shifts stand before coefficients.
    """
    kind = "hypercube" if "hypercube_bounds" in posterior else "normal"
    directions = np.column_stack(
        [posterior[f"{kind}_energy_shift"].values, posterior[f"{kind}_directions"].values]
    )
    return directions, posterior["hypercube_bounds"].values.T if kind == "hypercube" else None


def _draw(posterior, n_samples, seed):
    """Deviations from the mean of energy shifts and, behind them, coefficients, (n_samples, .)."""
    directions, bounds = _directions(posterior)
    if bounds is None:
        return draw_from_normal(directions, n_samples, seed)
    return draw_from_hypercube(directions, bounds, n_samples, seed)


def draw_from_hypercube(directions, bounds, n_samples, seed):
    """Uniform draws from the box, shape (n_samples, P); the first k of n are those of k."""
    # Generator.random fills row by row from one stream: a longer run starts with a shorter one.
    position = np.random.default_rng(seed).random((n_samples, len(directions)))
    low, high = bounds
    return (low + (high - low) * position) @ directions


def draw_from_normal(directions, n_samples, seed):
    """Normal draws, shape (n_samples, P), of covariance directions^T directions; nested as above.

    directions: shape (direction, P).
    """
    numbers = np.random.default_rng(seed).standard_normal((n_samples, len(directions)))
    return numbers @ directions
