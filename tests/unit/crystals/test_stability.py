"""Phonons of perfect crystals at the q-points of a supercell."""

import itertools

import numpy as np
import pytest
import spglib
from crystal_study import cell_at, full_spectrum, two_of_copper

import relaxdiff.crystals.stability
from relaxdiff.crystals.compared import mean_crystal
from relaxdiff.crystals.interpolation import interpolate
from relaxdiff.crystals.stability import (
    commensurate_q_points,
    dynamical_matrices,
    lowest_curvatures,
)
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.lattice_green import cells_in_range
from relaxdiff.posterior.variants import lambda_grid, variant_weights
from relaxdiff.structures.lattices import (
    PerfectCrystal,
    starting_crystal,
)

LAMBDAS = lambda_grid(-4, 4, 2)
START = starting_crystal("W", "bcc")


def matrices_between(calculator, repeats, edges, degree=8):
    """Panels of dynamical matrices, and their q-points."""
    q_points = commensurate_q_points(START, repeats)
    matrices = interpolate(
        lambda a: dynamical_matrices(calculator, START.at(a), repeats, q_points), edges, degree
    )
    return matrices, q_points


def test_dynamical_matrix_is_the_curvature_of_a_frozen_phonon(calculator, tungsten):
    """At (1, 0, 0) 2 pi / a the two atoms of the cubic cell move against each other."""
    matrices, q_points = matrices_between(calculator, 2, np.array([3.1, 3.2]))
    at = 3.165
    index = [tuple(q) for q in q_points].index((1.0, 0.0, 0.0))
    found = matrices.weighted(np.array([at]), tungsten.weights[None])[0, index]
    step, energies = 1e-2, []
    for size in (-step, 0.0, step):
        cell = cell_at(at)
        cell.positions[:, 0] += np.array([size, -size])
        energies.append(calculator.evaluate(cell).values @ tungsten.weights)
    # Two atoms displaced: U = 2 * 1/2 D u^2.
    assert found[0, 0] == pytest.approx(np.dot(energies, [1, -2, 1]) / step**2 / 2, rel=1e-3)
    assert found == pytest.approx(found[0, 0] * np.eye(3), abs=1e-6)


def test_a_cell_that_holds_the_range_stands_for_any_larger_supercell(calculator, tungsten):
    """At q-points of a small supercell, whose own periodic images are all added up."""
    edges = np.array([3.1, 3.18])
    assert cells_in_range(calculator, START.at(edges[0])) < 9
    of_small, small = matrices_between(calculator, 3, edges, degree=1)
    of_large, large = matrices_between(calculator, 9, edges, degree=1)
    # A third as an integer of ninths: the same floating-point number.
    at = [large.tolist().index(q) for q in small.tolist()]
    found = (of_large.coefficients @ tungsten.weights)[:, :, at]
    expected = of_small.coefficients @ tungsten.weights
    assert np.abs(expected).max() > 10  # eV/Angstrom^2
    assert found == pytest.approx(expected, abs=1e-9)


def test_lowest_curvatures_are_those_of_all_matrices(calculator, tungsten, posterior, monkeypatch):
    monkeypatch.setattr(relaxdiff.crystals.stability, "MATRICES_AT_ONCE", 27)
    matrices, q_points = matrices_between(calculator, 3, np.array([3.1, 3.15, 3.2]), degree=1)
    at = np.linspace(3.11, 3.19, 15)
    weights = variant_weights(posterior, LAMBDAS).reshape(15, -1)
    found = lowest_curvatures(matrices, at, weights)
    assert found.shape == (15, len(q_points)) == (15, 7)
    expected = np.linalg.eigvalsh(matrices.weighted(at, weights))[..., 0]
    assert found == pytest.approx(expected, rel=1e-12)


def test_q_points_of_the_supercell():
    points = commensurate_q_points(START, 2)
    assert [tuple(q) for q in points] == [
        (0.5, 0.0, 0.0),
        (0.5, 0.5, 0.0),
        (0.5, 0.5, 0.5),
        (1.0, 0.0, 0.0),
    ]
    assert len(commensurate_q_points(START, 4)) == 13
    assert (1 / 3, 0, 0) in [tuple(q) for q in commensurate_q_points(START, 3)]  # every digit


