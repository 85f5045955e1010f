"""Tables of neighbours hold ASE's neighbours, in any cell and any number of blocks."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import neighbor_list

from relaxdiff.potentials.analytic import neighbours
from relaxdiff.potentials.analytic.neighbours import neighbour_table


def sheared(repeats):
    """Atoms of diamond in a strained and turned cell, moved at random."""
    atoms = bulk("Si", "diamond", a=5.431).repeat(repeats)
    shear = np.eye(3) + 0.1 * np.random.default_rng(1).normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    atoms.rattle(0.1, seed=2)
    atoms.positions += [0, 9.0, 0]  # some are outside the cell
    return atoms


def listed(first, second, shifts):
    """Neighbours as a sorted list of (atom, neighbour, shifts)."""
    return sorted(
        (int(i), int(j), *map(int, shift))
        for i, j, shift in zip(first, second, shifts, strict=True)
    )


def in_table(table):
    """The same of a table; absent neighbours and empty rows are left out."""
    there = (table.present * table.own[..., None]) == 1
    atoms = np.broadcast_to(table.atoms[..., None], there.shape)
    return listed(atoms[there], table.others[there], table.shifts[there])


STRUCTURES = {
    "its own neighbour": (sheared(1)[[0]], 9.0),
    "two atoms": (sheared(1), 7.0),
    "16 atoms": (sheared(2), 4.0),
    "nobody near": (Atoms("Si", cell=[20, 20, 20], pbc=True), 3.0),
}


@pytest.mark.parametrize("at_once", [4096, 5, 1])
@pytest.mark.parametrize("name", STRUCTURES)
def test_neighbours_are_those_of_ase(name, at_once, monkeypatch):
    monkeypatch.setattr(neighbours, "AT_ONCE", at_once)
    atoms, cutoff = STRUCTURES[name]
    table = neighbour_table(atoms, cutoff)
    expected = listed(*neighbor_list("ijS", atoms, cutoff))
    assert in_table(table) == expected
    assert (len(expected) == 0) == (name == "nobody near")
    if name == "its own neighbour":
        assert all(i == j for i, j, *_ in expected)
    blocks, size, width = table.others.shape
    assert size == min(len(atoms), at_once)
    assert blocks * size >= len(atoms) > (blocks - 1) * size
    assert width % neighbours.ROUNDED_TO == 0
    assert table.own.sum() == len(atoms)
    assert sorted(set(table.atoms[table.own == 1])) == list(range(len(atoms)))


def test_rows_are_as_long_as_the_longest_needs():
    atoms, cutoff = STRUCTURES["16 atoms"]
    most = np.bincount(neighbor_list("i", atoms, cutoff)).max()
    width = neighbour_table(atoms, cutoff).others.shape[-1]
    assert most <= width < most + neighbours.ROUNDED_TO
    # No row ends between present neighbours: what is absent comes last.
    present = neighbour_table(atoms, cutoff).present
    assert (np.diff(present, axis=-1) <= 0).all()
