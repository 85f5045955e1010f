"""Curvatures in the full space, by symmetry blocks, against Hessians of all atoms."""

import numpy as np
import pytest
from ase.build import bulk

from relaxdiff import RelaxationError, implicit_derivative, relax
from relaxdiff.lammps.all_atoms import AllAtomColumns
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.saddle_test import StabilityTest, Verdict
from relaxdiff.minima.symmetry_blocks import (
    blocks_at,
    blocks_from_dataset,
    crystal_hessian,
    force_constants,
    symmetry_blocks,
    tensor_hessian,
)
from relaxdiff.structures.coordinates import Freedom, cell_strains, coordinates_of
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = PerfectCrystal("W", "bcc", 3.18)


def stability_of(minimum, constants):
    """The StabilityTest with the force constants in a Dataset."""
    return StabilityTest(minimum, tensor_hessian(constants, minimum.coordinates))


def full_eigenvalues(atoms, potential, cell="fixed"):
    """Of the Hessian without any symmetry but translations, by central differences, ascending.

    Strains count by their norm times the edge of the cell.
    """
    freedom = Freedom(cell_strains(cell, atoms, potential.reach))
    coordinates = coordinates_of(atoms, freedom, symmetry=False)
    units = coordinates.scale * norms(coordinates.n_modes, coordinates.strains)
    rows = []
    with AllAtomColumns(coordinates, potential.hyperparameters, potential.reference) as evaluator:
        for direction in np.diag(1 / units):
            pair = [evaluator.columns(sign * 1e-4 * direction) for sign in (1, -1)]
            rows.append((pair[0] - pair[1]) @ potential.weights / 2e-4)
    hessian = np.array(rows) / units
    return np.linalg.eigvalsh((hessian + hessian.T) / 2)


def norms(n_modes, strains):
    """Of the displacement modes, 1 each, and of strains, one array."""
    return np.append(np.ones(n_modes), np.linalg.norm(strains, axis=(1, 2)))


@pytest.fixture(scope="module")
def minimum(tungsten):
    return relax(vacancy_cell("W", 3.18, 2), tungsten)


@pytest.fixture(scope="module")
def constants(minimum):
    return force_constants(minimum)


@pytest.fixture(scope="module")
def in_full_cell(tungsten):
    return relax(vacancy_cell("W", 3.18, 2), tungsten, cell="full")


@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full"])
@pytest.mark.parametrize(
    ("repeats", "direction", "atom"),
    [(2, None, 0), (3, None, 0), (3, (1, 1, 1), 0), (3, (0, 0, 1), 1), (3, (1, 2, 4), 5)],
)
def test_blocks_and_symmetric_modes_make_up_the_full_space(
    tungsten, repeats, direction, atom, cell
):
    atoms = vacancy_cell("W", 3.18, repeats)
    if direction is not None:
        atoms.positions[atom] += 0.03 * np.array(direction)
    allowed = cell_strains(cell, atoms, tungsten.reach)
    coordinates = coordinates_of(atoms, Freedom(allowed))
    blocks = symmetry_blocks(coordinates)
    for block in blocks:
        modes = block.coordinates.modes.toarray()
        assert modes.T @ modes == pytest.approx(np.eye(modes.shape[1]), abs=1e-9)
        strains = block.coordinates.strains
        overlaps = np.tensordot(strains, strains, axes=([1, 2], [1, 2]))
        assert overlaps == pytest.approx(np.diag(np.diag(overlaps)), abs=1e-9)
    # A representation of d dimensions is seen once and stands for d like it.
    total = coordinates.n_modes + sum(block.dimension * block.n_modes for block in blocks)
    assert total == 3 * len(atoms) - 3
    strained = sum(block.dimension * block.n_strains for block in blocks)
    assert len(coordinates.strains) + strained == len(allowed)


def test_blocks_of_a_fault_move_atoms_along_its_normal_only(tungsten, built):
    atoms = built("gamma_surface", plane=(1, 1, 0), layers=6, displacement=(0.2, 0.1))
    minimum = relax(atoms, tungsten, cell="in_plane_fixed", normal_only=True)
    blocks = symmetry_blocks(minimum.coordinates)
    assert blocks
    for block in blocks:
        assert not block.n_strains
        fields = block.own_modes.toarray().reshape(len(atoms), 3, -1)
        assert np.abs(fields[:, :2]).max() < 1e-12
    total = minimum.coordinates.n_modes + sum(block.dimension * block.size for block in blocks)
    assert total == len(atoms) - 1


