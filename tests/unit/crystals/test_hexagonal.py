"""Hexagonal crystals of variants: both lattice parameters, elastic constants and phonons."""

import numpy as np
import pytest
import xarray as xr
from crystal_study import curvature, full_spectrum, posterior_of, random_changes, shipped

from relaxdiff import relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, mean_crystal, strain_basis_of
from relaxdiff.crystals.hexagonal import PHONON_DEGREE, STRAINS
from relaxdiff.crystals.interpolation import interpolate_patch
from relaxdiff.crystals.stability import (
    commensurate_q_points,
    dynamical_matrices,
    lowest_curvatures,
)
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.predictions.evaluated import coordinates_of_crystal
from relaxdiff.quantities.crystal import crystal_quantities
from relaxdiff.quantities.formation import quantity_derivatives
from relaxdiff.structures.coordinates import Freedom, cell_strains
from relaxdiff.structures.lattices import PerfectCrystal, crystal_from, starting_crystal
from relaxdiff.truth.check import _perfect_crystal

LAMBDAS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
START = starting_crystal("Be", "hcp")
C11, C33 = np.diag([1.0, 0.0, 0.0]), np.diag([0.0, 0.0, 1.0])
SHEAR = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


@pytest.fixture(scope="module")
def potential():
    """Of tungsten and beryllium, which is not the first."""
    return shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))


@pytest.fixture(scope="module")
def posterior(potential):
    return posterior_of(potential, random_changes(potential, 2, 5e-2))


@pytest.fixture(scope="module")
def bulk(potential, posterior):
    return bulk_of_variants(potential, posterior, LAMBDAS, START, 2)


@pytest.fixture(scope="module")
def crystals(potential, posterior, bulk):
    return {
        cell: crystal_of_variants(
            potential, posterior, bulk, strain_basis_of({"cell": cell}, "hcp")
        )
        for cell in ("fixed", "isotropic", "full")
    }


def variant(potential, posterior, sample, stretch):
    delta = posterior["theta"].values[sample] - potential.theta
    return potential.with_theta(potential.theta + stretch * delta)


def crystal_at(here):
    lengths = (float(here[name]) for name in ("lattice_parameter", "lattice_parameter_c"))
    return PerfectCrystal("Be", "hcp", *lengths)


def test_variants_are_those_of_plain_lammps(potential, posterior, bulk):
    assert (bulk["status"] == "stable").all()
    for sample, index in [(0, 0), (1, 4), (0, 2)]:
        changed = variant(potential, posterior, sample, LAMBDAS[index])
        cell = START.conventional()
        freedom = Freedom(strains=cell_strains("full", cell, reach=np.inf))
        crystal = lammps_minimise(cell, changed, 1e-7, freedom)
        here = bulk.isel({"sample": sample, "lambda": index})
        a, _, c = crystal.atoms.cell.lengths()
        assert crystal_at(here).lengths == pytest.approx([a, c], abs=1e-5)
        assert float(here["energy"]) == pytest.approx(crystal.energy / 2, abs=1e-8)
        assert float(here["volume"]) == pytest.approx(crystal.atoms.get_volume() / 2, abs=1e-4)
    shape = bulk["lattice_parameter_c"] / bulk["lattice_parameter"]
    assert float(shape.max() - shape.min()) > 1e-3


def test_elastic_constants_are_those_of_strained_cells(potential, posterior, bulk):
    """Atoms relaxed in each; of a variant that is strained from the mean's crystal."""
    here = bulk.isel({"sample": 1, "lambda": 4})
    changed, crystal = variant(potential, posterior, 1, 1.0), crystal_at(here)

    def modulus(strain):
        return curvature(crystal, changed, strain)

    in_plane = np.diag([1.0, 1.0, 0.0])
    expected = {
        "c11": modulus(C11),
        "c12": modulus(in_plane) / 2 - modulus(C11),
        "c13": (modulus(C11 + C33) - modulus(C11) - modulus(C33)) / 2,
        "c33": modulus(C33),
        "c44": modulus(SHEAR) / 4,
    }
    for name, value in expected.items():
        assert float(here[name]) == pytest.approx(value, abs=2e-3 * expected["c11"])
    # The internal strain counts: with atoms in place C11 - C12 is larger.
    assert held_modulus(crystal, changed) > 1.01 * 2 * float(here["c11"] - here["c12"])


