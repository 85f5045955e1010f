"""Lennard-Jones atoms of two kinds: LAMMPS's lj/cut and table, the end, derivatives."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from one_atom import (
    assert_same,
    changed,
    derivatives,
    differences,
    energy_at,
    lammps_results,
    own_results,
    third_difference,
    values_of,
)

from relaxdiff.exceptions import LammpsError
from relaxdiff.potentials.analytic import analytic_potential, lennard_jones

ELEMENTS = lennard_jones.ELEMENTS
PARAMETERS = changed(lennard_jones)  # the six differ
BOX = [12.0, 13.0, 14.0]
MOLECULES = {
    "AA": Atoms("Ar2", [[1, 1, 1], [1.7, 1.8, 1.5]]),
    "AB": Atoms("ArKr", [[1, 1, 1], [1.7, 1.8, 1.5]]),
    "BB": Atoms("Kr2", [[1, 1, 1], [1.7, 1.8, 1.5]]),
    "AAB": Atoms("Ar2Kr", [[0, 0, 0], [1.1, 0.2, 0], [0.4, 0.3, 1.2]]),
    "ABB": Atoms("KrArKr", [[0, 0, 0], [1.1, 0.2, 0], [0.4, 0.3, 1.2]]),
    "far": Atoms("ArKr", [[0, 0, 0], [2.6, 0, 0]]),
}


def plain(folder):
    """LAMMPS's lines without the switch."""
    return ["pair_style lj/cut 2.5"] + [
        f"pair_coeff {types} {PARAMETERS[f'epsilon_{kinds}']} {PARAMETERS[f'sigma_{kinds}']}"
        for types, kinds in (("1 1", "AA"), ("1 2", "AB"), ("2 2", "BB"))
    ]


def alloy(displacement):
    """108 atoms, fcc, every third of the other kind, strained, moved at random."""
    random = np.random.default_rng(2)
    atoms = bulk("Ar", "fcc", a=1.55, cubic=True).repeat(3)
    atoms.symbols[::3] = "Kr"
    shear = np.eye(3) + 0.02 * random.normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ shear, scale_atoms=True)
    atoms.positions += random.uniform(-displacement, displacement, size=(len(atoms), 3))
    return atoms


@pytest.mark.parametrize("name", MOLECULES)
def test_molecules_that_the_switch_does_not_reach_are_those_of_lammps(name):
    atoms = MOLECULES[name].copy()
    atoms.set_cell(BOX)
    atoms.pbc = True
    found = own_results(atoms, analytic_potential("lennard_jones", PARAMETERS))
    assert_same(atoms, found, lammps_results(atoms, plain, ELEMENTS), 1e-12, 1e-11, 1e-12)
    assert (found["energy"] == 0) == (name == "far")


@pytest.mark.parametrize("distance", [2.01, 2.2, 2.4, 2.499])
def test_pairs_that_the_switch_reaches(distance):
    atoms = Atoms("ArKr", [[0, 0, 0], [distance, 0, 0]], cell=BOX, pbc=True)
    found = own_results(atoms, analytic_potential("lennard_jones", PARAMETERS))["energy"]
    power = (PARAMETERS["sigma_AB"] / distance) ** 6
    x = (distance - 2.0) / 0.5
    switch = 1 - x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3)
    expected = 4 * PARAMETERS["epsilon_AB"] * (power**2 - power) * switch
    assert found == pytest.approx(expected, rel=0, abs=1e-15)


@pytest.mark.parametrize("displacement", [0, 0.05, 0.1])
def test_lammps_has_the_same_energy_from_the_tables(displacement):
    potential, atoms = analytic_potential("lennard_jones", PARAMETERS), alloy(displacement)
    expected = lammps_results(atoms, potential.lammps_lines, ELEMENTS)
    assert_same(atoms, own_results(atoms, potential), expected, 1e-9, 1e-7, 1e-8)
    assert abs(expected["energy"]) > len(atoms)


def test_lammps_refuses_atoms_nearer_than_the_tables_begin():
    atoms = Atoms("Ar2", [[0, 0, 0], [0.49, 0, 0]], cell=BOX, pbc=True)
    with pytest.raises(LammpsError, match="table inner cutoff"):
        lammps_results(atoms, analytic_potential("lennard_jones").lammps_lines, ELEMENTS)


def test_the_tables_are_one_file(tmp_path):
    (path,) = analytic_potential("lennard_jones").write(tmp_path / "my.LJ")
    assert path == tmp_path / "my.LJ.table"
    lines = path.read_text().splitlines()
    assert "UNITS: metal" in lines[0]
    assert [line for line in lines if line in lennard_jones.PAIRS] == ["AA", "AB", "BB"]


def test_the_third_difference_across_the_cutoff_goes_to_zero():
    def energy(r):
        return energy_at(lennard_jones)(np.array([[r, 0, 0]]), PARAMETERS)

    found = [abs(third_difference(energy, 2.5, step)) for step in (4e-2, 2e-2, 1e-2)]
    assert found[0] > 1.8 * found[1] > 1.8**2 * found[2] > 0


def test_no_derivative_is_a_nan_and_absent_neighbours_change_nothing():
    there = np.array([[1.0, 0.3, 0], [0, 2.2, 0], [0, 0, 2.5], [2.0, 0, 0], [-2.5 + 1e-15, 0, 0]])
    vectors = np.concatenate([there, np.full((2, 3), 1e3)])
    neighbours = np.array([0, 1, 0, 1, 1, 0, 0])
    energy = energy_at(lennard_jones, 1, neighbours)
    found = derivatives(energy, vectors, PARAMETERS)
    assert all(np.isfinite(each).all() for each in found)
    alone = energy_at(lennard_jones, 1, neighbours[:5])(there, PARAMETERS)
    assert float(energy(vectors, PARAMETERS)) == pytest.approx(float(alone), rel=1e-15)
    assert (found[0][len(there) * 3 : vectors.size] == 0).all()


def test_derivatives_by_vectors_and_parameters():
    vectors = np.array([[1.0, 0.3, 0], [0.2, 2.2, 0], [-1.1, 0.1, 0.2]])
    energy = energy_at(lennard_jones, 0, np.array([0, 1, 1]))
    gradient, hessian, _ = derivatives(energy, vectors, PARAMETERS)
    first, second = differences(energy, vectors, PARAMETERS)
    np.testing.assert_allclose(gradient, first, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(hessian, second, rtol=1e-6, atol=1e-6)
    names = list(PARAMETERS)
    by_parameters = dict(zip(names, gradient[vectors.size :], strict=True))
    assert {name for name in names if by_parameters[name] == 0} == {"epsilon_BB", "sigma_BB"}


def test_its_own_parameters_are_reduced_units():
    assert set(values_of(lennard_jones).values()) == {1.0}
    assert analytic_potential("lennard_jones").reach == 2.5
