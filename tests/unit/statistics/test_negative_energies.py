"""Variants whose formation energy is below zero, true or predicted."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.statistics.negative_energies import negative_formation_energies

OVER = ("level", "sample", "lambda")
COORDS = {"level": ["c", "newton"], "sample": [4, 7], "lambda": [-1.0, 0.0, 1.0]}
# c is below zero everywhere: the most complete level counts.
NEWTON = np.array([[0.5, 1.0, -0.1], [np.nan, 1.0, -0.2]])


@pytest.fixture
def levels():
    return xr.Dataset({"formation_energy": (OVER, np.array([NEWTON - 9, NEWTON]))}, COORDS)


def test_the_most_complete_prediction_counts_without_a_truth(levels):
    table = negative_formation_energies(levels)
    assert table[["sample", "lambda", "formation_energy_eV", "source"]].values.tolist() == [
        [4, 1.0, -0.1, "newton"],
        [7, 1.0, -0.2, "newton"],
    ]


def test_the_true_energy_of_a_relaxed_variant_counts(levels):
    status = [["converged", "converged", "converged"], ["cut", "converged", "cut"]]
    true = np.array([[-0.3, 1.0, 0.1], [np.nan, 1.0, np.nan]])
    truth = xr.Dataset(
        {"formation_energy": (OVER[1:], true), "status": (OVER[1:], np.array(status))},
        {name: COORDS[name] for name in OVER[1:]},
    )
    table = negative_formation_energies(levels, truth)
    columns = ["sample", "lambda", "formation_energy_eV", "source", "truth_status"]
    assert table[columns].values.tolist() == [
        [4, -1.0, -0.3, "truth", "converged"],
        [7, 1.0, -0.2, "newton", "cut"],
    ]
