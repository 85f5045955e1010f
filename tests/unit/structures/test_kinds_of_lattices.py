"""Point defects, surfaces and faults of every lattice, with and without a solute, unrelaxed."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from crystal_study import shipped

from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.relaxation import relax
from relaxdiff.potentials.snap.baseline import ZblReference
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import LATTICES, PerfectCrystal
from relaxdiff.structures.symmetry import find_symmetry

CRYSTALS = {
    "sc": PerfectCrystal("Po", "sc", 3.35),
    "bcc": PerfectCrystal("W", "bcc", 3.18),
    "fcc": PerfectCrystal("Cu", "fcc", 3.63),
    "diamond": PerfectCrystal("Si", "diamond", 5.43),
    "hcp": PerfectCrystal("Be", "hcp", 2.29, 3.58),
}
# Operations that keep the site of an atom: the point groups m-3m, -43m and -6m2.
SITE = {"sc": 48, "bcc": 48, "fcc": 48, "diamond": 24, "hcp": 12}


def build(lattice, kind, solutes=(), **settings):
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, CRYSTALS[lattice], solutes)


def shell_of(atoms, place, reach):
    """Sorted distances from a place to atoms within reach, Angstrom."""
    cell = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True) + Atoms("X", [place])
    first, distances = neighbor_list("id", cell, reach)
    return np.sort(distances[first == len(atoms)])


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_vacancy_keeps_the_symmetry_of_its_site(lattice):
    atoms = build(lattice, "vacancy", supercell=3)
    assert len(atoms) == len(CRYSTALS[lattice].conventional(3)) - 1
    assert len(find_symmetry(atoms).rotations) == SITE[lattice]
    assert not np.isclose(atoms.positions, 0).all(axis=1).any()


@pytest.mark.parametrize("lattice", LATTICES)
def test_a_substitutional_is_a_solute_on_a_site(lattice):
    atoms = build(lattice, "substitutional", supercell=3, element="He")
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
    perfect, atoms = CRYSTALS[lattice].conventional(3), build(lattice, kind, supercell=3)
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
        ("hcp", "octahedral", 6, (2.29**2 / 3 + (3.58 / 4) ** 2) ** 0.5),
        ("hcp", "tetrahedral", 1, 3.58 * 3 / 8),
    ],
)
def test_interstitials_sit_in_the_holes(lattice, kind, neighbours, distance):
    for element in (None, "He"):
        settings = {} if element is None else {"element": element}
        atoms = build(lattice, kind, supercell=3, **settings)
        assert atoms.symbols[-1] == (element or CRYSTALS[lattice].element)
        distances = shell_of(atoms[:-1], atoms.positions[-1], distance * 1.01)
        assert len(distances) == neighbours
        np.testing.assert_allclose(distances, distance)


def test_the_tetrahedral_site_of_hcp_has_four_near_neighbours():
    """Ideal c/a puts them all at 3/8 c; here three are at another distance than the fourth."""
    atoms = build("hcp", "tetrahedral", supercell=3)
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
    atoms = build(lattice, kind, supercell=3, element="He")
    assert list(atoms.symbols[-2:]) == [CRYSTALS[lattice].element, "He"]
    first, second = atoms.positions[-2:]
    np.testing.assert_allclose(first, -second)
    np.testing.assert_allclose(np.cross(first, direction), 0, atol=1e-12)
    assert len(atoms) == len(CRYSTALS[lattice].conventional(3)) + 1


@pytest.mark.parametrize("lattice", ["sc", "bcc", "fcc"])
def test_slabs_and_faults_of_crystals_with_equally_spaced_planes(lattice):
    crystal = CRYSTALS[lattice].conventional()
    slab = build(lattice, "surface", plane=[1, 1, 1], layers=6, vacuum=12.0)
    heights = np.unique(slab.positions[:, 2].round(6))
    assert len(heights) == 6
    area = np.linalg.norm(np.cross(*slab.cell.array[:2]))
    spacing = np.diff(heights)
    np.testing.assert_allclose(spacing, spacing[0], atol=3e-6)
    density = len(crystal) / crystal.get_volume()
    assert len(slab) / (area * 6 * spacing.mean()) == pytest.approx(density, rel=1e-6)
    fault = build(lattice, "gamma_surface", plane=[1, 1, 1], layers=6, displacement=[0, 0])
    assert len(fault) / fault.get_volume() == pytest.approx(density)


def test_the_stacking_fault_of_fcc_is_a_layer_of_hcp():
    """Every atom keeps its 12 neighbours; two layers have atoms at sqrt(8/3) of their distance."""
    plane = {"plane": [1, 1, 1], "layers": 6}
    for displacement, faulted in (([1 / 6, 1 / 6], True), ([0.5, 0.5], False)):
        atoms = build("fcc", "gamma_surface", displacement=displacement, **plane)
        counts = np.bincount(neighbor_list("i", atoms, 0.8 * 3.63))
        assert set(counts) == {12}
        farther = np.bincount(neighbor_list("i", atoms, 1.19 * 3.63))
        assert set(farther) == ({18, 19} if faulted else {18})


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


@pytest.mark.parametrize(
    ("lattice", "kind", "message"),
    [
        ("hcp", "dumbbell_111", "kind: dumbbell_111 is known in bcc, not in hcp, which has vac"),
        ("diamond", "octahedral", "kind: octahedral is known in bcc, fcc, hcp, not in diamond"),
        ("hcp", "surface", "kind: surface is known in sc, bcc, fcc, not in hcp"),
        ("diamond", "gamma_surface", "kind: gamma_surface is known in sc, bcc, fcc, not in dia"),
        ("sc", "tetrahedral", "bring a structure of your own with kind: file$"),
        ("hcp", "gamma_surface", "bring a structure of your own with kind: file and cell: fixed$"),
    ],
)
def test_kinds_that_a_lattice_does_not_have(lattice, kind, message):
    with pytest.raises(InputError, match=rf"^structures\.it\..*{message}"):
        build(lattice, kind, supercell=2)


def test_a_file_may_hold_solutes(tmp_path):
    atoms = CRYSTALS["hcp"].conventional(2)
    atoms.symbols[3] = "W"
    atoms.write(tmp_path / "alloy.xyz")
    settings = {"path": str(tmp_path / "alloy.xyz"), "lattice_parameter": 2.25}
    read = build("hcp", "file", ["W"], **settings)
    assert read.symbols.formula.count() == {"Be": 15, "W": 1}
    np.testing.assert_allclose(read.cell.lengths(), atoms.cell.lengths() * 2.29 / 2.25)
    with pytest.raises(InputError, match=r"holds atoms of W, but crystal.element is Be with He$"):
        build("hcp", "file", ["He"], **settings)


COPPER = {"potential": "Cu_Zuo_JPCA2020", "element": "Cu", "lattice": "fcc"}
SILICON = {"potential": "Si_Zuo_JPCA2020", "element": "Si", "lattice": "diamond"}
TUNGSTEN = {"potential": "WBe_Wood_PRB2019", "element": "W", "lattice": "bcc"}
BERYLLIUM = {"potential": "WBe_Wood_PRB2019", "element": "Be", "lattice": "hcp"}


@pytest.mark.parametrize(
    ("crystal", "kind", "settings"),
    [
        (COPPER, "vacancy", {}),
        (COPPER, "dumbbell_100", {}),
        (SILICON, "vacancy", {}),
        (SILICON, "tetrahedral", {}),
        (BERYLLIUM, "vacancy", {"supercell": 3, "cell": "full"}),
        (BERYLLIUM, "substitutional", {"supercell": 3, "element": "W"}),
        (TUNGSTEN, "substitutional", {"element": "Be"}),
        (TUNGSTEN, "dumbbell_111", {"supercell": 3, "element": "Be"}),
    ],
)
def test_relaxed_structures_are_minima_without_their_symmetry_too(crystal, kind, settings):
    reference = ZblReference(4.0, 4.8) if crystal["potential"].startswith("WBe") else None
    potential = shipped(crystal["potential"], reference)
    settings = {"name": "it", "kind": kind, "supercell": 2, "cell": "isotropic", **settings}
    minimum = relax_reference(potential, crystal, settings)
    shaken = minimum.atoms.copy()
    shaken.rattle(0.02, seed=1)
    again = relax(shaken, potential, settings["cell"], tolerance=1e-6, symmetry=False)
    assert again.converged
    assert again.energy == pytest.approx(minimum.energy, abs=1e-8)


def test_a_structure_that_leaves_its_hole_is_refused():
    """The octahedral interstitial of copper becomes a dumbbell."""
    settings = {"name": "it", "kind": "octahedral", "supercell": 2, "cell": "isotropic"}
    with pytest.raises(RelaxationError, match=r"^structures\.it: is a saddle point of Cu_Zuo"):
        relax_reference(shipped(COPPER["potential"]), COPPER, settings)
