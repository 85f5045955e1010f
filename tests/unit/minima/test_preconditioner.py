"""What preconditions which structure, and that derivatives do not depend on it."""

import numpy as np
import pytest

from relaxdiff import implicit_derivative, relax
from relaxdiff.derivative.solvers import Sparse
from relaxdiff.minima.factorised_crystal import FactorisedCrystal
from relaxdiff.minima.lattice_green import LatticeGreen
from relaxdiff.minima.preconditioner import inverse_of_crystal
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.2)  # its lattice parameter does not count
STRUCTURES = {
    # Settings, and what the crystal leaves of the iterations.
    "dumbbell_110": ({"supercell": 4}, 0.7),
    "surface": ({"plane": [1, 1, 2], "layers": 24, "vacuum": 12.0}, 0.6),
    "gamma_surface": ({"plane": [1, 1, 2], "layers": 18, "displacement": [0.3, 0.1]}, 0.7),
}


def test_where_every_atom_has_a_site_it_is_the_greens_function(small_study):
    minimum = small_study.minimum
    assert isinstance(inverse_of_crystal(minimum, CRYSTAL, 2), LatticeGreen)
    assert isinstance(inverse_of_crystal(minimum, CRYSTAL), FactorisedCrystal)


@pytest.mark.parametrize("kind", STRUCTURES)
def test_sparse_is_dense_in_fewer_iterations(tungsten, built, kind):
    settings, left = STRUCTURES[kind]
    atoms = built(kind, **settings)
    minimum = relax(atoms, tungsten, "fixed", normal_only=kind == "gamma_surface")
    inverse = inverse_of_crystal(minimum, CRYSTAL, settings.get("supercell"))
    assert isinstance(inverse, FactorisedCrystal)
    direction = np.random.default_rng(0).normal(size=(55, 1)) * tungsten.theta[:, None]
    dense, plain, helped = (
        implicit_derivative(minimum, solver, direction)
        for solver in ("dense", Sparse(), Sparse(preconditioner=inverse))
    )
    exact = dense["position_derivative"].values
    assert helped["position_derivative"].values == pytest.approx(
        exact, abs=1e-6 * np.abs(exact).max()
    )
    assert helped.attrs["iterations"] < left * plain.attrs["iterations"]
