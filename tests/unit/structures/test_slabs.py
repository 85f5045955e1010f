"""Slabs and stacking faults are cut from the crystal by their plane."""

import itertools

import numpy as np
import pytest
import spglib
from ase.build import diamond111, hcp0001, hcp10m10
from ase.neighborlist import neighbor_list
from crystal_study import CRYSTALS, build_in

from relaxdiff.exceptions import InputError
from relaxdiff.structures.kinds import build_structure, bulk_cell
from relaxdiff.structures.lattices import PerfectCrystal
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.slabs import miller_indices, plane_normal, planes_of_crystal
from relaxdiff.structures.symmetry import find_symmetry

EDGE = 3.18  # lattice parameter, Angstrom


def build(kind, **settings):
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, PerfectCrystal("W", "bcc", EDGE))


@pytest.mark.parametrize("lattice", ["sc", "bcc", "fcc"])
def test_slabs_and_faults_of_crystals_with_equally_spaced_planes(lattice):
    crystal = CRYSTALS[lattice].conventional()
    slab = build_in(lattice, "surface", plane=[1, 1, 1], layers=6, vacuum=12.0)
    heights = np.unique(slab.positions[:, 2].round(6))
    assert len(heights) == 6
    area = np.linalg.norm(np.cross(*slab.cell.array[:2]))
    spacing = np.diff(heights)
    np.testing.assert_allclose(spacing, spacing[0], atol=3e-6)
    density = len(crystal) / crystal.get_volume()
    assert len(slab) / (area * 6 * spacing.mean()) == pytest.approx(density, rel=1e-6)
    fault = build_in(lattice, "gamma_surface", plane=[1, 1, 1], layers=6, displacement=[0, 0])
    assert len(fault) / fault.get_volume() == pytest.approx(density)


def test_the_stacking_fault_of_fcc_is_a_layer_of_hcp():
    """Every atom keeps its 12 neighbours; two layers have atoms at sqrt(8/3) of their distance."""
    plane = {"plane": [1, 1, 1], "layers": 6}
    for displacement, faulted in (([1 / 6, 1 / 6], True), ([0.5, 0.5], False)):
        atoms = build_in("fcc", "gamma_surface", displacement=displacement, **plane)
        counts = np.bincount(neighbor_list("i", atoms, 0.8 * 3.63))
        assert set(counts) == {12}
        farther = np.bincount(neighbor_list("i", atoms, 1.19 * 3.63))
        assert set(farther) == ({18, 19} if faulted else {18})


PLANES = [(1, 0, 0), (0, 0, 1), (1, 1, 0), (1, -1, 0), (1, 1, 1), (1, 1, 2), (-1, 1, 2), (1, 2, 3)]


def neighbours(atoms, reach=1.2 * EDGE):
    """Sorted distances from each atom to its neighbours within reach (Angstrom), one list each."""
    first, distances = neighbor_list("id", atoms, reach)
    return [np.sort(distances[first == atom]) for atom in range(len(atoms))]


def out_of_place(atoms):
    """Mask of the atoms whose two shells of neighbours are not those of the perfect crystal."""
    perfect = neighbours(bulk_cell("W", EDGE))[0]
    return np.array(
        [
            len(found) != len(perfect) or not np.allclose(found, perfect, atol=1e-6)
            for found in neighbours(atoms)
        ]
    )


