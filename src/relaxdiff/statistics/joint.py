"""The quantities of one posterior sample together: sensitivities, correlations, directions.

Lattice parameters, cohesive energy, elastic constants, and the formation energy and volume of each
structure depend on the same parameters. For each quantity y the derivative g = dy/dTheta at the
mean, every element's beta_0 among the parameters, gives to first order

    y = y(mean) + g . (Theta - mean),    variance of y = g^T C g = sum_k s_k (g . v_k)^2

with the covariance C = sum_k s_k v_k v_k^T of the posterior: each term is what one principal
direction v_k of parameter space carries. C is that of the distribution, or of the samples of a
posterior without one.

The crystal's quantities are those of `bulk.nc`, exact for every sample, in all sources but
'linear', and to first order in draws.
"""

import functools

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.derivative import most_complete
from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior import (
    all_parameters,
    covariance_root,
    deviations,
    is_distribution,
    principal_directions,
    unit_of,
    without_shifts,
)
from relaxdiff.predictions import linear_draws
from relaxdiff.quantities import (
    core_energies,
    crystal_quantities,
    quantity_derivatives,
    quantity_units,
    values_at_mean,
)
from relaxdiff.statistics.errors import all_levels
from relaxdiff.statistics.moments import leading, moments, posterior_values


def joint_posterior(posterior, bulk, structures, cores=None):
    """Values, derivatives, correlations and principal directions of all quantities.

    posterior, bulk: the Datasets of those names; structures: for each name a dict of its Datasets
    `crystal`, `derivative`, `predictions`, `draws` and, if there are any, `evaluations` and
    `truth`; cores: of `core_pairs`, for each dislocation the one in the same disk that it is
    compared with. A structure's quantities are <name>_formation_energy, where its cell relaxes
    <name>_formation_volume, and for cores <name>_minus_<other>_core_energy.
    Returns a Dataset over `quantity` (with the coordinates `unit` and `structure`, '' for the
    crystal's own), `parameter` (every beta_0 first), `sample`, and `source`: 'linear', 'predicted'
    at the best level there is (attribute `best_level`) and, if all structures have truth, 'truth'.
    Samples in which any structure is unstable or was not relaxed at
    lambda = 1 are left out throughout; `left_out` counts those that each quantity lacks. `drawn`
    are the draws that are stable in all structures, the crystal's quantities of them to first
    order, the others at the best level of `draws` (`drawn_level`); `drawn_correlation` theirs.
    Raises InputError when fewer than two samples are left.
    """
    found, own = _formation_of_samples(structures), quantity_units(bulk, structures)
    units, rows = core_energies(own, cores or {})
    samples = _common_samples(found, posterior.sizes["sample"])
    delta = parameter_deviations(posterior.sel(sample=samples))
    mean = values_at_mean(posterior, bulk, structures)
    gradients = quantity_derivatives(posterior, bulk, structures)
    sources = list(next(iter(found.values()))["source"].values)
    values = rows @ np.array(
        [mean[:, None] + gradients @ delta.T]
        + [_values_of_samples(bulk, found, own, samples, source) for source in sources]
    )
    known = posterior if is_distribution(posterior) else posterior.sel(sample=samples)
    variances, directions = principal_directions(covariance_root(known))
    drawn, drawn_levels = _drawn(posterior, structures, own, mean, gradients)
    mean, gradients, drawn = rows @ mean, rows @ gradients, rows @ drawn
    names = [f"{structure}_{name}" if structure else name for structure, name in units]
    levels = [_best_predictions(given)["level"].item() for given in structures.values()]
    unit, spreads = unit_of(posterior), np.sqrt((variances[:, None] * directions**2).sum(0))
    joint = xr.Dataset(
        _derivative_variables(mean, gradients, spreads, unit)
        | _direction_variables(gradients, variances, directions, unit)
        | _sample_variables(values)
        | _drawn_variables(drawn)
        | {"left_out": _left_out(bulk, found, own, rows)},
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
            "drawn_level": ", ".join(dict.fromkeys(drawn_levels)),
        },
    )
    return without_shifts(joint, posterior)


def parameter_deviations(posterior):
    """Sample minus mean of all parameters, the E beta_0 first, (sample, E + P), eV."""
    theta, shift = deviations(posterior)
    return np.column_stack([shift, theta])


