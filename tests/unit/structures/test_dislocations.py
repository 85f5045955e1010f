"""Disks with a dislocation: the line, the ring, the cores, and where the atoms were before."""

import numpy as np
import pytest
from ase.constraints import FixCartesian
from ase.neighborlist import neighbor_list
from crystal_study import CRYSTALS, build_in

from relaxdiff.exceptions import InputError
from relaxdiff.structures.dislocations import CORES, LINES, core_pairs, held_components
from relaxdiff.structures.neighbours import nearest_neighbour_distance

ALL_LINES = [(lattice, name) for lattice, lines in LINES.items() for name in lines]


def disk(lattice="bcc", **settings):
    return build_in(lattice, "dislocation", **{"radius": 22.0, "ring": 10.0} | settings)


def burgers_vector(atoms, radius):
    """Sum of the displacement's changes around the line, (3,), from the atoms near a circle."""
    places = atoms.arrays["crystal_positions"]
    apart = places[:, :2] - atoms.info["core"]
    near = np.abs(np.linalg.norm(apart, axis=1) - radius) < 1.5
    order = np.argsort(np.arctan2(*apart[near].T[::-1]))
    field = (atoms.positions - places)[near][order]
    steps = np.roll(field, -1, axis=0) - field
    # One of the steps crosses the cut, where the field jumps by the Burgers vector.
    return -steps[np.linalg.norm(steps, axis=1).argmax()]


@pytest.mark.parametrize(("lattice", "name"), ALL_LINES)
def test_each_line_has_its_burgers_vector(lattice, name):
    atoms, crystal = disk(lattice, dislocation=name), CRYSTALS[lattice]
    found = burgers_vector(atoms, 8.0) @ atoms.info["axes"] / crystal.a
    expected = {"100": [1, 0, 0], "110": [0.5, 0.5, 0], "111": [0.5, 0.5, 0.5]}[name[-3:]]
    assert np.sort(np.abs(found)) == pytest.approx(np.sort(expected), abs=0.15)


@pytest.mark.parametrize(("lattice", "name"), ALL_LINES)
def test_crystal_positions_are_sites_of_the_crystal(lattice, name):
    atoms, crystal = disk(lattice, dislocation=name), CRYSTALS[lattice].conventional()
    atoms.set_constraint()
    atoms.positions = atoms.arrays["crystal_positions"]
    usual = nearest_neighbour_distance(crystal)
    first, apart = neighbor_list("iD", atoms, 1.05 * usual)
    counts = np.bincount(first)
    middle = np.linalg.norm(atoms.positions[:, :2] - atoms.info["core"], axis=1) < 15
    assert set(counts[middle]) == {{"bcc": 8, "fcc": 12}[lattice]}
    # Turned into the crystal's axes, the vectors to neighbours are those of the crystal.
    turned = apart @ atoms.info["axes"]
    known = neighbor_list("D", crystal, 1.05 * usual)
    distances = np.linalg.norm(turned[:, None] - known[None], axis=2).min(axis=1)
    assert distances.max() < 1e-6
    assert atoms.info["lattice_parameter"] == CRYSTALS[lattice].a


def test_the_ring_is_held_and_apart_from_its_images():
    atoms = disk(ring=9.0)
    held = held_components(atoms)
    places = atoms.arrays["crystal_positions"][:, :2] - atoms.info["core"]
    assert np.array_equal(held, np.linalg.norm(places, axis=1) > 22 - 9)
    assert atoms.pbc.all()
    gaps = atoms.cell.lengths()[:2] - np.ptp(atoms.arrays["crystal_positions"][:, :2], axis=0)
    assert gaps == pytest.approx(9.0)
    assert atoms.info["core"] == pytest.approx(atoms.cell.lengths()[:2] / 2)


def test_cores_of_one_disk_differ_within_the_ring_alone():
    disks = {core: disk(core=core) for core in CORES}
    ring = held_components(disks["easy"])
    for core, columns in (("hard", 3), ("split", 6)):
        atoms, held = disks[core], held_components(disks[core])
        assert np.array_equal(held.all(axis=1), ring)
        assert np.array_equal(held.any(axis=1) & ~ring, held[:, 2] & ~held[:, 0])
        assert (held[:, 2] & ~ring).sum() == columns
        easy = disks["easy"]
        moved = atoms.positions - easy.positions
        assert moved[ring] == pytest.approx(0, abs=1e-9)
        assert atoms.cell.array == pytest.approx(easy.cell.array)
        assert np.linalg.norm(atoms.info["core"] - easy.info["core"]) == pytest.approx(1.5, abs=0.1)
        assert np.ptp(moved[~ring], axis=0)[2] > 0.4


