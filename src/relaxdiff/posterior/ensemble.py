"""A user's potential and what is known of its uncertainty, as a posterior.

That is a table of parameter sets, their deviations from the potential, or a covariance matrix.
"""

import logging
from pathlib import Path

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.distribution import start_posterior, with_draws, with_normal
from relaxdiff.posterior.tables import needed_columns, read_npy, read_parameter_sets, sizes
from relaxdiff.potentials.snap import (
    PairBaseline,
    ZblBaseline,
    coefficient_norms,
    parameter_names,
    read_parameters,
    read_snap,
)

log = logging.getLogger(__name__)

# A row of coefficients is another one in other units when it is at least so many times as large, or
# as small, and differs from that multiple by no more than this share; of fewer coefficients than
# these it may be chance. Guesses: the usual units make coefficients 23 (kcal/mol) or 96 (kJ/mol)
# times as large, 14 (Rydberg) or 27 (Hartree) times as small.
UNIT_FACTOR, UNIT_TOLERANCE, UNIT_COEFFICIENTS = 2.0, 0.2, 5
# How unsymmetric a matrix of correlations may be, and how negative an eigenvalue relative to the
# largest. Guesses at what single precision leaves.
ASYMMETRY, NEGATIVE = 1e-5, 1e-6
MENTIONED = 3  # coefficients in a warning; the others are counted


def posterior_from_ensemble(
    coefficients: str | Path,
    parameters: str | Path,
    samples: str | Path,
    baseline: ZblBaseline | PairBaseline | None = None,
) -> xr.Dataset:
    """The posterior that a table of parameter sets stands for.

    coefficients, parameters: paths of the .snapcoeff and .snapparam files; samples: path of a CSV
    (or .npy) table, first row the mean, then one sample per row, eV; its columns are those of
    `read_parameter_sets`, and without beta_0 it is that of the .snapcoeff file. baseline: fixed
    pair style or None. Returns a Dataset with draws. Raises InputError naming file and line, also
    for rows in other units. A first row that differs from the .snapcoeff file otherwise is logged
    as a warning that names coefficients, and the table wins.
    """
    potential, norms = _read_potential(coefficients, parameters, baseline)
    rows, lines = read_parameter_sets(samples, potential.hyperparameters)
    if len(rows) < 2:
        raise InputError(f"{samples}: needs the mean and at least one sample, has {len(rows)} row")
    table, shift = _split(rows, potential, norms)
    expected = _row_of(potential, norms, with_shift=shift is not None)
    _refuse_transposed(rows, expected, samples)
    _refuse_other_units(table, lines, potential.theta, samples, coefficients)
    _refuse_deviations(rows, expected, samples)
    if not (table[1:] != table[0]).any():
        raise InputError(
            f"{samples}: every sample equals the first row, the mean: there is no uncertainty"
        )
    names = parameter_names(potential.hyperparameters, with_shift=shift is not None)
    _warn_of_another_mean(rows[0], expected, names, (samples, coefficients))
    if shift is None:
        shift = np.tile(potential.energy_shifts, (len(rows), 1))
    mean = potential.with_theta(table[0], shift[0])
    deviations = table[1:] - table[0]
    dataset = start_posterior(mean, deviations.T @ deviations / len(deviations))
    return with_draws(dataset, table[1:], shift[1:])


def posterior_from_deviations(coefficients, parameters, deviations, baseline=None):
    """The posterior of a potential and of deviations of samples from it, as popsregression's.

    deviations: path of a .npy file, shape (n, sample), eV: n = P coefficients in the order of the
    .snapcoeff file, or P + E with every element's beta_0 in front of its others; without, beta_0 is
    that of the .snapcoeff file. That is what popsregression has in `posterior_samples_`. Others as
    in `posterior_from_ensemble`. Returns a Dataset with draws. Raises InputError naming the file.
    """
    potential, norms = _read_potential(coefficients, parameters, baseline)
    columns = _read_npy_only(deviations)
    if len(columns) not in sizes(potential.hyperparameters):
        shape = f"{len(columns)} rows of {columns.shape[1]} columns"
        if columns.shape[1] in sizes(potential.hyperparameters):
            shape += " and looks transposed"
        raise InputError(
            f"{deviations}: has {shape}: give a row for each coefficient and a column for each "
            f"sample; {needed_columns(potential.hyperparameters)}"
        )
    theta, shift = _split(columns.T, potential, norms)
    if np.linalg.norm(theta.mean(axis=0) - potential.theta) < 0.5 * np.linalg.norm(potential.theta):
        raise InputError(
            f"{deviations}: holds the coefficients in {coefficients} with deviations added: "
            "subtract the coefficients, or name the table under samples"
        )
    if not columns.any():
        raise InputError(f"{deviations}: every deviation is 0: there is no uncertainty")
    dataset = start_posterior(potential, theta.T @ theta / len(theta))
    shift = np.zeros((len(theta), len(potential.elements))) if shift is None else shift
    return with_draws(dataset, potential.theta + theta, potential.energy_shifts + shift)