def joint_table(joint):
    """One row per quantity of a Dataset of `joint_posterior` (a DataFrame).

    Columns: quantity, units; value `at_mean`; number of `draws`, their mean, its Monte Carlo error
    and their standard deviation; `standard_deviation_linear`; `samples` that count, and `left_out`,
    those that lack this quantity; mean and standard deviation of the samples as predicted and,
    where there is truth, true ones; then the directions (1: that of largest variance) that carry
    most of the variance, and their shares.
    """
    values = joint["value"]
    predicted = values.sel(source="predicted")
    drawn = pd.DataFrame([moments(each) for each in joint["drawn"].values])
    table = pd.DataFrame(
        {
            "quantity": joint["quantity"].values,
            "units": joint["unit"].values,
            "at_mean": joint["value_at_mean"].values,
            "draws": drawn["number"],
            "drawn_mean": drawn["mean"],
            "drawn_mean_error": drawn["mean_error"],
            "drawn_standard_deviation": drawn["standard_deviation"],
            "standard_deviation_linear": joint["standard_deviation_linear"].values,
            "samples": joint.sizes["sample"],
            "left_out": joint["left_out"].values,
            "mean": predicted.mean("sample").values,
            "standard_deviation": predicted.std("sample", ddof=1).values,
        }
    )
    if "truth" in joint["source"]:
        true = values.sel(source="truth")
        table["true_mean"] = true.mean("sample").values
        table["true_standard_deviation"] = true.std("sample", ddof=1).values
    shares = pd.DataFrame([leading(each) for each in joint["variance_share"].values])
    return pd.concat([table, shares], axis=1)


def _drawn(posterior, structures, units, mean, gradients):
    """Quantities of the draws that all structures have, (quantity, draw), and levels, a list."""
    draws = [given["draws"] for given in structures.values()]
    levels = [most_complete(each["level"].values) for each in draws]
    values = mean[:, None] + linear_draws(posterior, gradients, draws[0])
    best = {
        name: each.sel(level=level)
        for name, each, level in zip(structures, draws, levels, strict=True)
    }
    for place, (structure, name) in enumerate(units):
        if structure:
            values[place] = best[structure][name].values
    return values[:, np.isfinite(values).all(axis=0)], levels


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


def _left_out(bulk, found, units, rows):
    """How many samples lack each quantity, a Variable.

    units: of all quantities that are no differences; rows: matrix that makes all of these.
    """
    unstable = (_at_one(bulk)["status"] != "stable").values
    samples = bulk["sample"].values
    lacking = [
        ~np.isin(samples, found[structure]["sample"].values) if structure else unstable
        for structure, _ in units
    ]
    counts = (np.abs(rows) @ np.array(lacking) > 0).sum(axis=1)
    return variable(
        "quantity", counts, "1", "samples that are unstable or were not relaxed for this quantity"
    )


def _at_one(bulk):
    return bulk.sel({"lambda": 1.0}, method="nearest")


def _derivative_variables(mean, gradients, spreads, unit):
    over = ("quantity", "parameter")
    return {
        "value_at_mean": variable("quantity", mean, "unit", "value at the mean parameters"),
        "derivative": variable(over, gradients, f"unit/{unit}", "derivative at the mean"),
        "parameter_standard_deviation": variable(
            "parameter", spreads, unit, "standard deviation over the posterior"
        ),
        "sensitivity": variable(
            over, gradients * spreads, "unit", "derivative times the parameter's standard deviation"
        ),
    }


def _direction_variables(gradients, variances, directions, unit):
    along = np.sqrt(variances) * (gradients @ directions.T)
    variance = (along**2).sum(axis=1)
    over = ("quantity", "direction")
    return {
        "direction_vector": variable(
            ("direction", "parameter"), directions, "1", "principal directions of the posterior"
        ),
        "direction_variance": variable("direction", variances, f"{unit}^2", "variance along them"),
        "direction_sensitivity": variable(
            over, along, "unit", "derivative along a direction times its standard deviation"
        ),
        "standard_deviation_linear": variable(
            "quantity", np.sqrt(variance), "unit", "standard deviation to first order"
        ),
        "variance_share": variable(
            over,
            along**2 / variance[:, None],
            "1",
            "share of the linearised variance that a direction carries",
        ),
    }


def _drawn_variables(drawn):
    correlation = np.corrcoef(drawn) if drawn.shape[1] > 1 else np.full((len(drawn),) * 2, np.nan)
    return {
        "drawn": variable(("quantity", "draw"), drawn, "unit", "quantities of the draws"),
        "drawn_correlation": variable(
            ("quantity", "quantity_2"), correlation, "1", "correlation over the draws"
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
