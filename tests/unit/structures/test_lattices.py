"""Perfect crystals, and the bulk of lattices other than bcc, against plain LAMMPS."""

import numpy as np
import pytest
import spglib
from ase.build import bulk
from ase.io import write
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal as space_group_crystal

from relaxdiff import InputError
from relaxdiff.structures.lattices import (
    BRAVAIS,
    COMPOUNDS,
    LATTICES,
    PerfectCrystal,
    crystal_from,
    starting_crystal,
)
from relaxdiff.structures.neighbours import nearest_neighbour_distance
from relaxdiff.structures.symmetry import find_symmetry


def crystal_of(symbols, sites, spacegroup, cellpar, setting=1):
    """A cubic crystal by its space group; cellpar: a and the angle."""
    a, angle = cellpar
    return space_group_crystal(
        symbols, sites, spacegroup=spacegroup, setting=setting, cellpar=[a] * 3 + [angle] * 3
    )


def test_tabulated_crystals():
    assert starting_crystal("W", "bcc") == PerfectCrystal("W", "bcc", 3.16)
    assert starting_crystal("Si", "diamond") == PerfectCrystal("Si", "diamond", 5.43)
    beryllium = starting_crystal("Be", "hcp")
    assert (beryllium.a, beryllium.c / beryllium.a) == pytest.approx((2.29, 1.567))


@pytest.mark.parametrize("lattice", LATTICES)
def test_crystals_of_other_lattices_keep_the_volume_of_an_atom(lattice):
    crystal = starting_crystal("Cu", lattice)
    assert crystal.volume_per_atom == pytest.approx(3.61**3 / 4)
    cell = crystal.conventional()
    assert cell.get_volume() / len(cell) == pytest.approx(crystal.volume_per_atom)
    primitive = crystal.primitive()
    assert len(primitive) == (1 if lattice in BRAVAIS else 2)
    assert primitive.get_volume() / len(primitive) == pytest.approx(crystal.volume_per_atom)
    grown = crystal.at(2 * crystal.a)
    assert grown.volume_per_atom == pytest.approx(8 * crystal.volume_per_atom)


def test_crystals_that_are_none():
    with pytest.raises(InputError, match="crystal.lattice: fc is not known"):
        starting_crystal("Cu", "fc")
    with pytest.raises(InputError, match="give crystal.lattice_parameter"):
        starting_crystal("Ga", "fcc")
    assert starting_crystal("Ga", "fcc", 4).a == 4


# Number of atoms and of primitive ones, and the nearest neighbours in units of a.
SHAPES = {
    "B2": (2, 2, np.sqrt(3) / 2),
    "L1_2": (4, 4, np.sqrt(0.5)),
    "rocksalt": (8, 2, 0.5),
    "zincblende": (8, 2, np.sqrt(3) / 4),
}


@pytest.mark.parametrize("lattice", COMPOUNDS)
def test_compounds_are_what_their_names_say(lattice):
    crystal = starting_crystal("Al", lattice, 4.0, ["Ni", "Al"])
    atoms, primitive, nearest = SHAPES[lattice]
    cell = crystal.conventional()
    assert (len(cell), len(crystal.primitive())) == (atoms, primitive)
    assert nearest_neighbour_distance(cell) == pytest.approx(4.0 * nearest)
    assert spglib.get_spacegroup((cell.cell, cell.get_scaled_positions(), cell.numbers)) in (
        "Pm-3m (221)",
        "Fm-3m (225)",
        "F-43m (216)",
    )
    share = 0.25 if lattice == "L1_2" else 0.5
    assert crystal.fractions == {"Ni": 1 - share, "Al": share}
    assert crystal.volume_per_atom == pytest.approx(64 / atoms)
    assert crystal_from(crystal.attributes) == crystal
    # All nearest neighbours are unlike, but in L1_2, where the majority has both.
    first, second = neighbor_list("ij", cell, 1.01 * 4.0 * nearest)
    unlike = cell.numbers[first] != cell.numbers[second]
    assert unlike.all() == (lattice != "L1_2")


def test_a_crystal_from_a_file_is_brought_to_its_cubic_cell(tmp_path):
    laves = crystal_of(
        ["W", "Be"], [(1 / 8,) * 3, (1 / 2,) * 3], spacegroup=227, setting=2, cellpar=[6.2, 90]
    )
    write(tmp_path / "laves.cif", laves)
    primitive = starting_crystal("W", "file", path=tmp_path / "laves.cif").primitive()
    assert len(primitive) == 6
    write(tmp_path / "primitive.extxyz", primitive)
    for name in ("laves.cif", "primitive.extxyz"):
        found = starting_crystal("W", "file", path=tmp_path / name)
        assert found.a == pytest.approx(6.2)
        assert found.fractions == pytest.approx({"W": 1 / 3, "Be": 2 / 3})
        assert len(find_symmetry(found.conventional()).rotations) == 192
    assert starting_crystal("W", "file", 6.0, path=tmp_path / "laves.cif").a == 6.0


@pytest.mark.parametrize(
    ("atoms", "told"),
    [
        (bulk("W"), r"crystal.element: Be is not in .*, which holds W"),
        (None, "does not exist|is not a file"),
    ],
)
def test_files_that_hold_no_crystal_for_a_study_are_refused(tmp_path, atoms, told):
    if atoms is not None:
        write(tmp_path / "it.cif", atoms)
    with pytest.raises(InputError, match=told):
        starting_crystal("Be", "file", path=tmp_path / "it.cif")


@pytest.mark.parametrize("given", [{}, {"sites": ["Ni"]}, {"sites": ["Ni", "Ti"]}])
def test_a_compound_needs_its_elements(given):
    with pytest.raises(InputError, match=r"crystal\.sites: B2 has 2 kinds of sites.*\(Al\)"):
        starting_crystal("Al", "B2", 3.0, **given)


def test_a_compound_needs_a_lattice_parameter():
    with pytest.raises(InputError, match=r"crystal\.lattice_parameter: of B2 there is no table"):
        starting_crystal("Al", "B2", sites=["Ni", "Al"])


def test_crystals_of_any_shape_are_read_from_files(tmp_path):
    pyrite = crystal_of(["Fe", "Be"], [(0, 0, 0), (0.385,) * 3], spacegroup=205, cellpar=[5.4, 90])
    for name, atoms, free in (("pyrite", pyrite, 2), ("hexagonal", bulk("Be"), 2)):
        write(tmp_path / f"{name}.cif", atoms)
        found = starting_crystal("Be", "file", path=tmp_path / f"{name}.cif")
        assert not found.is_simple
        assert found.free_coordinates.size == free
        assert crystal_from(found.attributes) == found
        assert found.volume_per_atom == pytest.approx(atoms.get_volume() / len(atoms))
        strained = found.conventional()
        strained.set_cell(strained.cell.array @ np.diag([1.01, 1.01, 0.97]), scale_atoms=True)
        assert np.allclose(found.with_cell(strained).conventional().cell, strained.cell)
