"""One LAMMPS instance: its errors become ours."""

import numpy as np
import pytest

from relaxdiff.exceptions import LammpsError
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.relaxation import relax
from relaxdiff.structures.kinds import bulk_cell
from relaxdiff.structures.lattices import PerfectCrystal


@pytest.fixture(scope="module")
def calculator(tungsten):
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        yield calculator


def test_lammps_errors_become_ours_and_leave_it_usable(calculator):
    calculator.evaluate(bulk_cell("W", 3.16))
    with pytest.raises(LammpsError, match="Unknown command"):
        calculator.session.command("nonsense")
    assert np.isfinite(calculator.evaluate(bulk_cell("W", 3.16)).values).all()


def test_positions_that_are_not_finite_are_refused(tungsten):
    """In the first structure that a calculator is given, too."""
    broken = bulk_cell("W", 3.16)
    broken.positions[0, 0] = np.nan
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        for _ in range(2):
            with pytest.raises(LammpsError, match="W2: a position is not finite"):
                calculator.evaluate(broken)
        assert np.isfinite(calculator.evaluate(bulk_cell("W", 3.16)).values).all()


def test_open_boundaries_are_refused(calculator):
    atoms = bulk_cell("W", 3.16)
    atoms.pbc = (True, True, False)
    with pytest.raises(LammpsError, match="periodic"):
        calculator.evaluate(atoms)


def test_a_structure_of_another_element_is_refused(tungsten_beryllium):
    atoms = PerfectCrystal("Ta", "bcc", 3.3).conventional(2)
    with pytest.raises(LammpsError, match="not for Ta"):
        relax(atoms, tungsten_beryllium)
