"""How a crystal is turned in a structure."""

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from relaxdiff.minima.orientation import orientation
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import COMPOUNDS, PerfectCrystal, starting_crystal

TURN = Rotation.from_rotvec([0.3, -0.8, 0.5]).as_matrix()
CRYSTALS = {
    "sc": starting_crystal("Po", "sc"),
    "bcc": starting_crystal("W", "bcc"),
    "fcc": starting_crystal("Cu", "fcc"),
    "diamond": starting_crystal("Si", "diamond"),
    "hcp": starting_crystal("Be", "hcp"),
    "ideal hcp": starting_crystal("Be", "hcp", 2.3).at(2.3),
    **{
        name: starting_crystal("Ni", name, 4.0, ["Ni", "Al"][: len(places)])
        for name, places in COMPOUNDS.items()
    },
}


def mismatch(atoms, crystal, axes):
    """Largest distance of an atom around one in the middle from sites of the turned crystal."""
    sites = crystal.conventional(9)
    unit = crystal.conventional()
    found = []
    for start in unit.positions:
        origin = start + 4 * unit.cell.array.sum(axis=0)
        turned = (sites.positions - origin) @ axes.T
        around = atoms.get_distances(0, range(len(atoms)), mic=True, vector=True)
        near = np.linalg.norm(around, axis=1) < 1.6 * crystal.a
        tree = cKDTree(np.column_stack([turned, 100 * sites.numbers]))
        wanted = np.column_stack([around[near], 100 * atoms.numbers[near]])
        found.append(tree.query(wanted)[0].max())
    return min(found)


@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_turned_crystals(name, noise):
    crystal = CRYSTALS[name]
    atoms = crystal.conventional(3)
    atoms.set_cell(atoms.cell.array @ TURN.T, scale_atoms=True)
    atoms.rattle(noise, seed=3)
    axes = orientation(atoms, crystal.conventional())
    assert axes @ axes.T == pytest.approx(np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1)
    assert mismatch(atoms, crystal, axes) < 1e-6 + 10 * noise


def test_structures_with_the_axes_of_the_crystal():
    """A little larger or smaller: the reference crystal's lattice parameter is another one."""
    crystal = CRYSTALS["bcc"]
    atoms = crystal.at(1.02 * crystal.a).conventional(3)
    del atoms[[5, 17]]
    turned = orientation(atoms, crystal.conventional())
    assert np.sort(np.abs(turned).ravel()) == pytest.approx([0] * 6 + [1] * 3, abs=1e-12)


SLABS = [
    ("bcc", "surface", {"plane": [1, 1, 0], "layers": 6, "vacuum": 9.0}),
    ("bcc", "surface", {"plane": [1, 1, 2], "layers": 12, "vacuum": 9.0}),
    ("fcc", "surface", {"plane": [1, 1, 1], "layers": 6, "vacuum": 9.0}),
    ("diamond", "surface", {"plane": [1, 1, 1], "layers": 10, "vacuum": 9.0}),
    ("hcp", "surface", {"plane": [1, 0, -1, 0], "layers": 10, "vacuum": 9.0}),
    ("bcc", "gamma_surface", {"plane": [1, 1, 0], "layers": 8, "displacement": [0.3, 0.1]}),
]


@pytest.mark.parametrize(("lattice", "kind", "settings"), SLABS)
def test_slabs(lattice, kind, settings):
    """Their z is normal to the plane; x is a vector of the lattice."""
    crystal = CRYSTALS[lattice]
    atoms = build_structure({"name": "it", "kind": kind, "cell": "fixed", **settings}, crystal)
    axes = orientation(atoms, crystal.conventional())
    to_lattice = np.linalg.inv(crystal.conventional().cell.array)
    normal = axes[2] @ np.linalg.inv(to_lattice).T  # in reciprocal lattice vectors
    indices = np.array(settings["plane"])[[0, 1, -1]]
    powers = np.sort(np.abs(normal / np.abs(normal).max()))
    if lattice != "hcp":
        assert powers == pytest.approx(np.sort(np.abs(indices / indices.max())), abs=1e-6)
    in_plane = atoms.cell.array[0] @ axes @ to_lattice
    halves = 2 * in_plane
    assert halves == pytest.approx(halves.round(), abs=1e-6)


def test_nothing_like_the_crystal():
    """The identity."""
    silicon = CRYSTALS["diamond"].conventional(2)
    assert (orientation(silicon, CRYSTALS["fcc"].conventional()) == np.eye(3)).all()
    lonely = Atoms("W", cell=[30, 30, 30], pbc=True)
    assert (orientation(lonely, CRYSTALS["bcc"].conventional()) == np.eye(3)).all()


def test_several_sites_in_a_cell():
    """Rutile has two kinds of sites, and each element in two directions."""
    along, across = np.array([0.305, 0.305, 0.0]), np.array([0.305, -0.305, 0.0])
    centre = np.full(3, 0.5)
    places = [0 * centre, centre, along, -along, centre + across, centre - across]
    vectors = np.diag([4.59, 4.59, 2.96])
    unit = Atoms("Ti2O4", scaled_positions=places, cell=vectors, pbc=True)
    unit.wrap()
    atoms = unit.repeat((2, 2, 3))
    atoms.set_cell(atoms.cell.array @ TURN.T, scale_atoms=True)
    axes = orientation(atoms, unit)
    assert abs((TURN.T @ axes)[2, 2]) == pytest.approx(1)  # the fourfold axis
    crystal = PerfectCrystal(
        "Ti",
        "file",
        4.59,
        basis=tuple(
            (element, tuple(place))
            for element, place in zip(unit.symbols, unit.get_scaled_positions(), strict=True)
        ),
        shape=tuple(map(tuple, unit.cell.array / 4.59)),
    )
    assert mismatch(atoms, crystal, axes) < 1e-6
