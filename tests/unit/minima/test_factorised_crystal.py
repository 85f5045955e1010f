"""The crystal's force constants on the atoms of a structure, and their inverse."""

from dataclasses import replace

import numpy as np
import pytest
from crystal_study import two_of_copper
from scipy.spatial.transform import Rotation

from relaxdiff import relax
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.factorised_crystal import FactorisedCrystal, crystal_matrix
from relaxdiff.minima.lattice_green import crystal_force_constants
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.18)  # that of W_2940_2017_2 to 1e-3
STEP = 1e-4  # Angstrom
TURN = Rotation.from_rotvec([0.3, -0.8, 0.5]).as_matrix()


@pytest.fixture(scope="module")
def force_constants(tungsten):
    return crystal_force_constants(tungsten, CRYSTAL)


def random_field(atoms):
    return np.random.default_rng(0).normal(size=(len(atoms), 3))


def turned(atoms, turn):
    """The structure with its cell in other axes."""
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell.array @ turn.T, scale_atoms=True)
    return atoms


def check_hessian(potential, constants, crystal):
    """Compare the matrix of a turned crystal with differences of the potential's gradients."""
    field = random_field(crystal)
    slopes = []
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:
        for way in (STEP, -STEP):
            moved = crystal.copy()
            moved.positions += way * field
            slopes.append(calculator.evaluate(moved).gradient @ potential.weights)
    exact = (slopes[0] - slopes[1]).ravel() / (2 * STEP)
    assert crystal_matrix(constants, crystal, TURN) @ field.ravel() == pytest.approx(
        exact, abs=1e-4 * np.abs(exact).max()
    )


def test_in_the_crystal_it_is_the_hessian(tungsten, force_constants):
    """In any orientation; the small cell has neighbours that are images of each other."""
    crystal = turned(CRYSTAL.conventional(2), TURN)
    check_hessian(tungsten, force_constants, crystal)


def test_of_a_compound_too():
    """Its sites differ in their neighbours' elements alone."""
    potential = two_of_copper(0.05)
    compound = starting_crystal("Cu", "L1_2", 3.61, ["Cu", "Ni"])
    crystal = turned(compound.conventional(2), TURN)
    check_hessian(potential, crystal_force_constants(potential, compound), crystal)


def test_inverse_of_what_may_move(force_constants):
    atoms = CRYSTAL.conventional(3)
    held = np.zeros((len(atoms), 3), dtype=bool)
    held[:5], held[7, 2] = True, True
    inverse = FactorisedCrystal(force_constants, atoms, held)
    moved = inverse.apply(random_field(atoms))
    assert not moved[held].any()
    matrix = crystal_matrix(force_constants, atoms)
    assert (matrix @ moved.ravel()).reshape(-1, 3)[~held] == pytest.approx(
        random_field(atoms)[~held]
    )


def test_no_forces_that_move_the_whole_structure(force_constants):
    atoms = CRYSTAL.conventional(2)
    moved = FactorisedCrystal(force_constants, atoms).apply(random_field(atoms))
    assert moved.mean(axis=0) == pytest.approx(0, abs=1e-12)


def test_definite_whatever_the_crystal(force_constants):
    """Even the opposite of a stable crystal: conjugate gradients need it."""
    unstable = replace(force_constants, matrices=-force_constants.matrices)
    atoms = CRYSTAL.conventional(2)
    field = random_field(atoms)
    held = np.zeros(len(atoms), dtype=bool)
    held[0] = True
    for mask in (None, held):
        inverse = FactorisedCrystal(unstable, atoms, mask)
        assert np.sum(field * inverse.apply(field)) > 0


def test_fewer_evaluations_of_a_surface(tungsten, force_constants, built):
    """Which has no lattice Green's function; its axes are not those of the crystal."""
    slab = built("surface", plane=[1, 1, 0], layers=8, vacuum=12.0, cell="fixed").repeat((3, 2, 1))
    slab.rattle(0.02, seed=1)
    axes = np.array([[1, -1, 0], [0, 0, -1], [1, 1, 0]])
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    plain, guided = (
        relax(slab, tungsten, "fixed", 1e-6, symmetry=False, preconditioner=each)
        for each in (None, FactorisedCrystal(force_constants, slab, axes=axes))
    )
    assert guided.energy == pytest.approx(plain.energy, abs=1e-8)
    assert guided.n_evaluations < 0.6 * plain.n_evaluations
