"""Unrelaxed structures: atoms, symmetry and distances of each kind; files that are refused."""

import pickle
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from crystal_study import CRYSTALS, build_in

from relaxdiff.exceptions import InputError
from relaxdiff.structures.kinds import DIVACANCIES, build_structure, bulk_cell, vacancy_cell
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


def test_vacancy_is_the_public_one():
    assert build("vacancy", supercell=3) == vacancy_cell("W", EDGE, 3)


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


def test_planes_that_are_none_and_small_cells_are_refused():
    with pytest.raises(InputError, match=r"^structures\.it\.plane: \[0, 0, 0\] is no plane"):
        build("surface", plane=[0, 0, 0], layers=3, vacuum=9.0)
    with pytest.raises(InputError, match=r"^structures\.it\.supercell: 1 is too small"):
        build("vacancy", supercell=1)


# Files.
def shaken(lattice_parameter=3.0):
    """A sheared crystal with its atoms moved, one of them out of the cell."""
    atoms = bulk_cell("W", lattice_parameter, 2)
    atoms.rattle(0.05, seed=1)
    atoms.set_cell(atoms.cell @ [[1.01, 0.02, 0], [0, 1, 0.03], [0, 0, 0.99]], scale_atoms=True)
    return atoms


def written(folder, atoms, name="file.xyz", **options):
    ase.io.write(folder / name, atoms, **options)
    return str(folder / name)


def from_file(path, lattice_parameter=3.0):
    return build("file", path=str(path), lattice_parameter=lattice_parameter)


def refusal(path, lattice_parameter=3.0):
    """What is said of a file, its path cut down to its name."""
    with pytest.raises(InputError) as error:
        from_file(path, lattice_parameter)
    sentence = str(error.value)
    assert sentence.startswith("structures.it.path: ")
    assert "\n" not in sentence
    return sentence.removeprefix("structures.it.path: ").replace(str(path), Path(path).name)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("file.xyz", {"format": "extxyz"}),
        ("file.xyz.gz", {"format": "extxyz"}),
        ("POSCAR", {"format": "vasp"}),
        ("file.cif", {}),
        ("file.xsf", {}),
        ("file.json", {}),
        ("file.traj", {}),
        ("file.data", {"format": "lammps-data", "masses": True}),
        ("file.lmp", {"format": "lammps-data", "masses": True}),
        ("postgres@1.xyz", {"format": "extxyz"}),
    ],
)
def test_files_come_back_scaled_to_the_potential(tmp_path, name, options):
    atoms, found = shaken(), from_file(written(tmp_path, shaken(), name, **options))
    assert set(found.symbols) == {"W"}
    assert found.pbc.all()
    # Formats differ in how they turn a cell: lengths, angles and distances are what must stay.
    scale = EDGE / 3.0
    expected = atoms.cell.cellpar() * ([scale] * 3 + [1] * 3)
    np.testing.assert_allclose(found.cell.cellpar(), expected, atol=1e-5)
    expected = scale * atoms.get_all_distances(mic=True)
    np.testing.assert_allclose(found.get_all_distances(mic=True), expected, atol=1e-5)


def test_a_relative_path_is_read_from_the_working_directory(tmp_path, monkeypatch):
    written(tmp_path, shaken(), "postgres.xyz")
    monkeypatch.chdir(tmp_path)
    assert len(from_file("postgres.xyz")) == 16


def test_the_last_of_several_structures_is_taken_without_what_else_is_in_the_file(tmp_path):
    last = shaken()
    last.info["energy"] = 3.0
    last.set_tags(range(16))
    found = from_file(written(tmp_path, [bulk_cell("W", 3.0, 3), last]))
    assert len(found) == 16
    assert set(found.arrays) == {"numbers", "positions"}
    assert not found.info
    assert found.calc is None


def test_files_that_are_not_there_or_not_read_are_refused(tmp_path):
    assert refusal(tmp_path / "nowhere.xyz") == "nowhere.xyz is not a file"
    assert refusal(tmp_path).endswith("is not a file")
    for name, text in {
        "empty.xyz": "",
        "short.xyz": "3\n\nW 0 0 0\n",
        "words.txt": "no atoms\nat all\n",
        "broken.cif": "data_x\nloop_\n_atom_site_label\n",
        "broken.data": "words\n\nmore\n",
        "POSCAR": "W\n1.0\n1 0 0\n",
        "broken.json": "{",
    }.items():
        (tmp_path / name).write_text(text)
        assert refusal(tmp_path / name).startswith(f"ASE cannot read {name}: ")


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("ending", ["pckl", "pickle", "pkl", "traj", "trj", "bundle", "db", "gpw"])
def test_pickles_are_not_read(tmp_path, ending):
    path = tmp_path / f"file.{ending}"
    owned = tmp_path / "owned"
    pickled = pickle.dumps(Touch(owned))
    for start in (b"", b"PickleTrajectory"):
        path.write_bytes(start + pickled)
        assert refusal(path).startswith(f"ASE cannot read file.{ending}: ")
    assert not owned.exists()
    pickle.loads(pickled)
    assert owned.exists()


