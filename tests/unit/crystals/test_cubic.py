"""Elastic constants of cubic crystals, against energies of strained cells."""

import numpy as np
import pytest
from ase.eos import EquationOfState
from crystal_study import cell_at

from relaxdiff.crystals.cubic import ELASTIC_DEGREE, curvature_densities
from relaxdiff.crystals.interpolation import interpolate
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.units import GPA

START = starting_crystal("W", "bcc")


def test_moduli_are_exact_across_cutoff_crossings(descriptors, tungsten):
    """Close to a crossing, too, where a difference that reaches across it would be wrong by GPa."""
    edges = descriptors.edges[2:5]
    panels = interpolate(
        lambda a: curvature_densities(tungsten, START.at(a)), edges, ELASTIC_DEGREE
    )
    for at in (edges[0] + 2e-3, edges[1] - 2e-3, edges[1] + 1e-2):
        found = panels([at])[0] @ tungsten.weights
        exact = curvature_densities(tungsten, START.at(at)) @ tungsten.weights
        assert found * GPA == pytest.approx(exact * GPA, abs=1e-4)


def test_bulk_modulus_matches_an_equation_of_state(bulk, calculator, tungsten):
    edges = float(bulk["reference_lattice_parameter"]) * np.linspace(0.997, 1.003, 7)
    energies = [calculator.evaluate(cell_at(a)).values @ tungsten.weights for a in edges]
    modulus = EquationOfState(edges**3, energies).fit()[2] * 160.2176634
    assert float(bulk["bulk_modulus"][0, 2]) == pytest.approx(modulus, rel=2e-3)


def test_shear_moduli_match_energies_of_strained_cells(bulk, calculator, tungsten):
    cell = cell_at(float(bulk["reference_lattice_parameter"]))

    def curvature(pattern, step=5e-4):
        energies = []
        for size in (-step, 0.0, step):
            strained = cell.copy()
            strained.set_cell(cell.cell.array @ (np.eye(3) + size * pattern), scale_atoms=True)
            energies.append(calculator.evaluate(strained).values @ tungsten.weights)
        return np.dot(energies, [1, -2, 1]) / step**2 / cell.get_volume() * 160.2176634

    stretch = np.diag([1.0, -1.0, 0.0])
    shear = np.array([[0, 1.0, 0], [1.0, 0, 0], [0, 0, 0]])
    # Energy density: (C11 - C12) e^2 for the first pattern, 2 C44 e^2 for the second.
    tetragonal = float(bulk["tetragonal_shear_modulus"][0, 2])
    assert tetragonal == pytest.approx(curvature(stretch) / 4, rel=1e-3)
    assert float(bulk["shear_modulus_c44"][0, 2]) == pytest.approx(curvature(shear) / 4, rel=1e-3)
