"""The lattice Green's function: exact for the crystal, and a preconditioner for the vacancy."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg

from relaxdiff import relax
from relaxdiff.exceptions import InputError
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.lattice_green import LatticeGreen, crystal_force_constants
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.18)  # that of W_2940_2017_2 to 1e-3
STEP = 1e-4  # Angstrom


@pytest.fixture(scope="module")
def force_constants(tungsten):
    return crystal_force_constants(tungsten, CRYSTAL)


def vacancy(repeats):
    atoms = CRYSTAL.conventional(repeats)
    del atoms[0]
    return atoms


def hessian_product(potential, atoms, displacements):
    """Central difference of the gradient (N, 3) along displacements (N, 3), eV/Angstrom."""
    step = STEP / np.abs(displacements).max() * displacements
    slopes = []
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:
        for way in (step, -step):
            moved = atoms.copy()
            moved.positions += way
            slopes.append(calculator.evaluate(moved).gradient @ potential.weights)
    return (slopes[0] - slopes[1]) / (2 * STEP) * np.abs(displacements).max()


def zero_sum(n_atoms, seed=0):
    field = np.random.default_rng(seed).normal(size=(n_atoms, 3))
    return field - field.mean(axis=0)


def dense(green, n_atoms):
    """The matrix (3N, 3N) of `green.apply`."""
    fields = np.eye(3 * n_atoms).reshape(-1, n_atoms, 3)
    return np.array([green.apply(field).ravel() for field in fields]).T


def test_elastic_constants_are_those_of_the_strained_crystal(tungsten):
    """Changes of the stress in a relaxed crystal."""
    relaxed = relax(CRYSTAL.conventional(), tungsten).atoms
    crystal = PerfectCrystal("W", "bcc", relaxed.cell.lengths()[0])
    elastic = crystal_force_constants(tungsten, crystal).elastic_constants()
    random = np.random.default_rng(2).normal(size=(3, 3))
    with DescriptorCalculator(tungsten.hyperparameters, tungsten.baseline) as calculator:
        for strain in (np.eye(3), np.diag([1.0, 0.0, 0.0]), random + random.T):
            stresses = []
            for way in (STEP, -STEP):
                strained = relaxed.copy()
                strained.set_cell(relaxed.cell @ (np.eye(3) + way * strain), scale_atoms=True)
                slope = calculator.evaluate(strained).strain_gradient @ tungsten.weights
                stresses.append(slope / strained.get_volume())
            change = (stresses[0] - stresses[1]) / (2 * STEP)
            expected = np.einsum("ijkl,kl->ij", elastic, strain)
            assert change == pytest.approx(expected, abs=1e-4 * np.abs(expected).max())


# Cells far shorter than the range of 9.6 Angstrom, too: their force constants are folded.
@pytest.mark.parametrize("repeats", [1, 2, 3, 4])
def test_in_the_crystal_it_inverts_the_hessian(tungsten, force_constants, repeats):
    atoms = CRYSTAL.conventional(repeats)
    forces = zero_sum(len(atoms))
    displacements = LatticeGreen(force_constants, atoms, repeats).apply(forces)
    np.testing.assert_allclose(
        hessian_product(tungsten, atoms, displacements), forces, rtol=0, atol=1e-6
    )


def test_it_is_the_pseudo_inverse_of_the_full_hessian(tungsten, force_constants):
    atoms = CRYSTAL.conventional(2)
    fields = np.eye(48).reshape(48, 16, 3)
    hessian = np.array([hessian_product(tungsten, atoms, field).ravel() for field in fields])
    expected = np.linalg.pinv(hessian, rcond=1e-6)
    found = dense(LatticeGreen(force_constants, atoms, 2), len(atoms))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("lengths", [("fcc", 3.9), ("diamond", 5.6), ("hcp", 2.8, 4.4)])
def test_force_constants_of_other_lattices(tungsten, lengths):
    # None is a stable form of tungsten: the Hessian itself is compared, not its inverse.
    crystal = PerfectCrystal("W", *lengths)
    constants = crystal_force_constants(tungsten, crystal)
    atoms = crystal.conventional(2)
    displacements = zero_sum(len(atoms))
    waves = np.fft.rfftn(displacements.reshape(2, 2, 2, -1), axes=(0, 1, 2))
    waves = (constants.dynamical_matrices(2) @ waves[..., None])[..., 0]
    forces = np.fft.irfftn(waves, s=(2, 2, 2), axes=(0, 1, 2)).reshape(-1, 3)
    expected = hessian_product(tungsten, atoms, displacements)
    np.testing.assert_allclose(forces, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_symmetric_and_positive_for_the_vacancy(force_constants):
    atoms = vacancy(3)
    green = dense(LatticeGreen(force_constants, atoms, 3), len(atoms))
    np.testing.assert_allclose(green, green.T, rtol=0, atol=1e-14)
    values = np.linalg.eigvalsh(green)
    np.testing.assert_allclose(values[:3], 0, atol=1e-14)  # the rigid translations
    assert values[3] > 0.01


def test_atoms_in_another_order_and_displaced(force_constants):
    atoms = vacancy(3)
    forces = zero_sum(len(atoms))
    order = np.random.default_rng(1).permutation(len(atoms))
    shaken = atoms[order]
    shaken.positions += 0.1 * zero_sum(len(atoms), seed=2)
    shaken.wrap()
    found = LatticeGreen(force_constants, shaken, 3).apply(forces[order])
    expected = LatticeGreen(force_constants, atoms, 3).apply(forces)[order]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_an_interstitial_is_refused(force_constants):
    atoms = vacancy(3)
    atoms.positions[0] = atoms.positions[1] + 0.2
    with pytest.raises(InputError, match="no lattice site of its own"):
        LatticeGreen(force_constants, atoms, 3)


def test_conjugate_gradients_need_as_many_steps_in_any_supercell(tungsten, force_constants):
    counts = {}
    for repeats in (3, 4, 5):
        atoms = relax(vacancy(repeats), tungsten).atoms
        counts[repeats] = steps(tungsten, atoms, LatticeGreen(force_constants, atoms, repeats))
    assert max(counts.values()) <= 12  # without the preconditioner 20, 24, 30
    assert max(counts.values()) - min(counts.values()) <= 3


def steps(potential, atoms, green):
    """Conjugate-gradient steps to 1e-8 for white noise, in all 3N - 3 displacements."""
    size, residuals = 3 * len(atoms), []

    def product(vector):
        if not vector.any():
            return vector
        return hessian_product(potential, atoms, vector.reshape(-1, 3)).ravel()

    _, failed = cg(
        LinearOperator((size, size), matvec=product, dtype=float),
        zero_sum(len(atoms)).ravel(),
        rtol=1e-8,
        maxiter=50,
        M=LinearOperator(
            (size, size), matvec=lambda v: green.apply(v.reshape(-1, 3)).ravel(), dtype=float
        ),
        callback=residuals.append,
    )
    assert not failed
    return len(residuals)
