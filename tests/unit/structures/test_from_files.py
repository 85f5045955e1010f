"""Structures from files of the user's, and files that are refused."""

import pickle
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from crystal_study import CRYSTALS, build_in

from relaxdiff.exceptions import InputError
from relaxdiff.structures.kinds import build_structure, bulk_cell
from relaxdiff.structures.lattices import PerfectCrystal

EDGE = 3.18  # lattice parameter, Angstrom


def build(kind, **settings):
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, PerfectCrystal("W", "bcc", EDGE))


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


def dumped(atoms, types, columns=""):
    """A dump of LAMMPS with types; columns: of names of more of them, values the same for all."""
    names = " ".join(name for name, _ in map(str.split, filter(None, columns.split(","))))
    values = " ".join(value for _, value in map(str.split, filter(None, columns.split(","))))
    lines = [
        *("ITEM: TIMESTEP", "0", "ITEM: NUMBER OF ATOMS", f"{len(atoms)}"),
        *("ITEM: BOX BOUNDS pp pp pp", *(f"0 {length}" for length in atoms.cell.lengths())),
        f"ITEM: ATOMS id type x y z {names}",
        *(
            f"{i + 1} {kind} {x} {y} {z} {values}"
            for i, (kind, (x, y, z)) in enumerate(zip(types, atoms.positions, strict=True))
        ),
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture(params=["dump", "data"])
def typed(request, tmp_path):
    """A file with types 1 and 2 alone, and the types."""
    atoms = bulk_cell("W", 3.0, 2)
    types = np.where(np.arange(16) < 3, 2, 1)
    if request.param == "dump":
        path = tmp_path / "v.dump"
        path.write_text(dumped(atoms, types))
    else:
        path = tmp_path / "v.data"
        atoms.symbols = np.array(["X", "W", "Be"])[types]
        ase.io.write(path, atoms, format="lammps-data", specorder=["W", "Be"])
    return path, types


def test_types_are_those_of_the_potential_in_its_order(typed):
    path, types = typed
    settings = {"name": "it", "kind": "file", "cell": "fixed", "path": str(path)}
    settings["lattice_parameter"] = 3.0
    crystal = PerfectCrystal("W", "bcc", EDGE)
    for elements in (("W", "Be"), ("Be", "W")):
        found = build_structure(settings, crystal, ["Be"], elements)
        assert list(found.symbols) == [elements[kind - 1] for kind in types]
    with pytest.raises(InputError, match="holds atoms of Be, but crystal.element is W"):
        build_structure(settings, crystal, (), ("W", "Be"))
    with pytest.raises(InputError, match="types of atoms up to 2 and no elements, but the poten"):
        build_structure(settings, crystal, (), ("W",))
    # As long as the potential is not known.
    assert set(build_structure(settings, crystal, ["H", "He"]).symbols) == {"W"}


def test_elements_in_a_file_of_types_count(tmp_path):
    atoms = bulk_cell("W", 3.0, 2)
    (tmp_path / "v.dump").write_text(dumped(atoms, [3] * 16, "element W"))
    assert set(from_file(tmp_path / "v.dump").symbols) == {"W"}
    (tmp_path / "v.dump").write_text(dumped(atoms, [3] * 16, "element Ta"))
    assert refusal(tmp_path / "v.dump") == "v.dump holds atoms of Ta, but crystal.element is W"
