"""Springs as a preconditioner: symmetric, positive, and blind to translations."""

import numpy as np
import pytest

from relaxdiff.exceptions import InputError
from relaxdiff.minima.springs import Springs
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell


def test_springs_are_symmetric_positive_and_without_translation():
    atoms = vacancy_cell("W", 3.18, 2)
    springs, size = Springs(atoms), 3 * len(atoms)
    applied = np.array([springs.apply(each.reshape(-1, 3)).ravel() for each in np.eye(size)])
    rigid = np.tile(np.eye(3), (len(atoms), 1)) / np.sqrt(len(atoms))
    without = np.eye(size) - rigid @ rigid.T
    inverse = without @ applied
    assert np.abs(applied @ rigid).max() < 1e-9 * np.abs(applied).max()
    assert inverse == pytest.approx(inverse.T, abs=1e-9 * np.abs(inverse).max())
    assert np.linalg.eigvalsh((inverse + inverse.T) / 2)[3:].min() > 0


def test_one_atom_has_no_springs():
    with pytest.raises(InputError, match="one atom has no neighbours"):
        Springs(bulk_cell("W", 3.18)[:1])
