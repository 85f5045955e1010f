"""The displacement fields of samples, the field they differ in most, and atoms around a defect."""

import numpy as np
import pytest
from analytic_study import make_study
from ase.build import bcc100, bulk

from relaxdiff.figures.displacements import (
    centred_positions,
    displacement_fields,
    leading_field,
)


def test_fields_are_linear_in_the_parameters():
    study, _ = make_study()
    posterior, derivative = study["posterior"], study["derivative"]
    fields = displacement_fields(posterior, derivative)
    delta = posterior["theta"].values[2] - posterior["theta_mean"].values
    expected = np.tensordot(delta, derivative["position_derivative"].values, axes=1)
    assert fields[2] == pytest.approx(expected)


def test_leading_field_is_that_of_the_largest_variance():
    random = np.random.default_rng(3)
    large, small = np.linalg.qr(random.normal(size=(12, 2)))[0].T.reshape(2, 4, 3)
    amounts = np.array([[1.0, 0.1], [-1.0, 0.1], [1.0, -0.1], [-1.0, -0.1]])
    field, share = leading_field(np.einsum("sk,kax->sax", amounts, np.array([large, small])))
    assert np.abs(field) == pytest.approx(np.abs(large) * amounts[:, 0].std(ddof=1))
    assert field.flat[np.argmax(np.abs(field))] > 0
    assert share == pytest.approx(1 / 1.01)


def test_nothing_moves_nothing():
    field, share = leading_field(np.zeros((3, 2, 3)))
    assert not field.any()
    assert share == 0


def test_a_defect_at_the_corner_comes_to_the_middle():
    atoms = bulk("W", "bcc", 3.2, cubic=True) * 4
    cell = atoms.cell.array
    away = atoms.get_distances(0, range(len(atoms)), mic=True)
    moved = np.where(away > 0, 1 / np.maximum(away, 1) ** 2, 0)
    found = centred_positions(atoms, moved)
    assert found[0] == pytest.approx(cell.sum(axis=0) / 2)


def test_a_slab_stays_whole():
    slab = bcc100("W", (1, 1, 9), a=3.2, vacuum=5.0)
    slab.positions += slab.cell[2] * 0.45  # the vacuum is in the middle of the cell
    slab.wrap()
    moved = np.where(np.arange(9) % 8 == 0, 1.0, 0.1)
    height = np.ptp(centred_positions(slab, moved)[:, 2])
    assert height == pytest.approx(8 * 1.6)