def posterior_from_covariance(coefficients, parameters, covariance, baseline=None):
    """The posterior that is a normal distribution around a potential.

    covariance: path of a .npy file, shape (n, n), eV^2, of the coefficients as in
    `posterior_from_deviations`; others as there. Returns a Dataset to draw from, without draws.
    Raises InputError naming the file when it is no covariance.
    """
    potential, norms = _read_potential(coefficients, parameters, baseline)
    matrix = _read_npy_only(covariance)
    if matrix.shape[0] != matrix.shape[1] or len(matrix) not in sizes(potential.hyperparameters):
        raise InputError(
            f"{covariance}: has {matrix.shape[0]} rows of {matrix.shape[1]} columns: give one of "
            f"each for every coefficient; {needed_columns(potential.hyperparameters)}"
        )
    theta, shift = _split(_root(matrix, covariance), potential, norms)
    shift = np.zeros((len(theta), len(potential.elements))) if shift is None else shift
    return with_normal(start_posterior(potential, theta.T @ theta), theta, shift)


# Keys of `posterior.ensemble` that say how uncertain the potential is, and what reads their files.
ENSEMBLE_SOURCES = {
    "samples": posterior_from_ensemble,
    "deviations": posterior_from_deviations,
    "covariance": posterior_from_covariance,
}


def _read_potential(coefficients, parameters, baseline):
    """The potential, and what its files' coefficients are divided by to be its theta, (K,)."""
    potential = read_snap(coefficients, parameters, baseline)
    return potential, coefficient_norms(read_parameters(parameters), potential.hyperparameters)


def _split(rows, potential, norms):
    """Rows (n, P) or (n, P + E) as theta, (n, P), and energy shifts, (n, E), or None without."""
    hyper = potential.hyperparameters
    table = rows.reshape(len(rows), len(hyper.elements), -1)
    shift = None
    if table.shape[2] > hyper.n_of_element:
        shift, table = table[:, :, 0], table[:, :, 1:]
    return (table / norms).reshape(len(rows), -1), shift


def _read_npy_only(path):
    """The finite numbers of a .npy file; InputError if it is another file."""
    path = Path(path)
    if path.suffix != ".npy":
        raise InputError(f"{path}: must be a .npy file, as numpy.save writes it")
    table = read_npy(path)
    if not np.isfinite(table).all():
        raise InputError(f"{path}: holds a number that is not finite")
    return table


def _root(matrix, path):
    """A root R of a covariance, R^T R; InputError naming what keeps it from being one.

    With the standard deviations S and the correlations C, R = sqrt(C) S: no choice of eigenvectors
    is in it, and coefficients of any size are as exact as others.
    """
    variances = matrix.diagonal()
    if (variances < 0).any():
        raise InputError(f"{path}: is no covariance: a number on its diagonal is negative")
    if not variances.any():
        raise InputError(f"{path}: its diagonal is 0: there is no uncertainty")
    if (variances == 1).all():
        raise InputError(
            f"{path}: its diagonal is 1, as of a matrix of correlations: multiply by the standard "
            "deviations of both coefficients"
        )
    deviations = np.sqrt(variances)
    scale = np.where(variances > 0, deviations, 1.0)
    correlations = matrix / np.outer(scale, scale)
    if np.abs(correlations - correlations.T).max() > ASYMMETRY:
        raise InputError(f"{path}: is no covariance: it is not symmetric")
    values, vectors = np.linalg.eigh((correlations + correlations.T) / 2)
    if values[0] < -NEGATIVE * values[-1]:
        raise InputError(
            f"{path}: is no covariance: it has negative eigenvalues, so that some combination of "
            "coefficients would have a negative variance"
        )
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T * deviations


def _row_of(potential, norms, with_shift):
    """The row of a table that a potential's .snapcoeff file would be, (P,) or (P + E,)."""
    blocks = potential.theta.reshape(len(potential.elements), -1) * norms
    return (np.column_stack([potential.energy_shifts, blocks]) if with_shift else blocks).ravel()


def _warn_of_another_mean(found, expected, names, paths):
    """A warning when the mean of a table is not that of the .snapcoeff file.

    found, expected: coefficients of both; names: theirs; paths: of the table and the other file.
    """
    other = np.flatnonzero(~np.isclose(found, expected, rtol=1e-6, atol=1e-12))
    if not other.size:
        return
    told = [f"{names[i]} is {found[i]:.10g}, not {expected[i]:.10g}" for i in other[:MENTIONED]]
    more = f"; and {other.size - MENTIONED} more" if other.size > MENTIONED else ""
    log.warning(
        "%s: the first row, taken as the mean, differs from the coefficients in %s: %s%s",
        *paths,
        "; ".join(told),
        more,
    )


def _refuse_transposed(rows, expected, samples):
    """InputError for a square table with the mean in its first column; expected: `_row_of`."""
    square = rows.shape == (len(expected), len(expected)) and len(expected) > 1
    if square and np.allclose(rows[:, 0], expected) and not np.allclose(rows[0], expected):
        raise InputError(
            f"{samples}: its first column, not its first row, is the mean, so that it looks "
            "transposed: give one parameter set in each row"
        )


def _refuse_deviations(rows, expected, samples):
    """InputError for rows that scatter around 0 where `expected` (`_row_of`) is far from it."""
    size = np.linalg.norm(expected)
    another_mean = np.linalg.norm(rows[0] - expected) > UNIT_TOLERANCE * size
    if another_mean and np.linalg.norm(rows.mean(axis=0)) < UNIT_TOLERANCE * size:
        raise InputError(
            f"{samples}: its rows scatter around 0, as deviations from the mean do: add the mean, "
            "with the mean itself as the first row, or name them under deviations"
        )


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
