"""Unrelaxed point defects: atoms, symmetry and distances of each kind, in each lattice."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from crystal_study import CRYSTALS, build_in

from relaxdiff.structures.kinds import build_structure, bulk_cell
from relaxdiff.structures.lattices import LATTICES, PerfectCrystal
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.symmetry import find_symmetry

EDGE = 3.18  # lattice parameter, Angstrom


def build(kind, **settings):
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, PerfectCrystal("W", "bcc", EDGE))


# Atoms added to the crystal, order of the point group, shortest distance in lattice parameters.
POINT_DEFECTS = {
    "vacancy": (-1, 48, np.sqrt(3) / 2),
    "divacancy_1nn": (-2, 12, np.sqrt(3) / 2),
    "divacancy_2nn": (-2, 16, np.sqrt(3) / 2),
    "dumbbell_111": (1, 12, np.sqrt(3) * (0.5 - 0.17)),
    "dumbbell_110": (1, 8, np.sqrt(2 * (0.5 - 0.23) ** 2 + 0.25)),
    "octahedral": (1, 16, 0.5),
    "tetrahedral": (1, 8, np.sqrt(5) / 4),
}


@pytest.mark.parametrize("supercell", [3, 4])
@pytest.mark.parametrize("kind", POINT_DEFECTS)
def test_point_defects_have_their_atoms_and_their_point_group(kind, supercell):
    added, order, nearest = POINT_DEFECTS[kind]
    atoms = build(kind, supercell=supercell)
    assert len(atoms) == 2 * supercell**3 + added
    assert set(atoms.symbols) == {"W"}
    assert atoms.pbc.all()
    np.testing.assert_allclose(atoms.cell.array, supercell * EDGE * np.eye(3))
    assert len(find_symmetry(atoms).rotations) == order
    assert nearest_neighbour_distance(atoms) == pytest.approx(nearest * EDGE)


@pytest.mark.parametrize(
    ("kind", "apart"), [("divacancy_1nn", np.sqrt(0.75)), ("divacancy_2nn", 1)]
)
def test_divacancies_lack_two_neighbours(kind, apart):
    atoms, crystal = build(kind, supercell=4), bulk_cell("W", EDGE, 4)
    distances = np.linalg.norm(crystal.positions[:, None] - atoms.positions, axis=2)
    holes = crystal[distances.min(axis=1) > 0.1]
    assert len(holes) == 2
    assert holes.get_distance(0, 1, mic=True) == pytest.approx(apart * EDGE)


@pytest.mark.parametrize(
    ("kind", "direction"), [("dumbbell_111", (1, 1, 1)), ("dumbbell_110", (1, 1, 0))]
)
def test_dumbbells_share_one_site_along_their_direction(kind, direction):
    atoms = build(kind, supercell=3)
    apart = atoms.positions[-1] - atoms.positions[-2]
    np.testing.assert_allclose(np.cross(apart, direction), 0, atol=1e-12)
    np.testing.assert_allclose(atoms.positions[-2:].sum(axis=0), 0, atol=1e-12)
    # Nothing else of the crystal has moved.
    assert build("vacancy", supercell=3) == atoms[:-2]


@pytest.mark.parametrize(
    ("kind", "corners", "distance"), [("octahedral", 2, 0.5), ("tetrahedral", 4, np.sqrt(5) / 4)]
)
def test_interstitials_sit_in_their_holes(kind, corners, distance):
    atoms = build(kind, supercell=3)
    distances = np.sort(atoms.get_distances(-1, range(len(atoms) - 1), mic=True))
    np.testing.assert_allclose(distances[:corners], distance * EDGE)
    assert distances[corners] > 1.1 * distance * EDGE
    assert atoms[:-1] == bulk_cell("W", EDGE, 3)


# Operations that keep the site of an atom: the point groups m-3m, -43m and -6m2.
SITE = {"sc": 48, "bcc": 48, "fcc": 48, "diamond": 24, "hcp": 12}


def shell_of(atoms, place, reach):
    """Sorted distances from a place to atoms within reach, Angstrom."""
    cell = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True) + Atoms("X", [place])
    first, distances = neighbor_list("id", cell, reach)
    return np.sort(distances[first == len(atoms)])


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_vacancy_keeps_the_symmetry_of_its_site(lattice):
    atoms = build_in(lattice, "vacancy", supercell=3)
    assert len(atoms) == len(CRYSTALS[lattice].conventional(3)) - 1
    assert len(find_symmetry(atoms).rotations) == SITE[lattice]
    assert not np.isclose(atoms.positions, 0).all(axis=1).any()


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_substitutional_is_a_solute_on_a_site(lattice):
    atoms = build_in(lattice, "substitutional", supercell=3, element="He")
    perfect = CRYSTALS[lattice].conventional(3)
    np.testing.assert_array_equal(atoms.positions, perfect.positions)
    assert atoms.symbols.formula.count()["He"] == 1
    assert len(find_symmetry(atoms).rotations) == SITE[lattice]


@pytest.mark.parametrize(
    ("lattice", "kind", "distance"),
    [
        ("sc", "divacancy_1nn", 3.35),
        ("sc", "divacancy_2nn", 3.35 * 2**0.5),
        ("bcc", "divacancy_1nn", 3.18 * 0.75**0.5),
        ("bcc", "divacancy_2nn", 3.18),
        ("fcc", "divacancy_1nn", 3.63 / 2**0.5),
        ("fcc", "divacancy_2nn", 3.63),
        ("diamond", "divacancy_1nn", 5.43 * 3**0.5 / 4),
        ("diamond", "divacancy_2nn", 5.43 / 2**0.5),
        ("hcp", "divacancy_1nn", (2.29**2 / 3 + 3.58**2 / 4) ** 0.5),
        ("hcp", "divacancy_2nn", 2.29),
    ],
)
def test_a_divacancy_is_two_neighbours(lattice, kind, distance):
    perfect, atoms = CRYSTALS[lattice].conventional(3), build_in(lattice, kind, supercell=3)
    missing = [p for p in perfect.positions if not np.isclose(atoms.positions, p).all(1).any()]
    assert len(missing) == 2
    assert np.linalg.norm(missing[1] - missing[0]) == pytest.approx(distance)


@pytest.mark.parametrize(
    ("lattice", "kind", "neighbours", "distance"),
    [
        ("bcc", "octahedral", 2, 3.18 / 2),
        ("bcc", "tetrahedral", 4, 3.18 * 5**0.5 / 4),
        ("fcc", "octahedral", 6, 3.63 / 2),
        ("fcc", "tetrahedral", 4, 3.63 * 3**0.5 / 4),
        ("diamond", "tetrahedral", 4, 5.43 * 3**0.5 / 4),
        ("diamond", "hexagonal", 6, 5.43 * 11**0.5 / 8),
        ("hcp", "octahedral", 6, (2.29**2 / 3 + (3.58 / 4) ** 2) ** 0.5),
        ("hcp", "tetrahedral", 1, 3.58 * 3 / 8),
    ],
)
def test_interstitials_sit_in_the_holes(lattice, kind, neighbours, distance):
    for element in (None, "He"):
        settings = {} if element is None else {"element": element}
        atoms = build_in(lattice, kind, supercell=3, **settings)
        assert atoms.symbols[-1] == (element or CRYSTALS[lattice].element)
        distances = shell_of(atoms[:-1], atoms.positions[-1], distance * 1.01)
        assert len(distances) == neighbours
        np.testing.assert_allclose(distances, distance)


def test_the_tetrahedral_site_of_hcp_has_four_near_neighbours():
    """Ideal c/a puts them all at 3/8 c; here three are at another distance than the fourth."""
    atoms = build_in("hcp", "tetrahedral", supercell=3)
    assert len(shell_of(atoms[:-1], atoms.positions[-1], 1.5)) == 4


@pytest.mark.parametrize(
    ("lattice", "kind", "direction"),
    [
        ("bcc", "dumbbell_111", [1, 1, 1]),
        ("bcc", "dumbbell_110", [1, 1, 0]),
        ("fcc", "dumbbell_100", [1, 0, 0]),
    ],
)
def test_dumbbells_share_a_site(lattice, kind, direction):
    atoms = build_in(lattice, kind, supercell=3, element="He")
    assert list(atoms.symbols[-2:]) == [CRYSTALS[lattice].element, "He"]
    first, second = atoms.positions[-2:]
    np.testing.assert_allclose(first, -second)
    np.testing.assert_allclose(np.cross(first, direction), 0, atol=1e-12)
    assert len(atoms) == len(CRYSTALS[lattice].conventional(3)) + 1


def test_the_split_interstitial_of_diamond_is_off_its_site():
    """Along <110>, and along <100> towards two neighbours: nearly at a bond's length from both."""
    atoms = build_in("diamond", "dumbbell_110", supercell=3)
    first, second = atoms.positions[-2:]
    np.testing.assert_allclose(np.cross(first - second, [1, 1, 0]), 0, atol=1e-12)
    middle = (first + second) / 2
    assert middle[:2] == pytest.approx([0, 0])
    assert len(find_symmetry(atoms).rotations) == 4
    lost = CRYSTALS["diamond"].conventional(3)[1:]
    assert build_in("diamond", "vacancy", supercell=3) == lost == atoms[:-2]
    bond = 5.43 * 3**0.5 / 4
    assert np.linalg.norm(first - second) == pytest.approx(bond, rel=0.05)
    for place in (first, second):
        assert shell_of(atoms[:-2], place, bond).min() > 0.75 * bond


def test_a_divacancy_of_ideal_hcp_is_between_planes_or_in_one():
    """Both are nearest neighbours then: the names still stand for different pairs."""
    ideal = PerfectCrystal("Be", "hcp", 2.29, 2.29 * (8 / 3) ** 0.5)
    settings = {"name": "it", "cell": "fixed", "supercell": 4}
    cells = [
        build_structure(settings | {"kind": kind}, ideal)
        for kind in ("divacancy_1nn", "divacancy_2nn")
    ]
    missing = [int((cell.positions[:, 2] < 0.1).sum()) for cell in cells]
    assert sorted(missing) == [14, 15]  # of the 16 atoms of the first plane


def test_an_alloy_is_a_vacancy_with_solutes_at_random():
    settings = {"supercell": 3, "element": "Be", "fraction": 0.5}
    atoms, again, other = (build("alloy_vacancy", seed=seed, **settings) for seed in (1, 1, 2))
    assert atoms.symbols.formula.count() == {"W": 27, "Be": 26}
    assert atoms == again
    assert (atoms.numbers != other.numbers).any()
    np.testing.assert_array_equal(atoms.positions, build("vacancy", supercell=3).positions)
