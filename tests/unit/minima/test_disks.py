"""Dislocations relaxed in a disk: cores, the columns that are held, and their derivatives."""

from dataclasses import replace

import numpy as np
import pytest
from crystal_study import shipped

from relaxdiff import implicit_derivative
from relaxdiff.derivative.solvers.energy import Energy
from relaxdiff.derivative.solvers.named import solver_of
from relaxdiff.exceptions import InputError, RelaxationError
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.minima import disks
from relaxdiff.minima.disks import cubic_constants
from relaxdiff.minima.lattice_green import crystal_force_constants
from relaxdiff.minima.minimum import minimum_dataset, minimum_from_dataset
from relaxdiff.minima.preconditioner import inverse_of_crystal
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.saddle_test import lowest_relative_curvature
from relaxdiff.minima.symmetry_blocks import symmetry_blocks
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.structures.coordinates import coordinates_of
from relaxdiff.structures.lattices import PerfectCrystal

CRYSTAL = {"element": "W", "lattice": "bcc"}
SMALL = {"name": "screw", "kind": "dislocation", "cell": "fixed", "radius": 15.5}
DIRECTION = np.eye(55)[:, [0]] + np.eye(55)[:, [7]]  # two parameters change


@pytest.fixture(scope="module", autouse=True)
def once():
    """Each disk is relaxed once for all tests; force constants of a crystal are found once."""
    found = {}

    def remembered(compute, key):
        def compute_once(*given, **settings):
            known = compute.__name__, *key(*given)
            if known not in found:
                found[known] = compute(*given, **settings)
            return found[known]

        return compute_once

    def disk(atoms, potential, cell):
        return potential.theta.tobytes(), atoms.positions.tobytes(), atoms.numbers.tobytes()

    def crystal(potential, perfect):
        return potential.theta.tobytes(), perfect

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disks, "relax", remembered(disks.relax, disk))
        constants = remembered(crystal_force_constants, crystal)
        patch.setattr(disks, "crystal_force_constants", constants)
        yield


@pytest.fixture(scope="module")
def with_beryllium():
    """Be in the hard core of a disk: the potential, the crystal and the structure."""
    potential = shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))
    return potential, CRYSTAL | {"solutes": ["Be"]}, SMALL | {"core": "hard", "element": "Be"}


@pytest.fixture(scope="module")
def cores(tungsten):
    """The Minimum of each core in one small disk."""
    return {
        core: relax_reference(tungsten, CRYSTAL, SMALL | {"core": core})
        for core in ("easy", "hard", "split")
    }


@pytest.fixture(scope="module")
def hard(cores):
    return cores["hard"]


def test_elastic_constants_of_the_potential(tungsten):
    """Those of W_2940_2017_2 by Wood & Thompson (arXiv:1702.07042): 520, 199 and 147 GPa."""
    constants = cubic_constants(
        crystal_force_constants(tungsten, PerfectCrystal("W", "bcc", 3.18046))
    )
    assert constants == pytest.approx((520, 199, 147), rel=0.03)


def test_the_easy_core_is_the_lowest(cores):
    """The order of the cores of tungsten: easy, hard, split; all with the same ring."""
    energies = [minimum.energy for minimum in cores.values()]
    assert energies[0] + 0.05 < energies[1] < energies[2] < energies[0] + 0.5
    assert [minimum.coordinates.freedom.held_columns for minimum in cores.values()] == [0, 3, 6]
    for minimum in cores.values():
        assert minimum.max_gradient < 1e-8
        assert minimum.n_evaluations < 40
        assert symmetry_blocks(minimum.coordinates) == []


def test_held_columns_keep_their_height_alone(hard):
    held = hard.coordinates.freedom.fixed
    columns = held[:, 2] & ~held[:, 0]
    moved = np.abs(hard.coordinates.displacements(np.ones(hard.coordinates.size)))
    assert not moved[held].any()
    assert moved[~held].all()
    assert (hard.coordinates.modes.sum(axis=0) == 1).all()
    assert columns.sum() == 3
    again = hard.coordinates.locate(
        hard.coordinates.structure(0.01 * np.ones(hard.coordinates.size))
    )
    assert again == pytest.approx(0.01)


