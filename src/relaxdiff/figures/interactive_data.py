"""The numbers that an interactive page holds, as small as they get."""

import base64
import gzip

import numpy as np
from ase.data import chemical_symbols
from ase.data.colors import jmol_colors
from matplotlib.colors import to_hex

from relaxdiff.figures.displacements import (
    centred_positions,
    displacement_fields,
    reference_atoms,
)
from relaxdiff.posterior import all_parameters, deviations, is_snap

HUGE = 1e8  # eV, Angstrom^3: predicted out of all reason
DIFFERENCES = 3
DIGITS = {"formation_energy": 7, "formation_volume": 4}
MOST_ATOMS = 300  # of the 3D view
SMALLEST_FIELD = 1e-3  # parts of the displacements below this share of the largest are left out
FIELD_UNITS = 9999


def compressed(text):
    """Text as base64 of gzip; the same bytes for the same text."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def variant_labels(lambdas):
    """The part after 'sample007_lambda' of a variant's name, for each lambda: +04.0, -00.25."""
    labels = []
    for value in lambdas:
        whole, _, decimals = np.format_float_positional(abs(value), trim="0").partition(".")
        labels.append(f"{'-' if value < 0 else '+'}{int(whole):02d}.{decimals}")
    return labels


def pack(values, digits):
    """Numbers of shape (source, sample, lambda), rounded to so many decimals, as they are stored.

    Third differences along lambda: those of smooth curves are small and compress well. `holes`
    are the steps from one NaN to the next in the flattened table.
    """
    missing = ~(np.abs(values) < HUGE)
    differences = np.rint(np.where(missing, 0, values) * 10**digits).astype(int)
    for _ in range(DIFFERENCES):
        differences = np.diff(differences, prepend=0)
    holes = np.diff(np.flatnonzero(missing), prepend=0)
    return {"digits": digits, "differences": differences.tolist(), "holes": holes.tolist()}


def page_numbers(commands, posterior, predictions, truth, samples):
    """What the page's script needs of the variants: every number once, a dict.

    predictions: at all levels; truth: Dataset or None; samples: how many posterior samples to hold.
    """
    sources = [*map(str, predictions["level"].values), *([] if truth is None else ["truth"])]
    steps, mean, names, units = _parameters(posterior)
    estimates = np.maximum(predictions["error_estimate"].values, 1e-12)
    data = {
        "commands": commands,
        "lambdas": predictions["lambda"].values.tolist(),
        "labels": variant_labels(predictions["lambda"].values),
        "samples": predictions["sample"].values[:samples].tolist(),
        "sources": sources,
        "mean": mean.tolist(),
        "names": names,
        "units": units,
        "shifts": len(names) - posterior.sizes["parameter"],
        "deviations": steps[:samples].tolist(),
        # Of an estimate two digits are enough.
        "error_estimate": pack(np.log10(estimates)[:, :samples], 2),
        "status": None if truth is None else _statuses(truth["status"].values[:samples]),
    }
    for quantity, digits in DIGITS.items():
        values = predictions[quantity].values
        if truth is not None:
            relaxed = truth[quantity].where(truth["status"] == "converged")
            values = np.concatenate([values, relaxed.values[None]])
        data[quantity] = pack(values[:, :samples], digits)
    return data


def _parameters(posterior):
    """Deviations (sample, k) and mean (k,) of the parameters, their names and units.

    Of SNAP those of beta_0 come first, and units is None: all are in eV.
    """
    theta, shift = deviations(posterior)
    mean, names = posterior["theta_mean"].values, all_parameters(posterior)
    if is_snap(posterior.attrs):
        mean = np.append(posterior["energy_shift_mean"].values, mean)
        return np.column_stack([shift, theta]), mean, names, None
    units = [str(unit) for unit in posterior["parameter_unit"].values]
    return theta, mean, names[shift.shape[1] :], units


def _statuses(status):
    """The words, and for each sample and lambda the index of its word."""
    words, indices = np.unique(status.astype(str), return_inverse=True)
    return {"words": words.tolist(), "indices": indices.reshape(status.shape).tolist()}


def view_numbers(posterior, reference, derivative, samples):
    """The atoms of the 3D view and where the samples move them, a dict.

    `atoms` are [symbol, x, y, z], the most displaced ones if there are too many; `left_out` counts
    the others; `colours` are those of the symbols. Displacements of a sample at lambda = 1 are the
    sum of `fields` (integers), each times the sample's own of `amounts`, in Angstrom. That is their
    singular value decomposition, in which few fields are enough.
    """
    moved = displacement_fields(posterior, derivative)
    spread = np.sqrt(np.mean(np.sum(moved**2, axis=2), axis=0))
    shown = np.sort(np.argsort(-spread, kind="stable")[:MOST_ATOMS])
    atoms = reference_atoms(reference)
    positions, symbols = centred_positions(atoms, spread), atoms.get_chemical_symbols()
    left, sizes, fields = np.linalg.svd(
        moved[:, shown].reshape(len(moved), -1), full_matrices=False
    )
    kept = sizes > SMALLEST_FIELD * sizes[0]
    scale = np.abs(fields[kept]).max(axis=1, initial=1e-300)[:, None] / FIELD_UNITS
    amounts = left[:samples, kept] * sizes[kept] * scale.T
    return {
        "atoms": [[symbols[atom], *np.round(positions[atom], 3).tolist()] for atom in shown],
        "colours": {chemical_symbols[n]: to_hex(jmol_colors[n]) for n in np.unique(atoms.numbers)},
        "left_out": len(positions) - len(shown),
        "fields": np.rint(fields[kept] / scale).astype(int).tolist(),
        "amounts": [[float(f"{x:.5g}") for x in row] for row in amounts],
    }
