"""The coordinates: their strains, what may move, and derivatives in them against differences."""

import numpy as np
import pytest
from coordinate_cases import normal_freedom, somewhere
from scipy.spatial.transform import Rotation

from relaxdiff import InputError, relax
from relaxdiff.structures.coordinates import (
    Freedom,
    cell_strains,
    coordinates_of,
    largest_displacement,
)
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell
from relaxdiff.structures.symmetry import find_symmetry


@pytest.mark.parametrize("name", ["six", "shaken", "fault"])
def test_structures_are_located(request, name):
    coordinates = request.getfixturevalue(name)
    q = somewhere(coordinates)
    atoms = coordinates.structure(q)
    assert coordinates.locate(atoms) == pytest.approx(q, abs=1e-12)
    turn = Rotation.from_rotvec([0.3, -0.5, 0.8]).as_matrix()
    atoms.set_cell(atoms.cell.array @ turn.T)
    atoms.positions = (atoms.positions + [0.7, -2.1, 0.4]) @ turn.T
    atoms.wrap()
    assert coordinates.locate(atoms) == pytest.approx(q, abs=1e-11)
    assert coordinates.locate(coordinates.reference) == pytest.approx(np.zeros(len(q)), abs=1e-12)


@pytest.mark.parametrize("name", ["six", "shaken", "fault"])
def test_strain_and_volume_are_those_of_the_cell(request, name):
    coordinates = request.getfixturevalue(name)
    many = np.array([somewhere(coordinates, seed=seed) for seed in range(3)])
    for q, volume, strain in zip(
        many, coordinates.volume(many), coordinates.strain_of(many), strict=True
    ):
        atoms = coordinates.structure(q)
        assert strain == pytest.approx(strain.T)
        deformation = np.linalg.solve(coordinates.reference.cell.array, atoms.cell.array)
        assert deformation == pytest.approx(np.eye(3) + strain)
        assert volume == pytest.approx(atoms.get_volume(), rel=1e-12)
    assert np.isnan(coordinates.volume(many * np.nan)).all()


def test_distance_is_that_of_the_atom_or_edge_that_moves_most(six):
    q, other = np.zeros(six.size), np.zeros(six.size)
    q[six.n_modes + 3] = 1e-3  # a shear
    assert six.distance(q, other) == pytest.approx(
        1e-3 * np.abs(six.strains[3]).max() * six.reference.get_volume() ** (1 / 3)
    )
    q[0] = 5.0
    moved = np.linalg.norm(six.modes[:, [0]].toarray().reshape(-1, 3), axis=1).max()
    assert six.distance(q, other) == pytest.approx(5.0 * moved)


@pytest.mark.parametrize(
    ("cell", "count"), [("fixed", 0), ("isotropic", 1), ("full", 6), ("in_plane_fixed", 1)]
)
def test_cells_strain_as_their_name_says(tungsten, cell, count):
    atoms = vacancy_cell("W", 3.18, 2)
    atoms.rotate(30, (1, 0, 2), rotate_cell=True)
    strains = cell_strains(cell, atoms, tungsten.reach)
    assert strains.shape == (count, 3, 3)
    assert np.array_equal(strains, strains.transpose(0, 2, 1))
    assert np.linalg.matrix_rank(strains.reshape(-1, 9)) == count if count else True
    if cell == "isotropic":
        assert np.array_equal(strains[0], np.eye(3))
    if cell == "in_plane_fixed":
        in_plane = atoms.cell.array[:2]
        assert in_plane @ strains[0] == pytest.approx(np.zeros((2, 3)), abs=1e-12)
        normal = np.cross(*in_plane)
        assert normal @ strains[0] == pytest.approx(normal)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_vacuum_does_not_strain(tungsten, axis):
    slab = bulk_cell("W", 3.18).repeat(3)
    slab.center(vacuum=tungsten.reach / 2, axis=axis)
    gap = f"gap of {tungsten.reach:.1f} Angstrom, wider"
    slab.cell[axis, axis] += 1e-3  # wider than the potential reaches, by as little as that
    for cell in ("isotropic", "full"):
        with pytest.raises(InputError, match=f"cell: {cell} is not possible with a {gap}"):
            cell_strains(cell, slab, tungsten.reach)
    assert cell_strains("fixed", slab, tungsten.reach).shape == (0, 3, 3)
    # Only along the third vector would the cell relax.
    assert len(cell_strains("in_plane_fixed", slab, tungsten.reach)) == (0 if axis == 2 else 1)
    slab.cell[axis, axis] -= 2e-3
    assert len(cell_strains("full", slab, tungsten.reach)) == 6
    assert len(cell_strains("in_plane_fixed", slab, tungsten.reach)) == 1