def test_structures_that_do_not_fit_are_refused(tmp_path):
    crystal = bulk_cell("W", 3.0, 2)
    said = refusal(written(tmp_path, Atoms(cell=np.eye(3), pbc=True), format="extxyz"))
    assert said == "file.xyz holds no atoms"
    slab = crystal.copy()
    slab.pbc = (True, False, False)
    said = refusal(written(tmp_path, slab, format="extxyz"))
    assert said == "file.xyz is not periodic in y, z, but must be in x, y and z"
    alloy = crystal.copy()
    alloy.symbols[[1, 2]] = ["Ta", "Mo"]
    said = refusal(written(tmp_path, alloy, format="extxyz"))
    assert said == "file.xyz holds atoms of Mo, Ta, but crystal.element is W"
    flat = crystal.copy()
    flat.set_cell([[6, 0, 0], [0, 6, 0], [6, 6, 0]])
    said = refusal(written(tmp_path, flat, format="extxyz"))
    assert said == "the cell in file.xyz has no volume"
    holed = crystal.copy()
    holed.positions[3, 1] = np.nan
    said = refusal(written(tmp_path, holed, format="extxyz"))
    assert said == "file.xyz holds positions or cell vectors that are not finite"


def test_atoms_that_are_too_near_are_refused(tmp_path):
    """Half of the crystal's distance, at the potential's lattice parameter, is the limit."""
    near = 0.5 * np.sqrt(0.75) * 3.0
    for height, refused in ((near - 0.01, True), (near + 0.01, False)):
        atoms = bulk_cell("W", 3.0, 2) + Atoms("W", [[3.0, 3.0, -height]])
        del atoms[1:-1]  # no neighbours but the next atom, through the bottom of the cell
        atoms.positions[0] = [3.0, 3.0, 0]
        path = written(tmp_path, atoms, format="extxyz")
        if refused:
            assert refusal(path) == (
                f"two atoms in file.xyz are {(near - 0.01) * EDGE / 3:.3g} Angstrom apart when "
                f"scaled from lattice_parameter, less than half of the {np.sqrt(0.75) * EDGE:.3g} "
                "in the crystal"
            )
        else:
            assert len(from_file(path)) == 2
    # An atom and its own image.
    assert "two atoms" in refusal(written(tmp_path, Atoms("W", cell=[9, 9, 1], pbc=True)))


def test_files_in_other_units_are_refused(tmp_path):
    """Nanometres, Bohr radii, and a lattice parameter in either."""
    crystal = bulk_cell("W", 3.0, 2)
    path = written(tmp_path, crystal)
    for wrong in (0.3, 3.0 / 0.529, 30.0):
        with pytest.raises(InputError, match=r"^structures\.it\.lattice_parameter: .* is far from"):
            from_file(path, wrong)
    for factor, sentence in {
        0.1: "two atoms in file.xyz are",
        0.01: "the cell in file.xyz is only",
        1 / 0.529: "no two atoms in file.xyz are nearer than",
        10: "no two atoms in file.xyz are nearer than",
    }.items():
        scaled = crystal.copy()
        scaled.set_cell(factor * crystal.cell, scale_atoms=True)
        assert refusal(written(tmp_path, scaled)).startswith(sentence)


def test_a_vacuum_keeps_surfaces_apart():
    for vacuum in (0.9, 2.7):
        with pytest.raises(
            InputError, match=r"^structures\.it\.vacuum: .* keeps no surfaces apart"
        ):
            build("surface", plane=[1, 1, 0], layers=4, vacuum=vacuum)


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


def test_a_divacancy_of_ideal_hcp_is_between_planes_or_in_one():
    """Both are nearest neighbours then: the names still stand for different pairs."""
    ideal = PerfectCrystal("Be", "hcp", 2.29, 2.29 * (8 / 3) ** 0.5)
    settings = {"name": "it", "cell": "fixed", "supercell": 4}
    cells = [build_structure(settings | {"kind": kind}, ideal) for kind in DIVACANCIES]
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
        build_in(lattice, kind, supercell=2)


def test_a_file_may_hold_solutes(tmp_path):
    atoms = CRYSTALS["hcp"].conventional(2)
    atoms.symbols[3] = "W"
    atoms.write(tmp_path / "alloy.xyz")
    settings = {"path": str(tmp_path / "alloy.xyz"), "lattice_parameter": 2.25}
    read = build_in("hcp", "file", ["W"], **settings)
    assert read.symbols.formula.count() == {"Be": 15, "W": 1}
    np.testing.assert_allclose(read.cell.lengths(), atoms.cell.lengths() * 2.29 / 2.25)
    with pytest.raises(InputError, match=r"holds atoms of W, but crystal.element is Be with He$"):
        build_in("hcp", "file", ["He"], **settings)
