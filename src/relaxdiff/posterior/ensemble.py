"""A user's potential and table of parameter samples, as a posterior."""

import logging
from pathlib import Path

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_text
from relaxdiff.posterior.distribution import start_posterior, with_draws
from relaxdiff.potentials.snap import coefficient_norms, read_parameters, read_snap

log = logging.getLogger(__name__)

# A row of coefficients is another one in other units when it is at least so many times as large, or
# as small, and differs from that multiple by no more than this share; of fewer coefficients than
# these it may be chance. Guesses: the usual units make coefficients 23 (kcal/mol) or 96 (kJ/mol)
# times as large, 14 (Rydberg) or 27 (Hartree) times as small.
UNIT_FACTOR, UNIT_TOLERANCE, UNIT_COEFFICIENTS = 2.0, 0.2, 5


def posterior_from_ensemble(coefficients, parameters, samples, baseline=None):
    """The posterior that a table of parameter sets stands for.

    coefficients, parameters: paths of the .snapcoeff and .snapparam files; samples: path of a CSV
    (or .npy) table, first row the mean, then one sample per row; for each element in the order of
    the .snapcoeff file its columns beta_1 ..., or beta_0, beta_1 ...; without beta_0 it is that of
    the .snapcoeff file. Lines of the CSV that start with # are comments. baseline: fixed pair
    style or None. Returns a Dataset with draws. Raises InputError naming file and line, also for
    rows in other units. A first row that differs from the .snapcoeff file otherwise is logged as a
    warning, and the table wins.
    """
    potential = read_snap(coefficients, parameters, baseline)
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
    table = table / coefficient_norms(read_parameters(parameters), hyper)
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
    return with_draws(dataset, table[1:], shift[1:])


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
    """As `_read_table`, of a .npy file."""
    try:
        table = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError):
        raise InputError(f"{path}: is not a complete .npy table of numbers") from None
    if not (isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "fiu"):
        raise InputError(f"{path}: must be one table of real numbers with two dimensions")
    if not table.size:
        raise InputError(f"{path}: holds no rows")
    return list(table.astype(float)), [f"row {row}" for row in range(1, len(table) + 1)]