@pytest.mark.parametrize(
    ("lattice", "repeats", "sites"),
    [("B2", 2, "Cu Ni"), ("L1_2", 1, "Ni Cu"), ("rocksalt", 1, "Ni Cu")],
)
def test_dynamical_matrices_of_compounds_have_every_mode_twice(lattice, repeats, sites):
    """At all q-points of the supercell, so that each mode of it is there."""
    potential = two_of_copper(0.3)
    a = {"B2": 2.9, "L1_2": 3.6, "rocksalt": 5.0}[lattice]  # some unstable: they may be
    crystal = starting_crystal("Cu", lattice, a, sites.split())
    translations = 2 * repeats if lattice == "rocksalt" else repeats  # of its primitive cell
    q_points = np.array(list(itertools.product(range(translations), repeat=3))) / repeats
    with DescriptorCalculator(potential.hyperparameters) as calculator:
        matrices = dynamical_matrices(calculator, crystal, repeats, q_points) @ potential.weights
    assert matrices == pytest.approx(matrices.swapaxes(1, 2), abs=1e-5)
    found = np.unique(np.linalg.eigvalsh(matrices).ravel().round(4))
    expected = np.unique(full_spectrum(crystal, potential, repeats).round(4))
    assert np.abs(found[:, None] - expected).min(axis=0).max() < 2e-4
    assert np.abs(found[:, None] - expected).min(axis=1).max() < 2e-4


@pytest.mark.parametrize(("lattice", "repeats"), [("sc", 2), ("diamond", 1), ("fcc", 1)])
def test_dynamical_matrices_have_the_spectrum_of_the_supercell(studies, lattice, repeats):
    """All its modes, and no others, at the q-points of one of each star and Gamma."""
    potential, _, bulk = studies["fcc" if lattice == "sc" else lattice]
    crystal = mean_crystal(bulk)
    if lattice == "sc":  # unstable: what is compared need not be positive
        crystal = PerfectCrystal("Cu", "sc", 2.4)
    q_points = np.vstack([np.zeros(3), commensurate_q_points(crystal, repeats)])
    with DescriptorCalculator(potential.hyperparameters) as calculator:
        matrices = dynamical_matrices(calculator, crystal, repeats, q_points) @ potential.weights
    assert matrices == pytest.approx(matrices.swapaxes(1, 2), abs=1e-6)
    found = np.linalg.eigvalsh(matrices).ravel()
    expected = full_spectrum(crystal, potential, repeats)
    apart = np.abs(found[:, None] - expected)
    size = np.abs(expected).max()
    assert apart.min(axis=0).max() < 1e-5 * size
    assert apart.min(axis=1).max() < 1e-5 * size


def test_stars_of_cubic_lattices():
    assert commensurate_q_points(starting_crystal("Cu", "fcc"), 1).tolist() == [[1, 0, 0]]
    assert commensurate_q_points(starting_crystal("Si", "diamond"), 2).tolist() == (
        commensurate_q_points(starting_crystal("Cu", "fcc"), 2).tolist()
    )
    # K and U are one star, given as K.
    of_four = commensurate_q_points(starting_crystal("Cu", "fcc"), 4).tolist()
    assert [0.75, 0.75, 0] in of_four
    assert [1, 0.25, 0.25] not in of_four


@pytest.mark.parametrize("repeats", [2, 3, 4])
def test_stars_are_those_of_the_point_group(repeats):
    start = starting_crystal("Be", "hcp")
    cell = start.conventional()
    structure = (cell.cell.array, cell.get_scaled_positions(), cell.numbers)
    mapping, _ = spglib.get_ir_reciprocal_mesh([repeats] * 3, structure, is_shift=[0, 0, 0])
    q_points = commensurate_q_points(start, repeats)
    assert len(q_points) == len(np.unique(mapping)) - 1