def test_the_three_columns_of_the_hard_core_are_at_one_height():
    """Those of the easy one are a third of the period apart."""
    for core, apart in (("easy", [1 / 3, 1 / 3, 1 / 3]), ("hard", [0, 0, 1])):
        atoms = disk(core=core)
        places = atoms.arrays["crystal_positions"][:, :2] - atoms.info["core"]
        nearest = np.argsort(np.linalg.norm(places, axis=1))[:3]
        heights = np.sort(atoms.positions[nearest, 2] / atoms.cell[2, 2] % 1)
        gaps = np.sort(np.diff([*heights, heights[0] + 1]))
        assert gaps == pytest.approx(apart, abs=5e-3)


def test_held_columns_move_across_the_line():
    fixed = [each for each in disk(core="split").constraints if isinstance(each, FixCartesian)]
    assert len(fixed) == 1
    assert list(fixed[0].mask) == [False, False, True]
    without = disk()
    without.set_constraint()
    assert held_components(without) is None


@pytest.mark.parametrize(
    ("core", "place"),
    [("easy", None), ("hard", None), ("easy", "hard"), ("hard", "easy"), ("split", "hard")],
)
def test_a_solute_is_amid_its_triangle_and_nothing_else_is_held(core, place):
    given = {"place": place} if place else {}
    atoms, without = disk(core=core, element="Be", **given), disk(core=core)
    assert atoms.get_chemical_symbols() == without.get_chemical_symbols() + ["Be"]
    assert np.array_equal(atoms.positions[:-1], without.positions)
    middle = disk(core=place or core).info["core"]
    solute = atoms.positions[-1]
    assert solute[:2] == pytest.approx(middle, abs=1e-3)
    assert np.array_equal(atoms.arrays["crystal_positions"][-1], solute)
    places = without.arrays["crystal_positions"][:, :2]
    columns = np.linalg.norm(places - middle, axis=1).argsort()[:3]
    away = (without.positions[columns, 2] - solute[2]) / atoms.cell[2, 2]
    away = np.abs(away - np.rint(away))
    # Half a period from all three of the hard core, a sixth from two of the easy one.
    nearest = {"hard": 1 / 2, "easy": 1 / 6}.get(core if place is None else "", 1 / 6 - 0.03)
    assert away.min() > nearest - 0.01
    held = held_components(atoms)
    assert held.ndim == 1
    assert not held[-1]


@pytest.mark.parametrize(
    ("lattice", "settings", "message"),
    [
        ("bcc", {"place": "hard"}, "place: is where a solute is put: name it in element"),
        ("bcc", {"core": "split", "element": "Be"}, "place: a column .* split core: use one of"),
        ("fcc", {"element": "Ni"}, "element: a solute in the core is known of screw_111 in bcc"),
        (
            "bcc",
            {"dislocation": "screw_110"},
            "dislocation: screw_110 is not known in bcc: use one",
        ),
        ("fcc", {"core": "hard"}, "core: hard is known of screw_111 in bcc only"),
        ("bcc", {"radius": 14.0}, "radius: 14.0 Angstrom leaves no room .*: use 25 or more"),
        ("hcp", {}, "kind: dislocation is known in bcc, fcc, not in hcp"),
    ],
)
def test_what_cannot_be_built_is_refused(lattice, settings, message):
    with pytest.raises(InputError, match=message):
        disk(lattice, **settings)


def test_cores_are_compared_with_the_easy_one_of_their_disk():
    def entry(name, radius, **core):
        return {"name": name, "kind": "dislocation", "radius": radius, **core}

    entries = [
        {"name": "vacancy", "kind": "vacancy"},
        entry("hard", 30, core="hard"),
        entry("easy", 30),
        entry("split", 30, core="split"),
        entry("large", 40, core="hard"),
    ]
    assert core_pairs(entries) == {"hard": "easy", "split": "easy"}