def test_a_vacuum_split_by_the_cell_is_found(tungsten):
    slab = bulk_cell("W", 3.18).repeat((1, 1, 4))
    slab.center(vacuum=3.0, axis=2)
    slab.positions[:, 2] += 5.0  # out of the cell, not wrapped
    assert len(cell_strains("in_plane_fixed", slab, tungsten.reach)) == 0


def test_unknown_cells_are_refused(tungsten):
    with pytest.raises(InputError, match="'iso' is not one of fixed, isotropic, full, in_plane_"):
        cell_strains("iso", bulk_cell("W", 3.18), tungsten.reach)


@pytest.mark.parametrize(
    ("kind", "supercell", "count"),
    [
        ("vacancy", 2, 1),
        ("dumbbell_111", 2, 2),
        ("dumbbell_110", 2, 3),
        ("divacancy_1nn", 3, 2),
        ("divacancy_2nn", 3, 2),
        ("octahedral", 2, 2),
    ],
)
def test_symmetric_strains_are_kept_by_all_operations(built, tungsten, kind, supercell, count):
    atoms = built(kind, supercell=supercell)
    freedom = Freedom(cell_strains("full", atoms, tungsten.reach))
    coordinates = coordinates_of(atoms, freedom)
    strains = coordinates.strains
    assert strains.shape == (count, 3, 3)
    assert np.array_equal(strains[0], np.eye(3)) or strains[0] == pytest.approx(np.eye(3))
    turns = find_symmetry(atoms).rotations
    assert np.einsum("gia,kab,gjb->gkij", turns, strains, turns) == pytest.approx(
        np.broadcast_to(strains, (len(turns), count, 3, 3)), abs=1e-9
    )
    # A unit of each strains by 1 where it strains most.
    assert np.abs(np.linalg.eigvalsh(strains)).max(axis=1) == pytest.approx(np.ones(count))
    assert len(coordinates_of(atoms, freedom, symmetry=False).strains) == 6


def test_all_six_strains_where_no_symmetry_forbids_them(six, shaken):
    for coordinates in (six, shaken):
        assert np.linalg.matrix_rank(coordinates.strains.reshape(6, 9)) == 6
    assert len(find_symmetry(six.reference).rotations) == 2  # the inversion
    assert len(find_symmetry(shaken.reference).rotations) == 1


def test_an_isotropic_cell_of_low_symmetry_has_one_strain(six):
    assert np.array_equal(coordinates_of(six.reference).strains, np.eye(3)[None])


@pytest.mark.parametrize("symmetry", [True, False])
def test_confined_atoms_move_along_the_normal_only(built, tungsten, symmetry):
    """And not all together: a rigid shift of them is no coordinate."""
    atoms = built("gamma_surface", plane=(1, 1, 2), layers=6, displacement=(0.2, 0.1))
    atoms.rotate(25, (2, 1, 0), rotate_cell=True)
    coordinates = coordinates_of(atoms, normal_freedom(atoms, tungsten), symmetry)
    normal = np.cross(*atoms.cell.array[:2])
    normal /= np.linalg.norm(normal)
    fields = coordinates.modes.toarray().T.reshape(-1, len(atoms), 3)
    heights = fields @ normal
    assert fields == pytest.approx(heights[..., None] * normal, abs=1e-12)
    assert heights.sum(axis=1) == pytest.approx(np.zeros(len(heights)), abs=1e-12)
    assert heights @ heights.T == pytest.approx(np.eye(len(heights)), abs=1e-12)
    if not symmetry:
        assert len(fields) == len(atoms) - 1
    moved = coordinates.structure(somewhere(coordinates))
    assert moved.cell.array[:2] == pytest.approx(atoms.cell.array[:2])


