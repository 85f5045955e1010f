"""Curvatures in the full space, by symmetry blocks, against Hessians of all atoms."""

import numpy as np
import pytest

from relaxdiff import RelaxationError, implicit_derivative, relax
from relaxdiff.coordinates import coordinates_of
from relaxdiff.curvature import StabilityTest, force_constants, symmetry_blocks
from relaxdiff.evaluation import FullEvaluator
from relaxdiff.lattice_green import crystal_green
from relaxdiff.structures import bulk_cell, vacancy_cell


def full_eigenvalues(atoms, potential):
    """Of the Hessian in all displacements but translations, by central differences, ascending."""
    coordinates = coordinates_of(atoms, strain=False, symmetry=False)
    rows = []
    with FullEvaluator(coordinates, potential.hyperparameters, potential.reference) as evaluator:
        for direction in np.eye(coordinates.size):
            pair = [evaluator.gradient(sign * 1e-4 * direction) for sign in (1, -1)]
            rows.append((pair[0] - pair[1]) @ potential.weights / 2e-4)
    hessian = np.array(rows)
    return np.linalg.eigvalsh((hessian + hessian.T) / 2)


@pytest.fixture(scope="module")
def minimum(tungsten):
    return relax(vacancy_cell("W", 3.18, 2), tungsten)


@pytest.fixture(scope="module")
def constants(minimum):
    return force_constants(minimum)


@pytest.mark.parametrize(
    ("repeats", "direction", "atom"),
    [(2, None, 0), (3, None, 0), (3, (1, 1, 1), 0), (3, (0, 0, 1), 1), (3, (1, 2, 4), 5)],
)
def test_blocks_and_symmetric_modes_make_up_the_full_space(repeats, direction, atom):
    atoms = vacancy_cell("W", 3.18, repeats)
    if direction is not None:
        atoms.positions[atom] += 0.03 * np.array(direction)
    coordinates = coordinates_of(atoms)
    blocks = symmetry_blocks(coordinates)
    for block in blocks:
        modes = block.coordinates.modes.toarray()
        assert modes.T @ modes == pytest.approx(np.eye(modes.shape[1]), abs=1e-9)
    # A representation of d dimensions is seen once and stands for d like it.
    total = coordinates.modes.shape[1] + sum(block.dimension * block.size for block in blocks)
    assert total == 3 * len(atoms) - 3


def test_blocks_have_the_eigenvalues_of_the_full_hessian(minimum, constants, tungsten):
    symmetric = constants["hessian_tensor"].values @ tungsten.weights
    ours = [np.linalg.eigvalsh(symmetric[:-1, :-1])]  # without the strain
    for index in range(constants.sizes["block"]):
        here = constants.isel(block=index)
        size, dimension = int(here["block_size"]), int(here["block_dimension"])
        hessian = here["force_constants"].values[:size, :size] @ tungsten.weights
        ours += [np.linalg.eigvalsh(hessian)] * dimension
    full = full_eigenvalues(minimum.atoms, tungsten)
    assert np.sort(np.concatenate(ours)) == pytest.approx(full, rel=1e-4)
    assert float(constants["lowest_curvature"]) == pytest.approx(full[0], rel=1e-4)


@pytest.mark.parametrize("known", ["force constants", "crystal"])
def test_every_block_is_judged_at_the_variant_itself(minimum, constants, tungsten, known):
    """Far from the reference the force constants mislead; exact Hessians of blocks do not."""
    if known == "crystal":
        constants = crystal_green(tungsten, minimum.atoms, "bcc", 2)
    n_modes = minimum.coordinates.size - 1
    verdicts = []
    with StabilityTest(minimum, constants) as test:
        for strain in np.linspace(-0.04, 0.16, 11):
            q = np.append(np.full(n_modes, -0.3), strain)
            for index, block in enumerate(test.blocks):
                lowest = np.linalg.eigvalsh(block_hessian(test, index, tungsten.weights, q))[0]
                found = test.is_stable(index, tungsten.weights, q)
                assert found == (lowest > 0), f"strain {strain}, block {index}: {lowest}"
                verdicts.append((found, block.size > 1))
            assert (test.negative_block(tungsten.weights, q) is None) == all(
                found for found, _ in verdicts[-len(test.blocks) :]
            )
    assert {(True, True), (False, True), (True, False), (False, False)} == set(verdicts)


def block_hessian(test, index, weights, q):
    """Of one block at q, by central differences along every mode."""
    block, evaluator = test.blocks[index], test.evaluators[index]
    rows = []
    for direction in np.eye(block.size):
        pair = [evaluator.gradient(block.at(q, sign * 1e-4 * direction)) for sign in (1, -1)]
        rows.append((pair[0] - pair[1])[block.own] @ weights / 2e-4)
    return np.array(rows)


def test_a_proof_ends_the_search(minimum, constants, tungsten):
    turned = -tungsten.weights  # every minimum is a maximum
    at_reference = np.zeros(minimum.coordinates.size)
    with StabilityTest(minimum, constants) as test:
        assert test.negative_block(turned, at_reference) is not None
        assert test.n_evaluations == 1
        assert test.negative_block(tungsten.weights, at_reference) is None


def test_a_symmetric_saddle_point_is_found_out(tungsten):
    """An atom midway between two sites of a row of vacancies keeps its symmetry and is unstable."""
    atoms = bulk_cell("W", 3.18, 3)
    sites = atoms.get_scaled_positions()
    near = [
        int(np.argmin(np.linalg.norm(sites - np.array(s) / 3, axis=1)))
        for s in ((0, 0, 0), (0.5, 0.5, 0.5))
    ]
    atoms.positions[near[1]] *= 0.5  # between the two, with both sites empty
    del atoms[near[0]]
    saddle = relax(atoms, tungsten)
    assert saddle.converged
    assert implicit_derivative(saddle) is not None  # a minimum as far as symmetry can see
    with pytest.raises(RelaxationError, match="saddle point"):
        force_constants(saddle)
    # On the lattice again, as the Green's function wants it: the saddle is next to its own site.
    with pytest.raises(RelaxationError, match="saddle point"):
        StabilityTest(saddle, crystal_green(tungsten, saddle.atoms, "bcc", 3))


def test_nothing_to_test_without_symmetry(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=2)
    full = relax(shaken, tungsten, symmetry=False, max_steps=1)
    nothing = force_constants(full)
    assert nothing.sizes["block"] == 0
    assert np.isinf(nothing["lowest_curvature"])
    with StabilityTest(full, nothing) as test:
        assert test.negative_block(tungsten.weights, np.zeros(full.coordinates.size)) is None
