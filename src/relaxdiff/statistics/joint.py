"""The quantities of one posterior sample together: sensitivities, correlations, directions.

Lattice parameters, cohesive energy, elastic constants, and the formation energy and volume of each
structure depend on the same parameters. For each quantity y the derivative g = dy/dTheta at the
mean, every element's beta_0 among the parameters, gives to first order

    y = y(mean) + g . (Theta - mean),    variance of y = g^T C g = sum_k s_k (g . v_k)^2

with the covariance C = sum_k s_k v_k v_k^T of the posterior samples: each term is what one
principal direction v_k of parameter space carries.

The crystal's quantities are those of `bulk.nc`, exact for every sample, in all sources but
'linear'.
"""

import functools

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.derivative import most_complete
from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior import all_parameters, deviations
from relaxdiff.quantities import (
    crystal_quantities,
    quantity_derivatives,
    quantity_units,
    values_at_mean,
)
from relaxdiff.statistics.errors import all_levels, posterior_values

NAMED = 3  # directions that the table names for each quantity


def joint_posterior(posterior, bulk, structures):
    """Values, derivatives, correlations and principal directions of all quantities.

    posterior, bulk: the Datasets of those names; structures: for each name a dict of its Datasets
    `crystal`, `derivative`, `predictions` and, if there are any, `evaluations` and `truth`. A
    structure's quantities are <name>_formation_energy and, where its cell relaxes,
    <name>_formation_volume. Returns a Dataset over `quantity` (with the coordinates `unit` and
    `structure`, '' for the crystal's own), `parameter` (every beta_0 first), `sample`, and
    `source`: 'linear', 'predicted' at the best level there is (attribute `best_level`) and, if all
    structures have truth, 'truth'. Samples in which any structure is unstable or was not relaxed at
    lambda = 1 are left out throughout; `left_out` counts those that each quantity lacks. Raises
    InputError when fewer than two samples are left.
    """
    found, units = _formation_of_samples(structures), quantity_units(bulk, structures)
    samples = _common_samples(found, posterior.sizes["sample"])
    delta = parameter_deviations(posterior.sel(sample=samples))
    mean = values_at_mean(posterior, bulk, structures)
    gradients = quantity_derivatives(posterior, bulk, structures)
    sources = list(next(iter(found.values()))["source"].values)
    values = np.array(
        [mean[:, None] + gradients @ delta.T]
        + [_values_of_samples(bulk, found, units, samples, source) for source in sources]
    )
    variances, directions = principal_directions(delta)
    names = [f"{structure}_{name}" if structure else name for structure, name in units]
    levels = [_best_predictions(given)["level"].item() for given in structures.values()]
    return xr.Dataset(
        _derivative_variables(mean, gradients, delta.std(axis=0, ddof=1))
        | _direction_variables(gradients, variances, directions)
        | _sample_variables(values)
        | {"left_out": _left_out(bulk, found, units)},
        coords={
            "quantity": names,
            "unit": ("quantity", list(units.values())),
            "structure": ("quantity", [structure for structure, _ in units]),
            "quantity_2": names,
            "parameter": all_parameters(posterior),
            "direction": np.arange(1, len(directions) + 1),
            "source": ["linear", *sources],
            "sample": samples,
        },
        attrs={
            "potential": bulk.attrs["potential"],
            "best_level": ", ".join(dict.fromkeys(levels)),
        },
    )


def parameter_deviations(posterior):
    """Sample minus mean of all parameters, the E beta_0 first, (sample, E + P), eV."""
    theta, shift = deviations(posterior)
    return np.column_stack([shift, theta])


def principal_directions(delta):
    """Variances (eV^2, descending) and unit vectors (direction, parameter) of the covariance.

    delta: deviations of the samples from any common point, (sample, parameter).
    """
    # Singular values keep the smallest variances, which the covariance would lose to rounding.
    scatter = delta - delta.mean(axis=0)
    _, lengths, directions = np.linalg.svd(scatter, full_matrices=False)
    return lengths**2 / (len(delta) - 1), directions


