"""A fit to properties as Datasets and a table: the path of all quantities, and a new posterior."""

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.files import variable
from relaxdiff.posterior import start_posterior, with_normal
from relaxdiff.units import UNIT_OF_EACH


def property_path(potential, targets, steps, root):
    """The Dataset of a fit over (step, quantity) and (step, parameter).

    potential: Potential at the start; targets: a list of Target; steps: of a Search; root: of
    `spread`, from which the uncertainty of each quantity at the end follows. Quantities with
    several values, such as force constants, have the distance from their target in their place.
    """
    wanted = {target.name: target for target in targets}
    names = list(steps[0].quantities)
    values = [[_value(each.quantities[name], wanted.get(name)) for name in names] for each in steps]
    units = [steps[0].quantities[name].unit for name in names]
    goals = [_goal(wanted.get(name)) for name in names]
    tolerances = [wanted[name].tolerance if name in wanted else np.nan for name in names]
    last = steps[-1].quantities
    spreads = [_spread(last[name], root) for name in names]
    unit, n_shifts = potential.parameters.unit, len(potential.energy_shifts)
    return xr.Dataset(
        {
            "theta": variable(
                ("step", "parameter"),
                [step.values[n_shifts:] for step in steps],
                unit,
                "parameters after each step",
            ),
            "distance": variable(
                "step",
                [step.distance for step in steps],
                "1",
                "change of the free parameters: of a fit with a prior in standard deviations of "
                "the posterior, of others relative to each parameter's start",
            ),
            "loss": variable(
                "step", [step.loss for step in steps], "1", "half the sum of squared residuals"
            ),
            "evaluations": variable(
                "step", [step.evaluations for step in steps], "1", "evaluations so far"
            ),
            "value": variable(("step", "quantity"), values, "quantity_unit", "quantities"),
            "target": variable("quantity", goals, "quantity_unit", "wanted values; NaN of others"),
            "tolerance": variable("quantity", tolerances, "quantity_unit", "of the targets"),
            "standard_deviation": variable(
                "quantity", spreads, "quantity_unit", "by the posterior about the last step"
            ),
        },
        coords={
            "step": np.arange(len(steps)),
            "parameter": list(potential.parameters.names),
            "quantity": names,
            "quantity_unit": ("quantity", units),
            UNIT_OF_EACH: ("parameter", list(potential.parameters.units)),
        },
    )


def _value(quantity, target):
    """Its value, or of several the distance from the target."""
    if len(quantity.values) == 1:
        return quantity.values[0]
    return np.nan if target is None else np.linalg.norm(quantity.values - target.values)


def _goal(target):
    if target is None:
        return np.nan
    return target.values[0] if len(target.values) == 1 else 0.0


def _spread(quantity, root):
    return np.linalg.norm(root @ quantity.gradient[0]) if len(quantity.values) == 1 else np.nan


def posterior_about(potential, root):
    """The posterior about a fitted potential, with the covariance R^T R; root: R, (k, E + P)."""
    shifts, directions = np.split(root, [len(potential.energy_shifts)], axis=1)
    dataset = start_posterior(potential, directions.T @ directions)
    return with_normal(dataset, directions, shifts)


def phonon_sources(search, name, count):
    """Force constants, (N, N, 3, 3), of the target and before and after a Search, a dict.

    name: of the target; count: N.
    """
    (target,) = (each for each in search.targets if each.name == name)
    found = {"target": target.values}
    for when, step in (("before", search.steps[0]), ("after", search.steps[-1])):
        found[when] = step.quantities[name].values
    return {each: values.reshape(count, count, 3, 3) for each, values in found.items()}


def property_table(path, confirmed):
    """Target, before and after for each quantity, a DataFrame.

    path: Dataset of `property_path`; confirmed: what another program finds at the end, a dict.
    """
    first, last = path.isel(step=0), path.isel(step=-1)
    return pd.DataFrame(
        {
            "quantity": path["quantity"].values,
            "unit": path["quantity_unit"].values,
            "target": path["target"].values,
            "tolerance": path["tolerance"].values,
            "before": first["value"].values,
            "after": last["value"].values,
            "standard_deviation": path["standard_deviation"].values,
            "lammps": [confirmed.get(name, np.nan) for name in path["quantity"].values],
        }
    )
