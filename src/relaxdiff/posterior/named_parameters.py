"""The posterior of a potential written in JAX: its parameters by name, and how uncertain they are.

Nobody fits such a potential here: the config has the mean, and standard deviations, a covariance or
a table of samples.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.distribution import start_posterior, with_draws, with_normal

# Keys of `posterior.analytic` that say how uncertain the parameters are.
NAMED_SOURCES = ("deviations", "covariance", "samples")


def posterior_from_named(settings):
    """The posterior that `posterior.analytic` of a config stands for, a Dataset.

    settings: a dict with `potential`, one of BUILT_IN or the path of a Python file; optionally
    `elements` and `parameters`, a dict of means that differ from the potential's own; and one of
    NAMED_SOURCES. Raises InputError naming a parameter that the potential does not have, or the
    file that cannot be used.
    """
    potential = potential_from_named(settings)
    names, shape = list(potential.parameters.names), potential.energy_shifts.shape
    if (path := settings.get("samples")) is not None:
        table = _table(path, names)
        theta = np.tile(potential.theta, (len(table), 1))
        for name in table.columns:
            theta[:, names.index(name)] = table[name]
        deviations = theta - potential.theta
        if not deviations.any():
            raise InputError(f"{path}: every sample equals the mean: there is no uncertainty")
        dataset = start_posterior(potential, deviations.T @ deviations / len(deviations))
        return with_draws(dataset, theta, np.zeros((len(theta), *shape)))
    if (path := settings.get("covariance")) is not None:
        directions = _root_of(path, names)
    else:
        directions = np.zeros((len(settings["deviations"]), len(names)))
        for row, (name, deviation) in enumerate(settings["deviations"].items()):
            if name not in names:
                raise InputError(f"deviations: {name} is not one of {', '.join(names)}")
            directions[row, names.index(name)] = deviation
        if not directions.any():
            raise InputError("deviations: all are 0: there is no uncertainty")
    dataset = start_posterior(potential, directions.T @ directions)
    return with_normal(dataset, directions, np.zeros((len(directions), *shape)))


def potential_from_named(settings):
    """The AnalyticPotential at the mean; settings and errors as for `posterior_from_named`."""
    # JAX is imported only where it is used.
    from relaxdiff.potentials.analytic import analytic_potential

    return analytic_potential(
        settings["potential"], settings.get("parameters"), settings.get("elements")
    )


def _table(path, names):
    """A CSV table whose columns are parameters, finite numbers."""
    try:
        table = pd.read_csv(path, float_precision="round_trip")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no CSV table ({error})") from None
    unknown = [str(column) for column in table.columns if column not in names]
    if unknown:
        raise InputError(
            f"{path}: the columns {', '.join(unknown)} are none of the parameters "
            f"{', '.join(names)}"
        )
    if table.empty:
        raise InputError(f"{path}: holds no row")
    try:
        values = table.astype(float)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    if not np.isfinite(values.to_numpy()).all():
        raise InputError(f"{path}: holds a number that is missing or not finite")
    return values


def _root_of(path, names):
    """A root R of the covariance R^T R in a CSV table with parameters as columns and rows."""
    table = _table(path, names)
    matrix = table.to_numpy()
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(
            f"{Path(path)}: has {matrix.shape[0]} rows and {matrix.shape[1]} columns: give one of "
            "each for every uncertain parameter, in the same order"
        )
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if not np.allclose(matrix, matrix.T) or values[0] < -1e-9 * abs(values[-1]) or values[-1] <= 0:
        raise InputError(f"{path}: is no covariance: it is not symmetric and positive")
    root = (vectors * np.sqrt(np.maximum(values, 0))).T
    directions = np.zeros((len(root), len(names)))
    directions[:, [names.index(name) for name in table.columns]] = root
    return directions