def test_strains_of_the_cubic_vacancy_are_in_blocks_of_their_own(in_full_cell):
    """E_g, two stretches at fixed volume, and T_2g, three shears: one of each is looked at."""
    blocks = [block for block in symmetry_blocks(in_full_cell.coordinates) if block.n_strains]
    assert sorted((block.dimension, block.n_strains) for block in blocks) == [(2, 1), (3, 1)]
    for block in blocks:
        strain = block.own_strains[0]
        assert np.trace(strain) == pytest.approx(0, abs=1e-12)
        diagonal = np.abs(np.diag(strain)).max()
        assert (diagonal > 0.1) == (block.dimension == 2)
        assert block.n_modes > 0


def test_with_its_strains_too(in_full_cell, tungsten):
    constants = force_constants(in_full_cell)
    coordinates = in_full_cell.coordinates
    units = coordinates.scale * norms(coordinates.n_modes, coordinates.strains)
    symmetric = constants["hessian_tensor"].values @ tungsten.weights
    ours = [np.linalg.eigvalsh(symmetric / np.outer(units, units))]
    for block in blocks_from_dataset(constants, coordinates):
        sizes = norms(block.n_modes, block.own_strains)
        hessian = block.tensor @ tungsten.weights / np.outer(sizes, sizes)
        ours += [np.linalg.eigvalsh(hessian)] * block.dimension
    full = full_eigenvalues(in_full_cell.atoms, tungsten, cell="full")
    assert np.sort(np.concatenate(ours)) == pytest.approx(full, rel=1e-4)


def test_blocks_survive_their_file(in_full_cell, tungsten):
    constants = force_constants(in_full_cell)
    for made, read in zip(
        blocks_at(in_full_cell)[0],
        blocks_from_dataset(constants, in_full_cell.coordinates),
        strict=True,
    ):
        assert (read.n_modes, read.n_strains) == (made.n_modes, made.n_strains)
        assert read.dimension == made.dimension
        assert np.array_equal(read.own, made.own)
        assert np.array_equal(read.tensor, made.tensor)
        assert np.array_equal(read.own_strains, made.own_strains)
        assert np.array_equal(read.own_modes.toarray(), made.own_modes.toarray())
        assert np.array_equal(read.coordinates.orbits, made.coordinates.orbits)


def test_blocks_have_the_eigenvalues_of_the_full_hessian(minimum, constants, tungsten):
    symmetric = constants["hessian_tensor"].values @ tungsten.weights
    ours = [np.linalg.eigvalsh(symmetric[:-1, :-1])]  # without the strain
    for index in range(constants.sizes["block"]):
        here = constants.isel(block=index)
        size, dimension = int(here["block_modes"]), int(here["block_dimension"])
        hessian = here["force_constants"].values[:size, :size] @ tungsten.weights
        ours += [np.linalg.eigvalsh(hessian)] * dimension
    full = full_eigenvalues(minimum.atoms, tungsten)
    assert np.sort(np.concatenate(ours)) == pytest.approx(full, rel=1e-4)
    assert float(constants["lowest_curvature"]) == pytest.approx(full[0], rel=1e-4)


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
        minimum.coordinates, potential.hyperparameters, potential.reference
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


def test_a_symmetry_that_coordinates_do_not_keep_has_no_blocks(tungsten):
    """All strains of one atom's cell are coordinates: none of them is left for a block."""
    primitive = relax(bulk("W", "bcc", 3.18), tungsten, cell="full", symmetry=False)
    assert len(primitive.coordinates.strains) == 6
    assert not symmetry_blocks(primitive.coordinates)


def test_nothing_to_test_without_symmetry(tungsten):
    shaken = vacancy_cell("W", 3.18, 2)
    shaken.rattle(0.01, seed=2)
    full = relax(shaken, tungsten, symmetry=False, max_steps=1)
    nothing = force_constants(full)
    assert nothing.sizes["block"] == 0
    assert np.isinf(nothing["lowest_curvature"])
    with stability_of(full, nothing) as test:
        assert test.verdict(tungsten.theta, np.zeros(full.coordinates.size)).is_minimum
