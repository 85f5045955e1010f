"""Held atoms: in the relaxation, LAMMPS's too, in the file, in symmetry blocks and derivatives."""

import numpy as np
import pytest
from full_hessian import full_eigenvalues, norms

from relaxdiff import implicit_derivative, relax
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.derivative.solvers.sparse import Sparse
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.minimum import minimum_dataset, minimum_from_dataset
from relaxdiff.minima.saddle_test import StabilityTest
from relaxdiff.minima.symmetry_blocks import (
    blocks_at,
    blocks_from_dataset,
    crystal_hessian,
    force_constants,
    symmetry_blocks,
    tensor_hessian,
)
from relaxdiff.structures.coordinates import Freedom, coordinates_of
from relaxdiff.structures.kinds import vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal


def mask(atoms, indices):
    return np.isin(np.arange(len(atoms)), indices)


# Of the 15 atoms around a vacancy: the eight neighbours, all equivalent; one of them; two others.
HELD = {"shell": [0, 2, 4, 6, 8, 10, 12, 14], "one": [0], "two": [2, 3]}


@pytest.fixture(scope="module", params=HELD)
def minimum(request, tungsten):
    """A vacancy whose cell strains by all six; held atoms cannot relax into it."""
    atoms = vacancy_cell("W", 3.18, 2)
    held = mask(atoms, HELD[request.param])
    return relax(atoms, tungsten, "full", tolerance=1e-9, fixed=held)


@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full"])
def test_lammps_holds_the_same_atoms(tungsten, low_symmetry, cell):
    """Held atoms keep their scaled positions, so that they follow a cell that relaxes."""
    atoms, held = low_symmetry.copy(), mask(low_symmetry, [1, 6])
    atoms.rattle(0.02, seed=2)
    atoms.set_cell(1.01 * atoms.cell.array, scale_atoms=True)
    atoms.rotate(50, (3, 1, 2), rotate_cell=True)  # LAMMPS turns the cell back
    ours = relax(atoms, tungsten, cell, fixed=held)
    theirs = lammps_minimise(atoms, tungsten, 1e-7, ours.coordinates.freedom)
    assert ours.converged
    assert theirs.max_gradient < 1e-7
    assert theirs.energy == pytest.approx(ours.energy, abs=1e-9)
    assert ours.energy > relax(atoms, tungsten, cell).energy + 1e-3
    assert theirs.atoms.cell.cellpar() == pytest.approx(ours.atoms.cell.cellpar(), abs=1e-6)
    for end in (ours, theirs):
        moved = end.atoms.get_scaled_positions(wrap=False)
        moved -= atoms.get_scaled_positions(wrap=False)
        moved -= np.round(moved)
        moved -= moved[held].mean(axis=0)  # LAMMPS's cell grows from its middle
        assert np.abs(moved[held]).max() < 1e-9
        assert np.abs(moved[~held]).max() > 1e-3
    q = ours.coordinates.locate(theirs.atoms)
    assert np.abs(q * ours.coordinates.scale).max() < 1e-6


def test_they_survive_the_file(minimum, tungsten, tmp_path):
    write_dataset(minimum_dataset(minimum), tmp_path / "minimum.nc", {})
    again = minimum_from_dataset(read_dataset(tmp_path / "minimum.nc"), tungsten)
    held = minimum.coordinates.freedom.fixed
    assert again.coordinates.freedom.fixed.dtype == bool
    assert np.array_equal(again.coordinates.freedom.fixed, held)
    # Energy asks LAMMPS to hold them, Dense the modes.
    direction = np.eye(55)[:, :1]
    ours = implicit_derivative(minimum, directions=direction)["position_derivative"].values
    theirs = implicit_derivative(again, Energy(), direction)["position_derivative"].values
    assert not theirs[0, held].any()
    assert theirs == pytest.approx(ours, abs=1e-5 * np.abs(ours).max())


def test_a_file_without_them_says_so(tungsten, tmp_path):
    minimum = relax(vacancy_cell("W", 3.18, 2), tungsten)
    write_dataset(minimum_dataset(minimum), tmp_path / "minimum.nc", {})
    again = minimum_from_dataset(read_dataset(tmp_path / "minimum.nc"), tungsten)
    assert again.coordinates.freedom.fixed is None


