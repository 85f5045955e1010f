"""Relaxation against plain LAMMPS, and what it says when it cannot."""

import numpy as np
import pytest

from relaxdiff import InputError, RelaxationError, relax
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.minima.minimum import minimum_dataset, minimum_from_dataset
from relaxdiff.minima.reference import relax_reference
from relaxdiff.structures.coordinates import Freedom, largest_displacement
from relaxdiff.structures.kinds import bulk_cell, vacancy_cell

VACANCY = {"name": "vacancy", "kind": "vacancy", "supercell": 2, "cell": "isotropic"}


def test_published_potential_gives_its_known_numbers(tungsten):
    crystal = relax(bulk_cell("W", 3.16), tungsten)
    defect = relax(vacancy_cell("W", 3.16, 4), tungsten)
    assert crystal.atoms.cell.lengths()[0] == pytest.approx(3.18046, abs=5e-6)
    formation_energy = defect.energy - len(defect.atoms) * crystal.energy / 2
    # 3.22300 eV is what LAMMPS's own minimize gives for bulk and 127-atom cell.
    assert formation_energy == pytest.approx(3.22300, abs=1e-5)
    assert defect.max_gradient < 1e-8
    assert defect.status == "converged"


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


def test_energy_holds_the_energy_shift(tungsten):
    shifted = tungsten.with_theta(tungsten.theta, energy_shift=tungsten.energy_shift + 1.5)
    atoms = bulk_cell("W", 3.18)
    assert relax(atoms, shifted).energy == pytest.approx(relax(atoms, tungsten).energy + 3.0)


def test_too_few_steps_are_reported_not_hidden(tungsten):
    minimum = relax(vacancy_cell("W", 3.16, 2), tungsten, max_steps=1)
    assert not minimum.converged
    assert "not converged" in minimum.status
    assert "more steps" in minimum.status


def test_reference_of_another_element_is_refused(tungsten):
    with pytest.raises(InputError, match=r"crystal\.element is Ta"):
        relax_reference(tungsten, {"element": "Ta", "lattice": "bcc"}, VACANCY)


def test_reference_without_minimum_is_refused(tungsten):
    repulsive = tungsten.with_theta(-tungsten.theta)
    with pytest.raises(RelaxationError, match="bcc crystal"):
        relax_reference(repulsive, {"element": "W", "lattice": "bcc"}, VACANCY)


@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full", "in_plane_fixed"])
@pytest.mark.parametrize("normal_only", [True, False])
def test_minimum_survives_its_file(tungsten, low_symmetry, tmp_path, cell, normal_only):
    minimum = relax(low_symmetry, tungsten, cell, normal_only=normal_only)
    write_dataset(minimum_dataset(minimum), tmp_path / "minimum.nc", {})
    again = minimum_from_dataset(read_dataset(tmp_path / "minimum.nc"), tungsten)
    assert np.array_equal(again.atoms.cell.array, minimum.atoms.cell.array)
    assert np.array_equal(again.strain, minimum.strain)
    for name in ("orbits", "strains"):
        ours, theirs = (getattr(each.coordinates, name) for each in (minimum, again))
        assert np.array_equal(ours, theirs)
    for name in ("strains", "directions"):
        ours, theirs = (getattr(each.coordinates.freedom, name) for each in (minimum, again))
        assert np.array_equal(ours, theirs)
    assert abs(again.coordinates.modes - minimum.coordinates.modes).max() == 0
    assert np.array_equal(again.atoms.positions, minimum.atoms.positions)
    assert again.energy == minimum.energy
    assert again.coordinates.modes.shape == minimum.coordinates.modes.shape
    assert again.converged
