"""Force constants by symmetry blocks, against Hessians of all atoms."""

from types import SimpleNamespace

import numpy as np
import pytest
from ase.build import bulk
from full_hessian import full_eigenvalues, norms

from relaxdiff import relax
from relaxdiff.minima.symmetry_blocks import (
    blocks_at,
    blocks_from_dataset,
    force_constants,
    symmetry_blocks,
)
from relaxdiff.structures.coordinates import Freedom, cell_strains, coordinates_of
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal


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


def strained(atoms):
    """With a strain along x and y, so that translations are all that multiplies its symmetry."""
    atoms.set_cell(atoms.cell.array * [[1.02], [1.01], [1.0]], scale_atoms=True)
    return atoms


# Translations within the cell: perfect supercells, a repeated slab, an ordered alloy's sublattice.
REPEATED = {
    "perfect": lambda built: bulk_cell("W", 3.18, 2),
    "orthorhombic": lambda built: strained(bulk_cell("W", 3.18, 2)),
    "slab": lambda built: built("surface", plane=(1, 1, 0), layers=4, vacuum=9.0).repeat((2, 2, 1)),
    "half of the sites": lambda built: PerfectCrystal("W", "sc", 3.18).conventional(2),
}


@pytest.mark.parametrize("name", REPEATED)
def test_translations_within_the_cell_are_seen_by_a_group_without_them(tungsten, built, name):
    """The eigenvalues are those of the Hessian without any symmetry."""
    atoms = REPEATED[name](built)
    cell = "fixed" if name == "slab" else "full"
    freedom = Freedom(cell_strains(cell, atoms, tungsten.reach))
    minimum = SimpleNamespace(
        atoms=atoms, coordinates=coordinates_of(atoms, freedom), potential=tungsten
    )
    blocks, evaluations = blocks_at(minimum)
    assert evaluations < 3 * len(atoms) + 6
    coordinates, ours = minimum.coordinates, []
    if coordinates.size:
        units = coordinates.scale * norms(coordinates.n_modes, coordinates.strains)
        with tungsten.evaluator(coordinates) as evaluator:
            symmetric = evaluator.hessian_columns() @ tungsten.weights
        ours = [np.linalg.eigvalsh(symmetric / np.outer(units, units))]
    for block in blocks:
        sizes = norms(block.n_modes, block.own_strains)
        hessian = block.tensor @ tungsten.weights / np.outer(sizes, sizes)
        ours += [np.linalg.eigvalsh(hessian)] * block.dimension
    full = full_eigenvalues(atoms, tungsten, freedom)
    size = np.abs(full).max()
    assert np.sort(np.concatenate(ours)) == pytest.approx(full, abs=2e-4 * size)


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
    full = full_eigenvalues(in_full_cell.atoms, tungsten, coordinates.freedom)
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
    full = full_eigenvalues(minimum.atoms, tungsten, Freedom(np.empty((0, 3, 3))))
    assert np.sort(np.concatenate(ours)) == pytest.approx(full, rel=1e-4)
    assert float(constants["lowest_curvature"]) == pytest.approx(full[0], rel=1e-4)


def test_a_symmetry_that_coordinates_do_not_keep_has_no_blocks(tungsten):
    """All strains of one atom's cell are coordinates: none of them is left for a block."""
    primitive = relax(bulk("W", "bcc", 3.18), tungsten, cell="full", symmetry=False)
    assert len(primitive.coordinates.strains) == 6
    assert not symmetry_blocks(primitive.coordinates)