def test_what_may_strain_lowers_the_symmetry(tungsten):
    """A cubic vacancy whose cell relaxes along one axis only is tetragonal."""
    atoms = vacancy_cell("W", 3.18, 3)
    freedom = Freedom(cell_strains("in_plane_fixed", atoms, tungsten.reach))
    coordinates = coordinates_of(atoms, freedom)
    assert coordinates.strains == pytest.approx(np.diag([0.0, 0.0, 1.0])[None])
    assert coordinates.n_modes > coordinates_of(atoms).n_modes
    fields = coordinates.modes.toarray().T.reshape(-1, len(atoms), 3)
    about_z = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    symmetry = find_symmetry(atoms)
    for turn, permutation in zip(symmetry.rotations, symmetry.permutations, strict=True):
        if np.allclose(turn, about_z):
            assert fields[:, permutation] == pytest.approx(fields @ turn.T, abs=1e-9)
    one, all_of_them = (
        relax(atoms, tungsten, "in_plane_fixed", symmetry=symmetry) for symmetry in (True, False)
    )
    assert one.energy == pytest.approx(all_of_them.energy, rel=1e-12)
    assert one.strain == pytest.approx(all_of_them.strain, abs=1e-9)
    assert abs(one.strain[2, 2]) > 1e-3


def test_rigid_motion_and_strain_are_no_displacement(six):
    atoms = six.reference
    moved = atoms.copy()
    moved.set_cell(atoms.cell.array @ (np.eye(3) + six.strain_of(somewhere(six))), scale_atoms=True)
    moved.rotate(77, (1, -2, 0.5), rotate_cell=True)
    moved.positions += [1.0, 2.0, -0.3]
    moved.wrap()
    assert largest_displacement(atoms, moved) < 1e-10
    moved = atoms.copy()
    moved.positions[3] += [0.0, 0.3, 0.0]
    share = 1 - 1 / len(atoms)  # the rest is a shift
    assert largest_displacement(atoms, moved) == pytest.approx(0.3 * share)


def test_components_of_atoms_are_held_without_symmetry_alone():
    atoms = bulk_cell("W", 3.18, 2)
    held = np.zeros((len(atoms), 3), dtype=bool)
    held[3], held[5, 2] = True, True
    freedom = Freedom(np.zeros((0, 3, 3)), fixed=held)
    coordinates = coordinates_of(atoms, freedom, symmetry=False)
    assert coordinates.size == 3 * len(atoms) - 4 == freedom.size(len(atoms))
    assert freedom.held_columns == 1
    q = somewhere(coordinates)
    moved = coordinates.displacements(q)
    assert (moved[held] == 0).all()
    assert (moved[~held] != 0).all()
    elsewhere = coordinates.structure(q)
    elsewhere.positions += [0.3, -0.2, 1.1]
    assert coordinates.locate(elsewhere) == pytest.approx(q, abs=1e-12)
    for symmetry, mask in ((True, held), (False, held & [True, True, False])):
        with pytest.raises(InputError, match="x, y and z each have to be held somewhere"):
            coordinates_of(atoms, Freedom(fixed=mask), symmetry)
    with pytest.raises(InputError, match=r"fixed: shape \(16, 2\), expected one entry"):
        coordinates_of(atoms, Freedom(fixed=held[:, :2]), symmetry=False)
