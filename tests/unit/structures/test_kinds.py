"""Unrelaxed structures: atoms, symmetry and distances of each kind; files that are refused."""

import pickle
from pathlib import Path

import ase.io
import numpy as np
import pytest
import spglib
from ase import Atoms
from ase.neighborlist import neighbor_list

from relaxdiff.exceptions import InputError
from relaxdiff.structures.kinds import KINDS, build_structure, bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.slabs import plane_normal
from relaxdiff.structures.symmetry import find_symmetry

EDGE = 3.18  # lattice parameter, Angstrom
PLANES = [(1, 0, 0), (0, 0, 1), (1, 1, 0), (1, -1, 0), (1, 1, 1), (1, 1, 2), (-1, 1, 2), (1, 2, 3)]


def build(kind, **settings):
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, PerfectCrystal("W", "bcc", EDGE))


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


def test_planes_that_are_none_and_small_cells_are_refused():
    with pytest.raises(InputError, match=r"^structures\.it\.plane: \[0, 0, 0\] is no plane"):
        build("surface", plane=[0, 0, 0], layers=3, vacuum=9.0)
    with pytest.raises(InputError, match=r"^structures\.it\.supercell: 1 is too small"):
        build("vacancy", supercell=1)


def test_plane_normal():
    np.testing.assert_allclose(plane_normal([1, -2, 2]), [1 / 3, -2 / 3, 2 / 3])
    with pytest.raises(InputError, match=r"^plane: \[0, 0, 0\] is no plane"):
        plane_normal([0, 0, 0])


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


def test_kinds_on_the_lattice_have_all_atoms_on_its_sites():
    """The sparse algorithms, and jobs' memory, trust in it; of what is built in bcc with a cell."""
    sites = set(map(tuple, bulk_cell("W", EDGE, 4).positions.round(6)))
    in_cells = [kind for kind in KINDS.values() if kind.keys == ("supercell",)]
    for kind in in_cells:
        if "bcc" in kind.lattices:
            places = set(map(tuple, build(kind.name, supercell=4).positions.round(6)))
            assert (places <= sites) == kind.on_lattice, kind.name
    assert not any(kind.on_lattice for kind in KINDS.values() if kind not in in_cells)


def test_solutes_that_a_structure_may_hold():
    solutes = {"Be": "hcp", "Ta": "bcc"}
    assert KINDS["file"].solutes_in({"kind": "file"}, solutes) == ["Be", "Ta"]
    assert KINDS["octahedral"].solutes_in({"element": "Ta"}, solutes) == ["Ta"]
    assert KINDS["octahedral"].solutes_in({"element": "W"}, solutes) == []
    assert KINDS["vacancy"].solutes_in({}, solutes) == []
