"""Near atoms and images, against all of them."""

import itertools

import numpy as np
import pytest
from ase import Atoms

from relaxdiff.lammps.session import LammpsSession
from relaxdiff.structures.kinds import bulk_cell
from relaxdiff.structures.neighbours import (
    centrosymmetry,
    images_near,
    nearest_neighbour_distance,
)


def test_the_nearest_neighbour_of_bcc_is_along_the_diagonal():
    atoms = bulk_cell("W", 3.2, 2)
    assert nearest_neighbour_distance(atoms) == pytest.approx(3.2 * 3**0.5 / 2)


def test_images_near_points_are_those_of_all_images():
    """In a skewed cell whose edges are shorter than the reach, with an atom far outside it."""
    cell = [[3.0, 0, 0], [0.9, 3.2, 0], [-0.7, 0.4, 2.8]]
    atoms = Atoms("W2", [[0.1, 0.2, 0.3], [7.0, -4.0, 1.5]], cell=cell, pbc=True)
    points, reach = np.array([[0.0, 0.0, 0.0], [4.0, 1.0, -2.0]]), 4.5
    near = zip(*images_near(atoms, points, reach), strict=True)
    found = {(int(index), *map(int, shift)) for index, shift in near}
    expected = set()
    for index, *shift in itertools.product(range(2), *[range(-9, 10)] * 3):
        place = atoms.positions[index] + shift @ atoms.cell.array
        if np.linalg.norm(points - place, axis=1).min() < reach:
            expected.add((index, *shift))
    assert found == expected
    assert len(found) > 20


def test_centrosymmetry_is_that_of_lammps():
    atoms = bulk_cell("Cu", 3.6, 3, "fcc")
    del atoms[0]
    atoms.rattle(0.05, seed=0)
    assert centrosymmetry(bulk_cell("Cu", 3.6, 2, "fcc")) == pytest.approx(0, abs=1e-20)
    with LammpsSession(["Cu"], ["pair_style zero 6.0", "pair_coeff * *"]) as session:
        session.place(atoms)
        session.command("compute centro all centro/atom fcc\nrun 0 post no")
        module = session.lammps
        found = session.instance.numpy.extract_compute(
            "centro", module.LMP_STYLE_ATOM, module.LMP_TYPE_VECTOR
        )
        tags = session.instance.numpy.extract_atom("id")[: len(atoms)]
        expected = np.array(found[: len(atoms)])[np.argsort(tags)]
    assert centrosymmetry(atoms) == pytest.approx(expected, rel=1e-8)