def held_modulus(crystal, potential, step=2e-3):
    """Curvature of the energy by diag(1, -1, 0) with no atom relaxed, GPa."""
    cell, energies = crystal.conventional(), []
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:
        for size in (-step, 0.0, step):
            strained = cell.copy()
            stretch = np.diag([1 + size, 1 - size, 1.0])
            strained.set_cell(cell.cell.array @ stretch, scale_atoms=True)
            energies.append(calculator.evaluate(strained).values @ potential.weights)
    return np.dot(energies, [1, -2, 1]) / step**2 / cell.get_volume() * 160.2176634


def test_derivatives_are_differences_of_relaxed_crystals(potential, bulk):
    """Of all that the joint posterior asks for, and of the volume."""
    changes = random_changes(potential, 2, 1e-4)
    posterior = posterior_of(potential, changes)
    lambdas = np.array([-1.0, 0.0, 1.0])
    near = bulk_of_variants(potential, posterior, lambdas, mean_crystal(bulk), 2)
    found = changes @ quantity_derivatives(posterior, bulk, {})[:, 2:].T
    values = crystal_quantities(near)
    expected = (values[..., 2] - values[..., 0]).T / 2
    assert found == pytest.approx(expected, rel=2e-3)
    grown = (near["volume"].values[:, 2] - near["volume"].values[:, 0]) / 2
    assert changes @ bulk["reference_volume_derivative"].values == pytest.approx(grown, rel=1e-3)
    # Shifts of tungsten change nothing, that of beryllium its cohesive energy alone.
    shifts = quantity_derivatives(posterior, bulk, {})[:, :2]
    assert (shifts[:, 0] == 0).all()
    assert shifts[:, 1].tolist() == [0, 0, -1, 0, 0, 0, 0, 0]


def test_reference_expansion_is_the_derivative_of_the_energy(potential, bulk):
    crystal, step = mean_crystal(bulk), 1e-3
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:

        def energy(amplitudes):
            cell = crystal.conventional()
            strain = np.tensordot(amplitudes, STRAINS, axes=1)
            cell.set_cell(cell.cell.array @ (np.eye(3) + strain), scale_atoms=True)
            return calculator.evaluate(cell).values @ potential.weights / 2

        one, other = step * np.eye(2)
        second = energy(one + other) - energy(one - other) - energy(other - one)
        mixed = (second + energy(-one - other)) / (4 * step**2)
        first = (energy(one) - 2 * energy(0 * one) + energy(-one)) / step**2
    assert bulk["reference_strain_curvature"].values[0] == pytest.approx(
        [first, mixed], rel=1e-3, abs=1e-3 * first
    )


def test_dynamical_matrices_have_the_spectrum_of_the_supercell(potential, bulk):
    crystal = mean_crystal(bulk)
    q_points = np.vstack([np.zeros(3), commensurate_q_points(crystal, 2)])
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:
        matrices = dynamical_matrices(calculator, crystal, 2, q_points) @ potential.weights
    found = np.linalg.eigvalsh(matrices).ravel()
    expected = full_spectrum(crystal, potential, 2)
    apart = np.abs(found[:, None] - expected)
    assert apart.min(axis=0).max() < 1e-4  # of 60 eV/Angstrom^2
    assert apart.min(axis=1).max() < 1e-4


def test_interpolated_phonons_are_those_of_the_crystal(potential, bulk):
    """Good enough for signs, over lattice parameters that neighbours cross the cutoff at."""
    crystal, q_points = mean_crystal(bulk), commensurate_q_points(START, 2)
    weights = potential.weights[None]
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:

        def matrices(a, c):
            here = PerfectCrystal("Be", "hcp", a, c)
            return dynamical_matrices(calculator, here, 2, q_points)

        low, high = 0.98 * crystal.lengths, 1.02 * crystal.lengths
        patch = interpolate_patch(matrices, low, high, PHONON_DEGREE)
        for place in ([0.3, 0.8], [0.93, 0.1], [0.5, 0.55]):
            at = low + place * (high - low)
            found = lowest_curvatures(patch, at[None], weights)[0]
            exact = np.linalg.eigvalsh(matrices(*at) @ potential.weights)[:, 0]
            assert found == pytest.approx(exact, rel=0.02)


