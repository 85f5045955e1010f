"""The table of group weights of a fit."""

import csv
import re

import numpy as np

from relaxdiff.exceptions import InputError
from relaxdiff.files import read_text
from relaxdiff.posterior.configurations import QUANTITIES

WEIGHT_COLUMNS = ("energy_weight", "force_weight", "stress_weight")
GROUP = re.compile(r"\w[\w.+=,()@-]*")  # a group names files of the study


def read_weights(path):
    """Read the table of group weights, CSV: group,energy_weight,force_weight,stress_weight.

    Returns a dict: group -> dict with the keys of QUANTITIES. A row of the design is multiplied by
    its weight, as FitSNAP does: energies in eV/atom, forces in eV/A, stresses in bar. With the
    weight 0 the rows stay out of the fit and are only used to measure its error. Lines that start
    with # are comments. Raises InputError naming the file and the group.
    """
    text = read_text(path)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(lines)
    expected = ["group", *WEIGHT_COLUMNS]
    if [name.strip() for name in reader.fieldnames or ()] != expected:
        raise InputError(f"{path}: the first line must be {','.join(expected)}")
    reader.fieldnames = expected
    weights = {}
    for row in reader:
        group = (row["group"] or "").strip()
        if not GROUP.fullmatch(group):
            raise InputError(
                f"{path}: '{group[:60]}' cannot be the name of a group: use letters, digits and "
                "any of _.+=,()@- behind the first"
            )
        if group in weights:
            raise InputError(f"{path}: the group {group} stands there twice")
        if None in row or None in row.values():
            raise InputError(f"{path}: the line of group {group} needs {len(expected)} columns")
        weights[group] = {
            quantity: _weight(row[column], path, group)
            for quantity, column in zip(QUANTITIES, WEIGHT_COLUMNS, strict=True)
        }
    if not weights:
        raise InputError(f"{path}: holds no groups")
    if not any(weight for of_group in weights.values() for weight in of_group.values()):
        raise InputError(f"{path}: every weight is 0, so there is nothing to fit")
    return weights


def _weight(text, path, group):
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not (np.isfinite(value) and value >= 0):
        raise InputError(
            f"{path}: a weight of group {group} is '{text}', not a number of 0 or more"
        )
    return value
