"""What is known of the Hessian when a search begins, and what is learnt on the way."""

import pytest

from relaxdiff import relax
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal


def test_large_cells_relax_with_the_lattice(tungsten):
    """The same minimum in fewer evaluations, from a limited memory of steps."""
    atoms = vacancy_cell("W", 3.18, 4)
    constants = crystal_force_constants(tungsten, PerfectCrystal("W", "bcc", 3.18))
    green = LatticeGreen(constants, atoms, 4)
    plain, helped = relax(atoms, tungsten), relax(atoms, tungsten, preconditioner=green)
    assert helped.n_evaluations < plain.n_evaluations
    assert helped.energy == pytest.approx(plain.energy, rel=1e-12)
