"""Curvatures in the full space, by symmetry blocks, against Hessians of all atoms."""

import numpy as np
import pytest

from relaxdiff import RelaxationError, implicit_derivative, relax
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.saddle_test import StabilityTest, Verdict
from relaxdiff.minima.symmetry_blocks import (
    blocks_from_dataset,
    crystal_hessian,
    force_constants,
    tensor_hessian,
)
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.18)


@pytest.mark.parametrize("known", ["force constants", "crystal"])
@pytest.mark.parametrize("cell", ["isotropic", "full"])
def test_every_block_is_judged_at_the_variant_itself(
    minimum, constants, in_full_cell, tungsten, known, cell
):
    """Far from the reference the force constants mislead; exact Hessians of blocks do not."""
    if cell == "full":
        minimum, constants = in_full_cell, force_constants(in_full_cell)
    if known == "crystal":
        green = crystal_green(tungsten, minimum.atoms, CRYSTAL, 2)
        hessian = crystal_hessian(green, minimum.coordinates)
    else:
        hessian = tensor_hessian(constants, minimum.coordinates)
    n_modes = minimum.coordinates.n_modes
    verdicts = []
    with StabilityTest(minimum, hessian) as test:
        for strain in np.linspace(-0.04, 0.16, 11):
            q = np.append(np.full(n_modes, -0.3), strain)
            for index, block in enumerate(test.blocks):
                lowest = np.linalg.eigvalsh(block_hessian(test, index, tungsten.weights, q))[0]
                found = test.verdict_on_block(index, tungsten.theta, q).is_minimum
                assert found == (lowest > 0), f"strain {strain}, block {index}: {lowest}"
                verdicts.append((found, block.size > 1))
            assert test.verdict(tungsten.theta, q).is_minimum == all(
                found for found, _ in verdicts[-len(test.blocks) :]
            )
    assert {(True, True), (False, True), (True, False), (False, False)} == set(verdicts)


def block_hessian(test, index, weights, q):
    """Of one block at q, by central differences along every mode and strain."""
    block, evaluator = test.blocks[index], test.evaluators[index]
    rows = []
    for direction in np.eye(block.size):
        pair = [evaluator.columns(block.at(q, sign * 1e-4 * direction)) for sign in (1, -1)]
        rows.append(block.gradient(pair[0] - pair[1]) @ weights / 2e-4)
    return np.array(rows)


def test_force_constants_are_differences_of_gradients(in_full_cell, tungsten):
    """With strains among the amplitudes, by all columns, at the reference and away from it."""
    with stability_of(in_full_cell, force_constants(in_full_cell)) as test:
        at_reference = np.zeros(in_full_cell.coordinates.size)
        for index, block in enumerate(test.blocks):
            hessian = block_hessian(test, index, tungsten.weights, at_reference)
            size = np.abs(hessian).max()
            assert hessian == pytest.approx(hessian.T, abs=1e-6 * size)
            assert block.tensor @ tungsten.weights == pytest.approx(hessian, abs=1e-5 * size)


def soft_in_shear(minimum):
    """A potential with the same minimum and the same curvatures but one, of a strain: negative.

    That of the E_g strain. The energy is linear in the parameters, so it is a linear problem.
    """
    potential, constants = minimum.potential, force_constants(minimum)
    with AllAtomColumns(
        minimum.coordinates, potential.hyperparameters, potential.baseline
    ) as evaluator:
        gradient = evaluator.columns(np.zeros(minimum.coordinates.size))
    kept, shear = [gradient, *constants["hessian_tensor"].values], None
    for block in blocks_from_dataset(constants, minimum.coordinates):
        rows = block.tensor[np.triu_indices(block.size)]  # the strain's own curvature is the last
        if block.n_strains and block.dimension == 2:
            rows, shear = rows[:-1], rows[-1]
        kept.append(rows)
    linear = np.vstack([*kept, shear])[:, :-1] * np.abs(potential.theta)
    change = np.zeros(len(linear))
    change[-1] = -1.5 * shear @ potential.weights
    solution = np.linalg.lstsq(linear, change, rcond=1e-10)[0]
    return potential.with_theta(potential.theta + solution * np.abs(potential.theta))


@pytest.mark.parametrize("atoms", [bulk_cell("W", 3.18), vacancy_cell("W", 3.18, 2)])
def test_an_instability_against_shear_is_seen_where_the_cell_may_shear(tungsten, atoms):
    minimum = relax(atoms, tungsten, cell="full")
    unstable = soft_in_shear(minimum)
    for cell, seen in (("isotropic", False), ("full", True)):
        at_reference = np.zeros(minimum.coordinates.size)
        constants = force_constants(relax(minimum.atoms, tungsten, cell=cell))
        with stability_of(relax(minimum.atoms, tungsten, cell=cell), constants) as test:
            verdict = test.verdict(unstable.theta, at_reference)
            assert verdict.is_minimum != seen
            if seen:
                block = test.blocks[verdict.block]
                assert (block.dimension, block.n_strains) == (2, 1)
        again = relax(minimum.atoms, unstable, cell=cell)
        assert again.atoms.cell.array == pytest.approx(minimum.atoms.cell.array, abs=1e-6)
        if seen:
            with pytest.raises(RelaxationError, match="saddle point"):
                force_constants(again)
        else:
            assert force_constants(again)["lowest_curvature"] > 1


def test_a_proof_ends_the_search(minimum, constants, tungsten):
    turned = -tungsten.theta  # minima are maxima: the repulsion beside them is weak
    at_reference = np.zeros(minimum.coordinates.size)
    with stability_of(minimum, constants) as test:
        assert test.verdict(turned, at_reference).block is not None
        assert test.n_evaluations == 1
        assert test.verdict(tungsten.theta, at_reference) == Verdict()


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
    green = crystal_green(tungsten, saddle.atoms, CRYSTAL, 3)
    hessian = crystal_hessian(green, saddle.coordinates)
    with pytest.raises(RelaxationError, match="saddle point"):
        StabilityTest(saddle, hessian)


def test_nothing_to_test_without_symmetry(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=2)
    full = relax(shaken, tungsten, symmetry=False, max_steps=1)
    nothing = force_constants(full)
    assert nothing.sizes["block"] == 0
    assert np.isinf(nothing["lowest_curvature"])
    with stability_of(full, nothing) as test:
        assert test.verdict(tungsten.theta, np.zeros(full.coordinates.size)).is_minimum


def stability_of(minimum, constants):
    """The StabilityTest with the force constants in a Dataset."""
    return StabilityTest(minimum, tensor_hessian(constants, minimum.coordinates))
