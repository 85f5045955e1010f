"""ASE's calculator, the columns of any Atoms, and dynamical matrices."""

import itertools

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from zoo import ALLOY, MORSE, alloy_with_a_vacancy

from relaxdiff.crystals.stability import commensurate_q_points, dynamical_matrices
from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.potentials import weights_of
from relaxdiff.potentials.analytic import analytic_potential
from relaxdiff.structures import Freedom, coordinates_of
from relaxdiff.structures.lattices import starting_crystal

POTENTIAL = analytic_potential("lennard_jones", ALLOY)


@pytest.fixture(scope="module")
def alloy():
    """Atoms in a sheared cell, moved at random, with a calculator."""
    atoms = alloy_with_a_vacancy()
    atoms.set_cell(atoms.cell.array + 0.05 * np.arange(9).reshape(3, 3) % 0.11, scale_atoms=True)
    atoms.rattle(0.05, seed=4)
    atoms.calc = POTENTIAL.calculator()
    return atoms


def test_forces_and_stress_are_those_of_ase_by_differences(alloy):
    chosen = [0, 7, 30]
    forces = calculate_numerical_forces(alloy, eps=1e-4, iatoms=chosen)
    scale = np.abs(alloy.get_forces()).max()
    np.testing.assert_allclose(alloy.get_forces()[chosen], forces, rtol=0, atol=1e-6 * scale)
    stress = calculate_numerical_stress(alloy, eps=1e-5)
    scale = np.abs(alloy.get_stress()).max()
    np.testing.assert_allclose(alloy.get_stress(), stress, rtol=0, atol=1e-6 * scale)
    assert alloy.get_potential_energy() == alloy.get_potential_energy(force_consistent=True)


def test_columns_of_any_atoms(alloy):
    with POTENTIAL.descriptor_calculator() as calculator:
        found, weights = calculator.evaluate(alloy), POTENTIAL.weights
        assert calculator.smoothness_limits == [2.5]
        assert calculator.n_evaluations > 0
    energy, forces = alloy.get_potential_energy(), alloy.get_forces()
    assert found.values @ weights == pytest.approx(energy, rel=1e-13)
    np.testing.assert_allclose(found.gradient @ weights, -forces, rtol=0, atol=1e-10)
    virial = alloy.get_stress(voigt=False) * alloy.get_volume()
    strain_gradient = found.strain_gradient @ weights
    np.testing.assert_allclose((strain_gradient + strain_gradient.T) / 2, virial, atol=1e-9)
    coordinates = coordinates_of(alloy, Freedom(), symmetry=False)
    start = np.zeros(coordinates.size)
    with POTENTIAL.evaluator(coordinates) as evaluator:
        np.testing.assert_allclose(found.values, evaluator.descriptors(start), rtol=1e-10)
        mixed = coordinates.pull_back(found.gradient)
        columns = evaluator.columns(start)
        np.testing.assert_allclose(mixed, columns[:-1], rtol=0, atol=1e-9)
        swelling = np.einsum("iic->c", found.strain_gradient)
        np.testing.assert_allclose(swelling, columns[-1], rtol=0, atol=1e-9)


def test_structures_that_it_cannot_have_are_refused(alloy):
    calculator = POTENTIAL.calculator()
    neon = alloy.copy()
    neon.symbols[3] = "Ne"
    with pytest.raises(InputError, match="lennard_jones: is not for Ne"):
        calculator.get_potential_energy(neon)
    open_cell = alloy.copy()
    open_cell.pbc = (True, True, False)
    with pytest.raises(InputError, match="needs a periodic structure"):
        calculator.get_potential_energy(open_cell)
    coincident = Atoms("Ar2", [[0, 0, 0], [0, 0, 1e-60]], cell=[9, 9, 9], pbc=True)
    with pytest.raises(EvaluationError, match="the energy is not finite"):
        calculator.get_potential_energy(coincident)


CRYSTALS = {
    "stillinger_weber": starting_crystal("Si", "diamond", 5.431),
    "lennard_jones": starting_crystal("Ar", "fcc", 1.55),
    MORSE: starting_crystal("Cu", "fcc", 3.66),
}


@pytest.fixture(scope="module", params=CRYSTALS, ids=["diamond", "fcc", "fcc of a user"])
def crystal(request):
    """A potential and its crystal."""
    return analytic_potential(request.param), CRYSTALS[request.param]


def test_dynamical_matrices_are_the_hessian_of_a_supercell(crystal):
    """Exactly: the waves that a supercell can hold have its eigenvalues, all of them."""
    potential, perfect = crystal
    cell = perfect.primitive()
    supercell = cell.repeat(2)
    coordinates = coordinates_of(supercell, Freedom(np.zeros((0, 3, 3))), symmetry=False)
    with potential.evaluator(coordinates) as evaluator:
        hessian = evaluator.hessian(np.zeros(coordinates.size), potential.theta)
    steps = np.array(list(itertools.product((0, 0.5), repeat=3)))
    waves = 2 * np.pi * steps @ np.linalg.inv(cell.cell.array).T
    matrices = potential.dynamical_matrices(cell, waves)
    eigenvalues = np.sort(np.linalg.eigvalsh(matrices), axis=None)
    whole = np.linalg.eigvalsh(hessian)
    # At Gamma the crystal moves as a whole, which the coordinates leave out.
    at_rest = np.argsort(np.abs(eigenvalues))[:3]
    assert np.abs(eigenvalues[at_rest]).max() < 1e-10 * whole[-1]
    np.testing.assert_allclose(
        np.delete(eigenvalues, at_rest), whole, rtol=0, atol=1e-11 * whole[-1]
    )


def test_dynamical_matrices_at_any_wave(crystal):
    potential, perfect = crystal
    cell = perfect.primitive()
    waves = np.random.default_rng(2).normal(size=(3, 3))
    found, mirrored = (potential.dynamical_matrices(cell, way) for way in (waves, -waves))
    np.testing.assert_allclose(found, found.conj().swapaxes(1, 2), rtol=0, atol=1e-10)
    np.testing.assert_allclose(mirrored, found.conj(), rtol=0, atol=1e-10)
    reciprocal = 2 * np.pi * np.linalg.inv(cell.cell.array).T
    again = potential.dynamical_matrices(cell, waves + reciprocal[0])
    # A reciprocal vector changes phases of atoms within the cell at most.
    np.testing.assert_allclose(
        np.linalg.eigvalsh(again), np.linalg.eigvalsh(found), rtol=0, atol=1e-9
    )


def test_they_are_those_that_linear_potentials_get_from_differences():
    """In diamond, where these have another form with the same eigenvalues."""
    potential, perfect = analytic_potential("stillinger_weber"), CRYSTALS["stillinger_weber"]
    q_points = commensurate_q_points(perfect, 2)
    with potential.descriptor_calculator() as calculator:
        columns = dynamical_matrices(calculator, perfect, 2, q_points)
    expected = columns @ weights_of(potential.theta)
    reciprocal = 2 * np.pi * np.linalg.inv(perfect.conventional().cell.array).T
    found = potential.dynamical_matrices(perfect.primitive(), q_points @ reciprocal)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(found),
        np.linalg.eigvalsh((expected + expected.swapaxes(1, 2)) / 2),
        rtol=0,
        atol=2e-4,  # the error of two points 2e-3 Angstrom apart
    )