def test_they_survive_the_file(cores, tungsten, tmp_path):
    for core, minimum in cores.items():
        path = tmp_path / f"{core}.nc"
        write_dataset(minimum_dataset(minimum), path, {})
        read = read_dataset(path)
        again = minimum_from_dataset(read, tungsten)
        assert np.array_equal(again.coordinates.freedom.fixed, minimum.coordinates.freedom.fixed)
        assert again.coordinates.freedom.held_columns == minimum.coordinates.freedom.held_columns
        places = minimum.atoms.arrays["crystal_positions"]
        assert np.array_equal(again.atoms.arrays["crystal_positions"], places)
        for name in ("core", "axes", "lattice_parameter"):
            assert np.array_equal(again.atoms.info[name], minimum.atoms.info[name])
        said = {"easy": None, "hard": "with 3 columns held", "split": "with 6 columns held"}
        assert read.attrs.get("held") == said[core]


def test_lammps_finds_the_same_core(hard, tungsten):
    """It holds components of atoms, too."""
    shaken = hard.atoms.copy()
    shake = np.random.default_rng(0).normal(scale=0.01, size=shaken.positions.shape)
    shaken.positions += np.where(hard.coordinates.freedom.fixed, 0.0, shake)
    found = lammps_minimise(shaken, tungsten, 1e-6, hard.coordinates.freedom)
    assert found.max_gradient < 1e-6
    assert found.energy == pytest.approx(hard.energy, abs=1e-8)
    assert hard.coordinates.locate(found.atoms) == pytest.approx(0, abs=1e-5)


def test_derivatives_of_all_solvers_are_the_same(hard):
    sparse = solver_of("sparse", hard, PerfectCrystal("W", "bcc", 3.2), None)
    guided, dense, energy, plain = (
        implicit_derivative(hard, solver, DIRECTION)
        for solver in (sparse, "dense", Energy(), "sparse")
    )
    exact = dense["position_derivative"].values
    largest = np.abs(exact).max()
    for each in (guided, dense, energy, plain):
        moved = each["position_derivative"].values
        assert not moved[:, hard.coordinates.freedom.fixed].any()
        assert moved == pytest.approx(exact, abs=1e-5 * largest)
    assert guided.attrs["iterations"] < 0.7 * plain.attrs["iterations"]


def test_without_held_columns_the_split_core_is_no_minimum(cores):
    """The test that accepts it with its columns held shows a saddle point without."""
    held, crystal = cores["split"], PerfectCrystal("W", "bcc", 3.2)
    assert lowest_relative_curvature(held, inverse_of_crystal(held, crystal)) > 0
    freedom = held.coordinates.freedom
    ring = replace(freedom, fixed=freedom.fixed.all(axis=1))
    free = replace(held, coordinates=coordinates_of(held.atoms, ring, symmetry=False))
    assert lowest_relative_curvature(free, inverse_of_crystal(free, crystal)) < 0


def test_a_thin_ring_is_refused(tungsten):
    with pytest.raises(InputError, match=r"structures\.screw\.ring: 9\.0 .* use 9\.60 or more"):
        relax_reference(tungsten, CRYSTAL, SMALL | {"ring": 9.0})


def test_a_core_that_is_a_saddle_point_is_refused(tungsten, monkeypatch):
    monkeypatch.setattr(disks, "lowest_relative_curvature", lambda *_: -0.01)
    with pytest.raises(
        RelaxationError, match=r"structures\.screw, .*: the relaxed core is a saddle"
    ):
        relax_reference(tungsten, CRYSTAL, SMALL)


def test_a_solute_holds_the_hard_core(with_beryllium):
    """Be in a hard core of tungsten, in which no column is held."""
    minimum = relax_reference(*with_beryllium)
    assert minimum.coordinates.freedom.held_columns == 0
    places, period = minimum.atoms.arrays["crystal_positions"], minimum.atoms.cell[2, 2]
    positions = minimum.atoms.positions
    assert np.linalg.norm((positions - places)[-1, :2]) < 0.05
    columns = np.linalg.norm((places - places[-1])[:-1, :2], axis=1).argsort()[:3]
    heights = positions[columns, 2] / period
    apart = np.abs((heights - heights[0] + 0.5) % 1 - 0.5).max()
    assert apart < 0.05  # of the easy core a third


def test_a_solute_at_a_saddle_point_is_refused(with_beryllium, monkeypatch):
    monkeypatch.setattr(disks, "lowest_relative_curvature", lambda *_: -0.01)
    with pytest.raises(RelaxationError, match="choose another place of the solute or core"):
        relax_reference(*with_beryllium)


@pytest.mark.parametrize("line", ["screw_110", "edge_110"])
def test_dislocations_of_fcc_relax_too(line):
    copper = shipped("Cu_Zuo_JPCA2020")
    entry = SMALL | {"dislocation": line}
    minimum = relax_reference(copper, {"element": "Cu", "lattice": "fcc"}, entry)
    assert minimum.max_gradient < 1e-8
