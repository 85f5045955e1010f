"""What every configuration is checked for."""

import numpy as np
import pytest
from ase.build import bulk

from relaxdiff.exceptions import InputError
from relaxdiff.posterior.configurations import configuration, numbers

FORCES, ATOMS = np.zeros((2, 3)), bulk("W", cubic=True)


def test_a_stress_of_zeros_is_none():
    assert configuration("one", ATOMS, -17.0, FORCES, np.zeros((3, 3))).stress is None
    stress = np.diag([0.1, 0.2, 0.3])
    stress[0, 1] = 1e-5  # round-off of a file
    found = configuration("one", ATOMS, -17.0, FORCES, stress).stress
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(found[0, 1], 5e-6)


def test_what_is_no_configuration_is_named():
    with pytest.raises(InputError, match="^one: holds no atoms"):
        configuration("one", ATOMS[:0], -17.0, FORCES, np.zeros((3, 3)))
    flat = ATOMS.copy()
    flat.cell[2] = flat.cell[1]
    with pytest.raises(InputError, match="^one: .* the cell has no volume"):
        configuration("one", flat, -17.0, FORCES, np.zeros((3, 3)))
    with pytest.raises(InputError, match="^one: the stress is not a symmetric matrix"):
        configuration("one", ATOMS, -17.0, FORCES, np.arange(9.0).reshape(3, 3))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1, 2], [3]], "Forces is not an array of numbers"),
        ("word", "Forces is not an array of numbers"),
        ([1.0, 2.0], r"Forces has the shape \(2,\), expected \(3,\)"),
        ([1.0, 2.0, np.nan], "Forces holds a number that is not finite"),
    ],
)
def test_what_are_no_numbers_is_named(values, words):
    with pytest.raises(InputError, match=f"^one: {words}"):
        numbers(values, (3,), "Forces", "one")
    np.testing.assert_array_equal(numbers([1, 2, 3], (3,), "Forces", "one"), [1.0, 2.0, 3.0])