def joint_table(joint):
    """One row per quantity of a Dataset of `joint_posterior` (a DataFrame).

    Columns: quantity, units; `samples` that count, and `left_out`, those that lack this quantity;
    value `at_mean`; mean and standard deviation as predicted, `standard_deviation_linear` and,
    where there is truth, true ones; then the NAMED directions (1: that of largest variance) that
    carry most of the variance, and their shares.
    """
    values = joint["value"]
    predicted = values.sel(source="predicted")
    table = pd.DataFrame(
        {
            "quantity": joint["quantity"].values,
            "units": joint["unit"].values,
            "samples": joint.sizes["sample"],
            "left_out": joint["left_out"].values,
            "at_mean": joint["value_at_mean"].values,
            "mean": predicted.mean("sample").values,
            "standard_deviation": predicted.std("sample", ddof=1).values,
            "standard_deviation_linear": values.sel(source="linear").std("sample", ddof=1).values,
        }
    )
    if "truth" in joint["source"]:
        true = values.sel(source="truth")
        table["true_mean"] = true.mean("sample").values
        table["true_standard_deviation"] = true.std("sample", ddof=1).values
    shares = joint["variance_share"].values
    order = np.argsort(-shares, axis=1)[:, :NAMED]
    for place, column in enumerate(order.T, start=1):
        table[f"direction_{place}"] = joint["direction"].values[column]
        table[f"share_{place}"] = np.take_along_axis(shares, column[:, None], axis=1)[:, 0]
    return table


def _best_predictions(given):
    """Predictions of a structure at the most complete level."""
    predictions = all_levels(given["predictions"], given.get("evaluations"))
    return predictions.sel(level=[most_complete(predictions["level"].values)])


def _formation_of_samples(structures):
    """E_f and V_f at lambda = 1, a dict of a Dataset over (source, sample) for each structure."""
    with_truth = all("truth" in given for given in structures.values())
    sources = ["predicted", "truth"] if with_truth else ["predicted"]
    found = {}
    for name, given in structures.items():
        truth = given["truth"] if with_truth else None
        values = posterior_values(_best_predictions(given), truth)
        found[name] = values.assign_coords(source=sources)
    return found


def _common_samples(found, total):
    """Samples that all structures have; InputError for fewer than two of `total`."""
    common = functools.reduce(np.intersect1d, [each["sample"].values for each in found.values()])
    if len(common) < 2:
        worst = min(found, key=lambda name: found[name].sizes["sample"])
        lost = total - found[worst].sizes["sample"]
        raise InputError(
            "joint: fewer than two samples are stable and relaxed at lambda = 1 in all structures "
            f"(is it on the grid of perturbation?); most are lost by {worst}, {lost} of {total}"
        )
    return common


def _values_of_samples(bulk, found, units, samples, source):
    """All quantities of some samples, of one source, shape (quantity, sample)."""
    crystal = crystal_quantities(_at_one(bulk).sel(sample=samples))
    formation = [
        found[structure][name].sel(source=source, sample=samples).values
        for structure, name in units
        if structure
    ]
    return np.vstack([crystal, formation])


def _left_out(bulk, found, units):
    """How many samples lack each quantity, a Variable."""
    unstable = int((_at_one(bulk)["status"] != "stable").sum())
    lost = {name: bulk.sizes["sample"] - each.sizes["sample"] for name, each in found.items()}
    counts = [lost.get(structure, unstable) for structure, _ in units]
    return variable(
        "quantity", counts, "1", "samples that are unstable or were not relaxed for this quantity"
    )


def _at_one(bulk):
    return bulk.sel({"lambda": 1.0}, method="nearest")


def _derivative_variables(mean, gradients, spreads):
    over = ("quantity", "parameter")
    return {
        "value_at_mean": variable("quantity", mean, "unit", "value at the mean parameters"),
        "derivative": variable(over, gradients, "unit/eV", "derivative at the mean"),
        "parameter_standard_deviation": variable(
            "parameter", spreads, "eV", "standard deviation over the posterior samples"
        ),
        "sensitivity": variable(
            over, gradients * spreads, "unit", "derivative times the parameter's standard deviation"
        ),
    }


def _direction_variables(gradients, variances, directions):
    carried = variances * (gradients @ directions.T) ** 2
    return {
        "direction_vector": variable(
            ("direction", "parameter"), directions, "1", "principal directions of the posterior"
        ),
        "direction_variance": variable("direction", variances, "eV^2", "variance along them"),
        "variance_share": variable(
            ("quantity", "direction"),
            carried / carried.sum(axis=1, keepdims=True),
            "1",
            "share of the linearised variance that a direction carries",
        ),
    }


def _sample_variables(values):
    correlation = np.array([np.corrcoef(each) for each in values])
    return {
        "value": variable(
            ("source", "quantity", "sample"), values, "unit", "quantities of the samples"
        ),
        "correlation": variable(
            ("source", "quantity", "quantity_2"), correlation, "1", "correlation over the samples"
        ),
    }
