"""Plain LAMMPS relaxes to the same minima as we do."""

import numpy as np
import pytest

from relaxdiff import relax
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.structures.coordinates import Freedom, largest_displacement
from relaxdiff.structures.kinds import vacancy_cell


def test_lammps_finds_the_same_minimum_from_shaken_atoms(tungsten):
    ours = relax(vacancy_cell("W", 3.17, 3), tungsten)
    shaken = vacancy_cell("W", 3.17, 3)
    shaken.rattle(0.01, seed=5)
    theirs = lammps_minimise(shaken, tungsten, tolerance=1e-6)
    assert theirs.energy == pytest.approx(ours.energy, abs=1e-8)
    assert theirs.atoms.get_volume() == pytest.approx(ours.atoms.get_volume(), abs=1e-4)


def test_fixed_cell_stays_fixed(tungsten):
    atoms = vacancy_cell("W", 3.2, 2)
    minimum = relax(atoms, tungsten, cell="fixed")
    theirs = lammps_minimise(atoms, tungsten, 1e-7, Freedom(strains=np.zeros((0, 3, 3))))
    assert np.array_equal(minimum.strain, np.zeros((3, 3)))
    assert np.array_equal(minimum.atoms.cell.array, atoms.cell.array)
    assert minimum.energy == pytest.approx(theirs.energy, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "structure"),
    [
        ({"cell": "full"}, None),
        ({"cell": "in_plane_fixed"}, {"kind": "surface", "vacuum": 12.0}),
        (
            {"cell": "in_plane_fixed", "normal_only": True},
            {"kind": "gamma_surface", "displacement": (0.2, 0.1)},
        ),
        ({"cell": "fixed", "normal_only": True}, {"kind": "gamma_surface", "displacement": (0, 1)}),
    ],
)
def test_lammps_relaxes_the_same_of_cell_and_atoms(
    tungsten, low_symmetry, built, settings, structure
):
    if structure:
        atoms = built(**structure, plane=(1, 1, 0), layers=6)
    else:
        atoms = low_symmetry.copy()
    atoms.set_cell(1.01 * atoms.cell.array, scale_atoms=True)
    atoms.rotate(50, (3, 1, 2), rotate_cell=True)  # LAMMPS turns the cell back
    ours = relax(atoms, tungsten, **settings)
    assert ours.converged
    start = atoms.copy()
    chance = np.random.default_rng(5).normal(scale=0.01, size=(len(atoms), 3))
    freedom = ours.coordinates.freedom
    start.positions += chance @ freedom.directions.T @ freedom.directions
    theirs = lammps_minimise(start, tungsten, 1e-7, freedom)
    assert theirs.max_gradient < 1e-7
    assert theirs.energy == pytest.approx(ours.energy, abs=1e-9)
    assert theirs.atoms.cell.cellpar() == pytest.approx(ours.atoms.cell.cellpar(), abs=1e-6)
    assert largest_displacement(ours.atoms, theirs.atoms) < 1e-6
    # In the frame of the atoms that were given.
    deformation = np.linalg.solve(atoms.cell.array, ours.atoms.cell.array)
    assert ours.strain == pytest.approx(deformation - np.eye(3), abs=1e-12)
    assert ours.strain == pytest.approx(ours.strain.T, abs=1e-12)
    if settings["cell"] != "full":
        in_plane = atoms.cell.array[:2]
        assert theirs.atoms.cell.array[:2] == pytest.approx(in_plane, abs=1e-9)
        assert ours.atoms.cell.array[:2] == pytest.approx(in_plane, abs=1e-12)
