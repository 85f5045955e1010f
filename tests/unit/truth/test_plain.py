"""Where LAMMPS has no pair style ASE relaxes to the same minima, as constrained as LAMMPS's."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from ase.build import bulk
from bad_input import MORSE

from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.structures.coordinates import Freedom, cell_strains, largest_displacement
from relaxdiff.truth.plain import minimise_plainly

pytest.importorskip("jax")  # which `make jax` adds

from relaxdiff.potentials.analytic import analytic_potential

TOLERANCE = 1e-6
KNOWN = analytic_potential("stillinger_weber", {"lambda": 22.0})
# The same, but nobody has told LAMMPS's lines for it.
UNKNOWN = replace(KNOWN, model=replace(KNOWN.model, module=SimpleNamespace()))


@pytest.fixture(scope="module")
def atoms():
    """15 atoms of silicon around a vacancy, strained and shaken, the cell's normals x, y and z."""
    atoms = bulk("Si", "diamond", a=5.45, cubic=True).repeat((1, 1, 2))
    del atoms[0]
    atoms.set_cell(atoms.cell.array * [1.0, 1.01, 0.99], scale_atoms=True)
    atoms.rattle(0.03, seed=3)
    return atoms


def components(count):
    """Some components of some atoms held, each direction at least once."""
    held = np.zeros((count, 3), dtype=bool)
    held[2], held[5, :2], held[8, 2] = True, True, True
    return held


ALONG_Z = np.eye(3)[2:]
CASES = {
    "fixed": ("fixed", {}),
    "isotropic": ("isotropic", {}),
    "full": ("full", {}),
    "along the normal": ("in_plane_fixed", {}),
    "atoms along the normal": ("fixed", {"directions": ALONG_Z}),
    "all along the normal": ("in_plane_fixed", {"directions": ALONG_Z}),
    "held atoms": ("isotropic", {"fixed": np.arange(15) < 4}),
    "held components": ("fixed", {"fixed": components(15)}),
}


@pytest.mark.parametrize("name", CASES)
def test_ase_relaxes_to_the_minimum_of_lammps(atoms, name):
    cell, constraints = CASES[name]
    freedom = Freedom(cell_strains(cell, atoms, KNOWN.reach), **constraints)
    theirs = lammps_minimise(atoms, KNOWN, 1e-7, freedom)
    ours = minimise_plainly(atoms, UNKNOWN, TOLERANCE, freedom)
    assert theirs.max_gradient < 1e-7
    assert 0 < ours.max_gradient < TOLERANCE
    assert 10 < ours.n_force_calls < 1000
    assert ours.energy == pytest.approx(theirs.energy, abs=1e-9)
    assert ours.energy < UNKNOWN.calculator().get_potential_energy(atoms) - 1e-3
    # The structure may turn with a cell that relaxes fully, and shift if no atom is held.
    assert ours.atoms.cell.cellpar() == pytest.approx(theirs.atoms.cell.cellpar(), abs=2e-5)
    assert largest_displacement(theirs.atoms, ours.atoms) < 5e-6
    if cell in ("fixed", "in_plane_fixed"):
        np.testing.assert_allclose(ours.atoms.cell.array[:2], atoms.cell.array[:2], atol=1e-12)
    if freedom.fixed is not None:
        moved = ours.atoms.get_scaled_positions(wrap=False) - atoms.get_scaled_positions(wrap=False)
        held = np.broadcast_to(np.reshape(freedom.fixed, (15, -1)), (15, 3))
        assert np.abs(moved[held]).max() < 1e-12
        assert np.abs(moved[~held]).max() > 1e-4
    if len(freedom.directions) == 1:
        moved = ours.atoms.get_scaled_positions(wrap=False) - atoms.get_scaled_positions(wrap=False)
        assert np.abs(moved[:, :2]).max() < 1e-12
    assert not ours.atoms.constraints


def test_a_potential_that_lammps_knows_goes_to_lammps(atoms):
    freedom = Freedom(np.zeros((0, 3, 3)))
    found, expected = (
        relaxed(atoms, KNOWN, 1e-4, freedom) for relaxed in (minimise_plainly, lammps_minimise)
    )
    assert found.n_force_calls == expected.n_force_calls
    assert np.array_equal(found.atoms.positions, expected.atoms.positions)


def test_what_is_left_is_measured_as_lammps_measures_it(atoms):
    """Of a relaxation that is given up at once: the largest of forces and strains' derivatives."""
    end = minimise_plainly(atoms, UNKNOWN, 1e-6, lost=lambda atoms: True)
    calculator = KNOWN.calculator()
    forces = calculator.get_forces(end.atoms)
    edge = end.atoms.get_volume() ** (1 / 3)
    trace = calculator.get_stress(end.atoms)[:3].sum() * end.atoms.get_volume()
    assert end.max_gradient == pytest.approx(max(np.abs(forces).max(), abs(trace) / edge))
    assert end.n_force_calls <= 51


@pytest.mark.parametrize(
    ("freedom", "said"),
    [
        (Freedom(np.array([np.diag([1.0, 1.0, 0.0])])), "the check by ASE knows cells"),
        (Freedom(directions=np.array([[0.6, 0.8, 0.0]])), "confines atoms to x, y and z only"),
    ],
)
def test_constraints_that_ase_cannot_keep_are_refused(atoms, freedom, said):
    with pytest.raises(InputError, match=said):
        minimise_plainly(atoms, UNKNOWN, TOLERANCE, freedom)


def test_no_energy_is_told(atoms):
    infinite = UNKNOWN.theta.copy()
    infinite[0] = 1e308  # epsilon
    with pytest.raises(EvaluationError, match="the energy is not finite"):
        minimise_plainly(atoms, UNKNOWN.with_theta(infinite), TOLERANCE)


@pytest.fixture(scope="module")
def morse(tmp_path_factory):
    """Without a pair style of LAMMPS."""
    path = tmp_path_factory.mktemp("morse") / "morse.py"
    path.write_text(MORSE)
    return analytic_potential(path)


@pytest.mark.parametrize("line", [(1.0, 1.0, 1.0), (1.0, -1.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_crystal_held_in_a_plane_strains_along_its_normal_alone(morse, line):
    normal = np.array(line) / np.linalg.norm(line)
    start = bulk("W", "bcc", 3.18, cubic=True)
    shaken = start.copy()
    shaken.rattle(0.01, seed=1)
    found = minimise_plainly(shaken, morse, 1e-6, Freedom(np.outer(normal, normal)[None]))
    strain = np.linalg.solve(start.cell.array, found.atoms.cell.array) - np.eye(3)
    stretch = normal @ strain @ normal
    assert strain == pytest.approx(stretch * np.outer(normal, normal), abs=1e-10)
    assert abs(stretch) > 1e-3
    energies = []
    for change in (-1e-3, 0.0, 1e-3):
        atoms = start.copy()
        deformed = np.eye(3) + (stretch + change) * np.outer(normal, normal)
        atoms.set_cell(start.cell.array @ deformed, scale_atoms=True)
        atoms.calc = morse.calculator()
        energies.append(atoms.get_potential_energy())
    assert energies[1] == pytest.approx(found.energy, abs=1e-9)
    assert energies[1] < min(energies[0], energies[2])
