"""Frequencies of a crystal of springs, which are known, and phonopy's at other wave vectors."""

import numpy as np
import pytest
from ase.neighborlist import neighbor_list

from relaxdiff.quantities.dynamical import THZ2, Harmonic, Lattice
from relaxdiff.quantities.force_constants import SupercellForceConstants
from relaxdiff.quantities.phonons import _crystal
from relaxdiff.structures.lattices import starting_crystal

STIFFNESS = 3.0  # eV/Angstrom^2
LATTICES = {
    "fcc": ("W", "fcc", 4.0, 2),
    "bcc": ("W", "bcc", 3.2, 3),
    "diamond": ("W", "diamond", 5.4, 2),
    "hcp": ("W", "hcp", 2.8, 3),
}


def springs(atoms, reach):
    """Force constants of springs between neighbours nearer than `reach`, (N, N, 3, 3)."""
    first, second, vectors = neighbor_list("ijD", atoms, reach)
    ways = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    blocks = STIFFNESS * ways[:, :, None] * ways[:, None, :]
    phi = np.zeros((len(atoms), len(atoms), 3, 3))
    np.add.at(phi, (first, second), -blocks)
    np.add.at(phi, (first, first), blocks)
    return phi


@pytest.fixture(scope="module", params=LATTICES)
def case(request, tungsten):
    """A crystal's Lattice and force constants, all rows."""
    element, lattice, a, repeats = LATTICES[request.param]
    crystal = starting_crystal(element, lattice, a)
    constants = SupercellForceConstants(tungsten, crystal.conventional(repeats))
    return Lattice(crystal, constants, repeats), constants, springs(constants.atoms, 1.1 * a)


@pytest.fixture(scope="module")
def harmonic(case):
    lattice, constants, phi = case
    rows = phi[constants.rows]
    return Harmonic(lattice, np.stack([rows, rows, 0 * rows], axis=-1))


def test_frequencies_are_those_of_phonopy(case, harmonic):
    """Also between wave vectors that the supercell has, where both share images."""
    lattice, constants, phi = case
    waves = np.array([[0, 0, 0], [0.5, 0, 0], [0.1, 0.23, 0.37], [1.3, -0.4, 0.8]])
    crystal = _crystal(constants.atoms)
    crystal.force_constants = phi
    cells = lattice.unit.cell.array, crystal.primitive.cell
    crystal.run_qpoints(waves @ np.linalg.solve(cells[0].T, cells[1].T))
    ratio = np.sqrt(crystal.primitive.masses[0] / lattice.mass)  # of two tables
    expected = ratio * crystal.qpoints.frequencies
    np.testing.assert_allclose(harmonic.modes(waves).frequencies()[0], expected, atol=2e-5)


def test_squares_have_the_slopes_of_stiffness(harmonic):
    """The first parameter scales Phi, the second does nothing."""
    modes = harmonic.modes(np.array([[0, 0, 0], [0.5, 0.5, 0.0], [0.2, 0.1, 0.0]]))
    np.testing.assert_allclose(modes.slopes[..., 0], modes.squares, atol=1e-10)
    assert not modes.slopes[..., 1].any()
    frequencies, slopes = modes.frequencies()
    np.testing.assert_allclose(slopes[..., 0], frequencies / 2, atol=1e-10)
    assert (frequencies[0, :3] == 0).all()


def test_unstable_modes_have_negative_frequencies(harmonic):
    waves = np.array([[0.5, 0.2, 0.0]])
    opposite = Harmonic(harmonic.lattice, -harmonic.columns)
    stable, unstable = (each.modes(waves).frequencies()[0] for each in (harmonic, opposite))
    np.testing.assert_allclose(unstable, -stable[:, ::-1], atol=1e-9)


def test_a_mesh_is_that_of_all_its_wave_vectors(case, harmonic):
    """The mean square is that of one atom between still ones, whatever the mesh."""
    _, constants, phi = case
    waves, shares = harmonic.lattice.mesh
    assert shares.sum() == pytest.approx(1)
    assert len(waves) < 2e4
    squares = shares @ harmonic.on_mesh.squares
    own = sum(np.trace(phi[atom, atom]) for atom in constants.rows)
    assert squares.sum() == pytest.approx(THZ2 * own / harmonic.lattice.mass, rel=1e-9)


def test_wave_vectors_are_taken_a_few_at_a_time(harmonic, monkeypatch):
    waves = np.random.default_rng(1).random((7, 3))
    whole = harmonic.modes(waves)
    monkeypatch.setattr("relaxdiff.quantities.dynamical.AT_ONCE", 100)
    parts = harmonic.modes(waves)
    np.testing.assert_allclose(parts.squares, whole.squares, atol=1e-9)
    np.testing.assert_allclose(parts.slopes, whole.slopes, atol=1e-9)
