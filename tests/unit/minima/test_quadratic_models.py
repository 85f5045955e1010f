"""What a relaxation knows of its Hessian, and learns on the way."""

import pytest

import relaxdiff.minima.quadratic_models
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
    assert helped.n_evaluations <= 8  # the crystal's elastic constants tell the strain
    assert helped.energy == pytest.approx(plain.energy, rel=1e-12)


def test_a_limited_memory_is_the_same_update_as_a_matrix(tungsten, monkeypatch):
    """Of many coordinates no matrix is kept."""
    atoms = vacancy_cell("W", 3.18, 2)
    atoms.rattle(0.05, seed=3)
    with_matrix = relax(atoms, tungsten, symmetry=False)
    monkeypatch.setattr(relaxdiff.minima.quadratic_models, "LARGEST_MATRIX", 0)
    without = relax(atoms, tungsten, symmetry=False)
    assert without.converged
    assert without.energy == pytest.approx(with_matrix.energy, abs=1e-10)
    assert without.n_evaluations == with_matrix.n_evaluations