def test_unstable_variants_say_why(potential):
    changes = random_changes(potential, 2, 1e-1)
    lines = []
    far = bulk_of_variants(
        potential,
        posterior_of(potential, changes),
        np.arange(-20.0, 21.0, 2.0),
        START,
        2,
        lines.append,
    )
    assert [line.split(":")[0] for line in lines] == ["sample 0", "sample 1"]
    status = far["status"].values
    reasons = {"no_minimum", "elastically_unstable", "vibrationally_unstable"}
    assert set(status.ravel()) & reasons
    assert {"stable", "cut"} <= set(status.ravel())
    assert (status[:, 10] == "stable").all()
    soft = status == "vibrationally_unstable"
    assert np.isfinite(far["unstable_q"].values[soft]).all()
    assert np.isnan(far["unstable_q"].values[~soft]).all()
    assert np.isfinite(far["energy"].values[status == "stable"]).all()
    assert np.isnan(far["c11"].values[status == "no_minimum"]).all()


def test_a_fixed_crystal_is_the_means(crystals, bulk, potential, posterior):
    crystal = crystals["fixed"]
    assert (crystal["volume"] == bulk["reference_volume"]).all()
    changed = variant(potential, posterior, 1, -1.0)
    cell = mean_crystal(bulk).conventional()
    expected = relax(cell, changed, "fixed").energy / 2
    assert float(crystal["energy"][1, 0]) == pytest.approx(expected, abs=1e-9)


def test_an_isotropic_crystal_keeps_its_shape(crystals, bulk, potential, posterior):
    crystal = crystals["isotropic"]
    changed = variant(potential, posterior, 1, -1.0)
    relaxed = relax(mean_crystal(bulk).conventional(), changed, "isotropic", tolerance=1e-9)
    assert float(crystal["energy"][1, 0]) == pytest.approx(relaxed.energy / 2, abs=1e-9)
    volume = relaxed.atoms.get_volume() / 2
    assert float(crystal["volume"][1, 0]) == pytest.approx(volume, abs=1e-6)
    for name in ("gradient", "curvature", "curvatures"):
        own = crystal[f"strain_{name}"].values.squeeze()
        full = crystals["full"][f"strain_{name}"].values
        first = full[0] if name == "gradient" else full[0, 0]
        assert own == pytest.approx(first, rel=1e-4, abs=1e-4 * np.abs(first).max())


def test_a_full_crystal_is_the_bulk(crystals, bulk):
    crystal = crystals["full"]
    np.testing.assert_array_equal(crystal["energy"], bulk["energy"])
    np.testing.assert_array_equal(crystal["volume"], bulk["volume"])
    assert (crystal["energy"] <= crystals["isotropic"]["energy"] + 1e-10).all()
    assert crystal_from(crystal.attrs) == mean_crystal(bulk)
    # Levels that are evaluated take the crystal in strains of the same meaning.
    np.testing.assert_allclose(coordinates_of_crystal(crystal).strains, STRAINS, atol=1e-12)


@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full"])
def test_crystals_survive_a_file(potential, posterior, bulk, crystals, cell, tmp_path):
    write_dataset(bulk, tmp_path / "bulk.nc", {})
    basis = strain_basis_of({"cell": cell}, "hcp")
    crystal = crystal_of_variants(potential, posterior, read_dataset(tmp_path / "bulk.nc"), basis)
    xr.testing.assert_equal(crystal, crystals[cell])
    write_dataset(crystal, tmp_path / "crystal.nc", {})
    read = read_dataset(tmp_path / "crystal.nc")
    xr.testing.assert_equal(read, crystal)
    assert crystal_from(read.attrs) == mean_crystal(bulk)


def test_the_truth_check_relaxes_what_the_crystal_does(crystals, bulk):
    for cell, strains in {"fixed": 0, "isotropic": 1, "full": 6}.items():
        atoms, freedom = _perfect_crystal(crystals[cell], {"cell": cell})
        assert atoms == mean_crystal(bulk).conventional()
        assert len(freedom.strains) == strains
