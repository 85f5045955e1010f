"""The table of kinds: what each may be, and what it is refused."""

import pytest
from crystal_study import build_in

from relaxdiff.exceptions import InputError
from relaxdiff.structures.kinds import KINDS, build_structure, bulk_cell, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal

EDGE = 3.18  # lattice parameter, Angstrom


def build(kind, **settings):
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, PerfectCrystal("W", "bcc", EDGE))


def test_vacancy_is_the_public_one():
    assert build("vacancy", supercell=3) == vacancy_cell("W", EDGE, 3)


def test_planes_that_are_none_and_small_cells_are_refused():
    with pytest.raises(InputError, match=r"^structures\.it\.plane: \[0, 0, 0\] is no plane"):
        build("surface", plane=[0, 0, 0], layers=3, vacuum=9.0)
    with pytest.raises(InputError, match=r"^structures\.it\.supercell: 1 is too small"):
        build("vacancy", supercell=1)


def test_a_vacuum_keeps_surfaces_apart():
    for vacuum in (0.9, 2.7):
        with pytest.raises(
            InputError, match=r"^structures\.it\.vacuum: .* keeps no surfaces apart"
        ):
            build("surface", plane=[1, 1, 0], layers=4, vacuum=vacuum)


@pytest.mark.parametrize(
    ("lattice", "kind", "message"),
    [
        ("hcp", "dumbbell_111", "kind: dumbbell_111 is known in bcc, not in hcp, which has vac"),
        ("diamond", "octahedral", "kind: octahedral is known in bcc, fcc, hcp, not in diamond"),
        ("sc", "hexagonal", "kind: hexagonal is known in diamond, not in sc"),
        ("diamond", "gamma_surface", "kind: gamma_surface is known in sc, bcc, fcc, not in dia"),
        ("sc", "tetrahedral", "bring a structure of your own with kind: file$"),
        ("hcp", "gamma_surface", "bring a structure of your own with kind: file$"),
    ],
)
def test_kinds_that_a_lattice_does_not_have(lattice, kind, message):
    with pytest.raises(InputError, match=rf"^structures\.it\..*{message}"):
        build_in(lattice, kind, supercell=2)


def test_kinds_on_the_lattice_have_all_atoms_on_its_sites():
    """The sparse algorithms, and jobs' memory, trust in it; of what is built in bcc with a cell."""
    sites = set(map(tuple, bulk_cell("W", EDGE, 4).positions.round(6)))
    further = {"alloy_vacancy": {"element": "Be", "fraction": 0.5, "seed": 0}}
    in_cells = [
        kind for kind in KINDS.values() if kind.keys == ("supercell", *further.get(kind.name, {}))
    ]
    for kind in in_cells:
        if "bcc" in kind.lattices:
            atoms = build(kind.name, supercell=4, **further.get(kind.name, {}))
            places = set(map(tuple, atoms.positions.round(6)))
            assert (places <= sites) == kind.on_lattice, kind.name
    assert not any(kind.on_lattice for kind in KINDS.values() if kind not in in_cells)


def test_solutes_that_a_structure_may_hold():
    solutes = {"Be": "hcp", "Ta": "bcc"}
    assert KINDS["file"].solutes_in({"kind": "file"}, solutes) == ["Be", "Ta"]
    assert KINDS["octahedral"].solutes_in({"element": "Ta"}, solutes) == ["Ta"]
    assert KINDS["octahedral"].solutes_in({"element": "W"}, solutes) == []
    assert KINDS["vacancy"].solutes_in({}, solutes) == []