def test_symmetry_blocks_leave_them_where_they_are(minimum):
    coordinates, held = minimum.coordinates, minimum.coordinates.freedom.fixed
    blocks = symmetry_blocks(coordinates)
    assert blocks
    for block in blocks:
        modes = block.coordinates.modes.toarray()
        assert not modes.reshape(len(held), 3, -1)[held].any()
        assert modes.T @ modes == pytest.approx(np.eye(modes.shape[1]), abs=1e-9)
    total = coordinates.n_modes + sum(block.dimension * block.n_modes for block in blocks)
    assert total == 3 * (~held).sum()


def test_blocks_have_the_eigenvalues_of_the_full_hessian(minimum, tungsten):
    coordinates, constants = minimum.coordinates, force_constants(minimum)
    units = coordinates.scale * norms(coordinates.n_modes, coordinates.strains)
    symmetric = constants["hessian_tensor"].values @ tungsten.weights
    ours = [np.linalg.eigvalsh(symmetric / np.outer(units, units))]
    for block in blocks_from_dataset(constants, coordinates):
        sizes = norms(block.n_modes, block.own_strains)
        hessian = block.tensor @ tungsten.weights / np.outer(sizes, sizes)
        ours += [np.linalg.eigvalsh(hessian)] * block.dimension
    full = full_eigenvalues(minimum.atoms, tungsten, coordinates.freedom)
    assert np.sort(np.concatenate(ours)) == pytest.approx(full, rel=1e-4)


def test_a_block_of_held_atoms_alone_is_none(tungsten):
    atoms = vacancy_cell("W", 3.18, 2)
    everything = Freedom(np.zeros((0, 3, 3)), fixed=np.ones(len(atoms), dtype=bool))
    assert symmetry_blocks(coordinates_of(atoms, everything)) == []


def test_both_stability_tests_look_at_what_may_move(minimum, tungsten):
    """The crystal's Green's function, too, which knows of no held atoms, stays positive."""
    green = crystal_green(tungsten, minimum.atoms, PerfectCrystal("W", "bcc", 3.18), 2)
    reference = np.zeros(minimum.coordinates.size)
    known = (
        tensor_hessian(force_constants(minimum), minimum.coordinates),
        crystal_hessian(green, minimum.coordinates),
    )
    for hessian in known:
        with StabilityTest(minimum, hessian) as test:
            assert test.verdict(tungsten.theta, reference).is_minimum
    assert min(block.lowest(tungsten.theta)[0] for block in blocks_at(minimum)[0]) > 0


def test_derivatives_are_those_of_structures_relaxed_anew(minimum, tungsten):
    """To 1e-6, at six points along a parameter."""
    held, parameter = minimum.coordinates.freedom.fixed, 7
    found = implicit_derivative(minimum)
    positions = found["position_derivative"].values[parameter]
    strain = np.tensordot(
        found["strain_derivative"].values[parameter], found["strain_basis"].values, axes=1
    )
    edge = minimum.atoms.get_volume() ** (1 / 3)
    largest = max(np.abs(positions).max(), np.abs(strain).max() * edge)
    step = 1e-3 / largest
    expected, expected_strain = 0.0, 0.0
    for n, factor in ((1, 45), (2, -9), (3, 1)):  # Fornberg, Math. Comp. 51, 699 (1988)
        for sign in (1, -1):
            theta = tungsten.theta.copy()
            theta[parameter] += sign * n * step
            end = relax(
                minimum.atoms, tungsten.with_theta(theta), "full", tolerance=1e-10, fixed=held
            )
            assert end.converged
            unstrained = end.atoms.positions @ np.linalg.inv(np.eye(3) + end.strain)
            weight = sign * factor / (60 * step)
            expected = expected + weight * unstrained
            expected_strain = expected_strain + weight * end.strain
    assert not positions[held].any()
    assert positions == pytest.approx(expected, abs=1e-6 * largest)
    assert strain == pytest.approx(expected_strain, abs=1e-6 * largest / edge)
    iterated = implicit_derivative(minimum, Sparse(), np.eye(55)[:, [parameter]])
    assert iterated["position_derivative"].values[0] == pytest.approx(positions, abs=1e-6 * largest)