def is_perfect(atoms):
    """Whether this is the bcc crystal with lattice parameter EDGE and nothing else."""
    cell, _, numbers = spglib.find_primitive(
        (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    )
    return (
        not out_of_place(atoms).any()
        and len(numbers) == 1
        and np.isclose(abs(np.linalg.det(cell)), EDGE**3 / 2)
        and spglib.get_spacegroup((cell, [[0, 0, 0]], numbers)) == "Im-3m (229)"
    )


# Miller indices: distance of atomic planes, area of the surface cell over atoms in a plane; bcc.
SPACINGS = {
    (1, 0, 0): 1 / 2,
    (1, 1, 0): 1 / np.sqrt(2),
    (1, 1, 1): 1 / np.sqrt(12),
    (1, 1, 2): 1 / np.sqrt(6),
}


@pytest.mark.parametrize("plane", SPACINGS)
@pytest.mark.parametrize("layers", [5, 6])
def test_slabs_have_the_layers_and_the_vacuum_asked_for(plane, layers):
    atoms = build("surface", plane=plane, layers=layers, vacuum=11.0)
    heights = np.unique(atoms.positions[:, 2].round(6))
    np.testing.assert_allclose(np.diff(heights), SPACINGS[plane] * EDGE, atol=2e-6)
    assert len(heights) == layers
    thickness = (layers - 1) * SPACINGS[plane] * EDGE
    np.testing.assert_allclose(atoms.cell.array[2], [0, 0, thickness + 11.0], atol=1e-9)
    np.testing.assert_allclose(atoms.cell.array[:2, 2], 0, atol=1e-12)
    # Whole, in the middle of the cell, of the crystal's density, and periodic.
    assert heights[[0, -1]] == pytest.approx([5.5, 5.5 + thickness])
    area = np.linalg.norm(np.cross(*atoms.cell.array[:2]))
    assert area * SPACINGS[plane] * EDGE * layers == pytest.approx(len(atoms) * EDGE**3 / 2)
    assert nearest_neighbour_distance(atoms) == pytest.approx(np.sqrt(0.75) * EDGE)
    assert atoms.pbc.all()


@pytest.mark.parametrize("plane", PLANES)
def test_slabs_are_cut_from_the_crystal_by_their_plane(plane):
    """A bulk atom has 14 neighbours within reach; those of a slab's inner planes have them all."""
    spacing = (1 if sum(plane) % 2 == 0 else 0.5) * EDGE / np.linalg.norm(plane)
    reach = 1.1 * EDGE
    atoms = build("surface", plane=plane, layers=2 * int(reach / spacing) + 3, vacuum=8.0)
    depth = np.minimum(atoms.positions[:, 2] - 4, atoms.cell[2, 2] - 4 - atoms.positions[:, 2])
    inside = depth > reach
    assert inside.any()
    assert not out_of_place(atoms)[inside].any()
    assert out_of_place(atoms)[depth < 1e-6].all()


def test_multiples_of_miller_indices_name_the_same_plane():
    settings = {"layers": 4, "vacuum": 9.0}
    assert build("surface", plane=[2, 2, 0], **settings) == build(
        "surface", plane=[1, 1, 0], **settings
    )


@pytest.mark.parametrize("layers", [2, 5, 6, 7])
@pytest.mark.parametrize("plane", PLANES)
def test_gamma_surface_without_a_displacement_is_the_crystal(plane, layers):
    for displacement in ([0, 0], [1, 0], [0.0, -1.0], [2, 1]):
        atoms = build("gamma_surface", plane=plane, layers=layers, displacement=displacement)
        assert is_perfect(atoms)
        assert len(np.unique(atoms.positions[:, 2].round(6))) == layers


@pytest.mark.parametrize("plane", [(1, 1, 0), (1, 1, 2)])
def test_half_of_both_vectors_is_the_burgers_vector(plane):
    assert is_perfect(build("gamma_surface", plane=plane, layers=6, displacement=[0.5, 0.5]))
    assert not is_perfect(build("gamma_surface", plane=plane, layers=6, displacement=[0.5, 0]))


@pytest.mark.parametrize(("plane", "layers"), [((1, 0, 0), 12), ((1, 1, 0), 11), ((1, 1, 2), 18)])
def test_gamma_surface_holds_exactly_one_fault(plane, layers):
    displacement = [0.2, 0.3]
    atoms = build("gamma_surface", plane=plane, layers=layers, displacement=displacement)
    perfect = build("gamma_surface", plane=plane, layers=layers, displacement=[0, 0])
    fault = (layers // 2 - 0.5) * atoms.cell[2, 2] / layers
    wrong, reach = out_of_place(atoms), 1.2 * EDGE
    distance = np.abs(atoms.positions[:, 2] - fault)
    assert wrong[distance < atoms.cell[2, 2] / layers].all()
    assert not wrong[distance > reach].any()
    # The upper half and the third cell vector have moved alike, in the plane, and nothing else.
    shift = np.array(displacement) @ perfect.cell.array[:2]
    moved = atoms.positions - perfect.positions
    np.testing.assert_allclose(
        moved, (perfect.positions[:, 2] > fault)[:, None] * shift, atol=1e-12
    )
    np.testing.assert_allclose(
        atoms.cell.array - perfect.cell.array, [[0] * 3, [0] * 3, shift], atol=1e-12
    )


@pytest.mark.parametrize(
    ("plane", "period"), [((1, 0, 0), 2), ((1, 1, 0), 2), ((1, 1, 1), 3), ((1, 1, 2), 6)]
)
def test_gamma_surface_cell_is_upright_where_the_planes_stack_back(plane, period):
    for layers in range(period, 2 * period + 1):
        atoms = build("gamma_surface", plane=plane, layers=layers, displacement=[0, 0])
        upright = np.allclose(atoms.cell.array[2, :2], 0)
        assert upright == (layers % period == 0)


def test_plane_normal():
    np.testing.assert_allclose(plane_normal([1, -2, 2]), [1 / 3, -2 / 3, 2 / 3])
    with pytest.raises(InputError, match=r"^plane: \[0, 0, 0\] is no plane"):
        plane_normal([0, 0, 0])


# Gaps between planes by turns, Angstrom, the first inside the slab.
A, C = 2.29, 3.58
ROOT = np.sqrt(3)
TWO_ATOMS = {
    ("diamond", (1, 1, 1), 6): (5.43 / ROOT / 4, 5.43 * ROOT / 4),
    ("diamond", (1, 1, 0), 5): (5.43 / 8**0.5,) * 2,
    ("diamond", (1, 0, 0), 7): (5.43 / 4,) * 2,
    ("diamond", (3, 1, 1), 8): (5.43 / 11**0.5 / 4, 5.43 / 11**0.5 * 3 / 4),
    ("hcp", (0, 0, 0, 1), 7): (C / 2, C / 2),
    ("hcp", (0, 0, 1), 6): (C / 2, C / 2),
    ("hcp", (1, 0, -1, 0), 6): (A / ROOT / 2, A / ROOT),
    ("hcp", (0, 1, -1, 0), 4): (A / ROOT / 2, A / ROOT),
    ("hcp", (1, 1, -2, 0), 5): (A / 2, A / 2),
}


@pytest.mark.parametrize(("lattice", "plane", "layers"), TWO_ATOMS)
def test_slabs_of_crystals_with_two_atoms(lattice, plane, layers):
    slab = build_in(lattice, "surface", plane=plane, layers=layers, vacuum=12.0)
    heights = np.sort(slab.positions[:, 2])
    heights = heights[np.diff(heights, prepend=-np.inf) > 1e-6]
    assert len(heights) == layers
    expected = itertools.islice(itertools.cycle(TWO_ATOMS[lattice, plane, layers]), layers - 1)
    np.testing.assert_allclose(np.diff(heights), list(expected), rtol=1e-9)
    assert heights[0] == pytest.approx(6) == slab.cell[2, 2] - heights[-1]
    turned = find_symmetry(slab).rotations[:, 2, 2] < 0
    assert turned.any(), "two surfaces that are not equal"
    # The crystal's density, and its neighbours in the middle.
    crystal = CRYSTALS[lattice]
    area = np.linalg.norm(np.cross(*slab.cell.array[:2]))
    period = sum(TWO_ATOMS[lattice, plane, layers]) / 2
    volume = area * period * layers
    assert volume == pytest.approx(len(slab) * crystal.volume_per_atom)
    usual = nearest_neighbour_distance(crystal.conventional())
    assert nearest_neighbour_distance(slab) == pytest.approx(usual)


@pytest.mark.parametrize(
    ("lattice", "plane", "theirs", "more"),
    [
        ("diamond", (1, 1, 1), diamond111("Si", (2, 2, 8), a=5.43, vacuum=6.0), 1),
        ("hcp", (0, 0, 0, 1), hcp0001("Be", (1, 1, 7), a=A, c=C, vacuum=6.0), 0),
        ("hcp", (1, 0, -1, 0), hcp10m10("Be", (1, 2, 4), a=A, c=C, vacuum=6.0), 1),
    ],
)
def test_the_slabs_are_those_of_ase(lattice, plane, theirs, more):
    """Which parts planes where they are near: without its outer ones they are where ours are."""
    planes = np.unique(theirs.positions[:, 2].round(6), return_inverse=True)[1]
    theirs = theirs[(planes >= more) & (planes <= planes.max() - more)]
    theirs.pbc = True
    layers = planes.max() + 1 - 2 * more
    ours = build_in(lattice, "surface", plane=plane, layers=int(layers), vacuum=12.0)
    assert len(ours) == len(theirs)
    ours, theirs = (
        sorted(tuple(at.round(6)) for at in neighbours(each, 6)) for each in (ours, theirs)
    )
    for each, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(each, other, atol=2e-6)


def test_surfaces_of_diamond_cut_the_fewest_bonds():
    for plane, kept in {(1, 1, 1): 3, (1, 1, 0): 3, (1, 0, 0): 2}.items():
        slab = build_in("diamond", "surface", plane=plane, layers=6, vacuum=12.0)
        bonds = np.bincount(neighbor_list("i", slab, 2.6))
        top = slab.positions[:, 2] > slab.positions[:, 2].max() - 1e-6
        assert set(bonds[top]) == {kept}
        assert set(bonds[~top & (slab.positions[:, 2] > 6.1)]) == {4}


@pytest.mark.parametrize(
    ("lattice", "plane"),
    [("diamond", [1, 1, 1]), ("diamond", [2, 3, 6]), ("hcp", [1, 0, -1, 0]), ("hcp", [1, 0, 1])],
)
def test_slabs_with_two_different_surfaces_are_refused(lattice, plane):
    sentence = rf"^structures\.it\.layers: 7 planes .* of {lattice} would have two different surf"
    with pytest.raises(InputError, match=sentence + ".*: use 6 or 8$"):
        build_in(lattice, "surface", plane=plane, layers=7, vacuum=12.0)


@pytest.mark.parametrize("lattice", CRYSTALS)
def test_planes_of_the_crystal_are_the_crystal(lattice):
    crystal = CRYSTALS[lattice]
    cell = crystal.conventional()
    reach = 1.5 * nearest_neighbour_distance(cell)
    for plane in [(0, 0, 1), (1, -1, 0), (1, 1, 1), (2, -1, 3), (10, -9, 7)]:
        atoms = planes_of_crystal(plane, crystal)
        normal = plane_normal(plane, crystal.lengths)
        np.testing.assert_allclose(atoms.cell.array[:2] @ normal, 0, atol=1e-8)
        assert atoms.get_volume() == pytest.approx(cell.get_volume())
        expected = neighbours(cell, reach)[0]
        for found in neighbours(atoms, reach):
            np.testing.assert_allclose(found, expected, atol=1e-8)


def test_planes_of_hcp():
    np.testing.assert_allclose(plane_normal([0, 0, 0, 1], (A, C)), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(plane_normal([1, 0, -1, 0], (A, C)), [ROOT / 2, 0.5, 0], atol=1e-12)
    tilted = plane_normal([1, 0, -1, 1], (A, C))
    assert tilted[2] / np.hypot(*tilted[:2]) == pytest.approx(A * ROOT / 2 / C)
    assert miller_indices([2, 0, -2, 4], "hcp").tolist() == [1, 0, 2]
    assert miller_indices([2, 0, 4], "hcp").tolist() == [1, 0, 2]
    with pytest.raises(InputError, match=r"^plane: \[0, 0, 0, 0\] is no plane"):
        miller_indices([0, 0, 0, 0], "hcp")
