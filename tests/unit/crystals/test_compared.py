"""The crystal that structures are compared with: fixed, relaxed, or held in a plane."""

import numpy as np
import pytest
import xarray as xr
from crystal_study import (
    OF_LATTICES,
)
from scipy.optimize import brentq

from relaxdiff import RelaxationError
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import (
    crystal_of_variants,
    held_descriptors,
    held_status,
    mean_crystal,
    strain_basis_of,
)
from relaxdiff.crystals.one_length import RANGE
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.posterior.variants import lambda_grid, variant_shifts, variant_weights
from relaxdiff.structures.lattices import (
    crystal_from,
    starting_crystal,
)
from relaxdiff.units import GPA

LAMBDAS = lambda_grid(-10, 10, 2)
ZERO = 5
FIXED = np.empty((0, 3, 3))
RELAXED = np.eye(3)[None]
HELD = {
    "100": np.diag([1.0, 0.0, 0.0])[None],
    "110": np.array([[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]]),
    "112": np.outer([1, 1, 2], [1, 1, 2])[None] / 6,
}
PLANES = pytest.mark.parametrize("plane", HELD)


@pytest.fixture(scope="module")
def bulk(tungsten, posterior):
    return bulk_of_variants(tungsten, posterior, LAMBDAS, starting_crystal("W", "bcc"), 2)


@pytest.fixture(scope="module")
def held(tungsten, posterior, bulk):
    return {
        plane: crystal_of_variants(tungsten, posterior, bulk, basis)
        for plane, basis in HELD.items()
    }


@pytest.fixture(scope="module")
def evaluate(calculator, bulk):
    """Function from n n^T and strain to D and dD/de per atom of cell0 (1 + e n n^T), by LAMMPS."""
    cubic = mean_crystal(bulk).conventional()

    def at(along, strain):
        crystal = cubic.copy()
        crystal.set_cell(cubic.cell.array @ (np.eye(3) + strain * along), scale_atoms=True)
        found = calculator.evaluate(crystal)
        # LAMMPS's strain is on top of the strained cell.
        slope = np.einsum("ijc,ij->c", found.strain_gradient, along) / (1 + strain)
        return found.values / 2, slope / 2

    return at


def test_crystal_of_a_relaxed_cell_is_the_bulk(tungsten, posterior, bulk):
    crystal = crystal_of_variants(tungsten, posterior, bulk, RELAXED)
    xr.testing.assert_identical(crystal["energy"].drop_attrs(), bulk["energy"].drop_attrs())
    assert (crystal["status"] == bulk["status"]).all()
    assert crystal["status"].attrs["meanings"] == bulk["status"].attrs["meanings"]
    np.testing.assert_array_equal(crystal["volume"], bulk["lattice_parameter"].values ** 3 / 2)
    np.testing.assert_array_equal(crystal["strain_basis"], RELAXED)
    for name in ("gradient", "curvature", "curvatures"):
        np.testing.assert_array_equal(
            crystal[f"strain_{name}"].values.squeeze(), bulk[f"reference_strain_{name}"]
        )
    assert float(crystal["reference_energy"]) == float(bulk["reference_energy"])
    lattice_parameter = crystal.attrs["lattice_parameter"]
    assert lattice_parameter == float(bulk["reference_lattice_parameter"])
    assert float(crystal["reference_volume"]) == lattice_parameter**3 / 2
    assert crystal.attrs["element"] == "W"


def test_crystal_of_a_fixed_cell_is_linear_in_the_parameters(tungsten, posterior, bulk, evaluate):
    crystal = crystal_of_variants(tungsten, posterior, bulk, FIXED)
    values, _ = evaluate(np.zeros((3, 3)), 0.0)
    expected = variant_weights(posterior, LAMBDAS) @ values + variant_shifts(
        posterior, LAMBDAS, {"W": 1}
    )
    assert crystal["energy"].values == pytest.approx(expected, abs=1e-10)
    assert (crystal["volume"] == crystal["reference_volume"]).all()
    assert (crystal["status"] == bulk["status"]).all()
    assert crystal["strain_gradient"].shape == (0, tungsten.theta.size)
    assert crystal["strain_curvatures"].shape == (0, 0, tungsten.theta.size)


def test_variants_without_a_bulk_have_no_crystal(tungsten, posterior, bulk):
    vanished = bulk.copy(deep=True)
    vanished["energy"][1, 0] = np.nan
    vanished["status"] = vanished["status"].astype(object)
    vanished["status"][1, 0] = "no_minimum"
    for basis in (FIXED, HELD["110"]):
        crystal = crystal_of_variants(tungsten, posterior, vanished, basis)
        assert np.isnan(crystal["energy"][1, 0])
        assert np.isnan(crystal["volume"][1, 0])
        assert crystal["status"][1, 0] == "no_minimum"
        assert np.isfinite(crystal["energy"][1, 1:]).all()


@PLANES
def test_held_crystal_has_no_stress_along_the_normal(held, plane, evaluate, tungsten, posterior):
    """At the root of LAMMPS's own stress, where it changes from pressure to tension."""
    weights, shifts = (
        variant_weights(posterior, LAMBDAS),
        variant_shifts(posterior, LAMBDAS, {"W": 1}),
    )
    crystal, along = held[plane], HELD[plane][0]
    strains = crystal["volume"].values / float(crystal["reference_volume"]) - 1
    for variant in [(0, 4), (0, 10), (1, 0), (2, 3), (2, 6)]:

        def stress(strain, variant=variant):
            return evaluate(along, strain)[1] @ weights[variant]

        near = strains[variant]
        strain = brentq(stress, near - 0.01, near + 0.01, xtol=1e-13)
        assert stress(near + 0.01) > 0
        assert near == pytest.approx(strain, abs=1e-9)
        expected = evaluate(along, strain)[0] @ weights[variant] + shifts[variant]
        assert float(crystal["energy"][variant]) == pytest.approx(expected, abs=1e-10)
    assert np.abs(strains[:, ZERO]).max() < 1e-9
    assert np.nanmax(np.abs(strains)) > 0.02


@PLANES
def test_expansion_of_the_held_crystal_is_its_derivatives(held, plane, evaluate, tungsten):
    crystal, along = held[plane], HELD[plane][0]
    step = 1e-4
    slopes = {strain: evaluate(along, strain)[1] for strain in (-step, 0.0, step)}
    second = (slopes[step] - slopes[-step]) / (2 * step)
    assert crystal["strain_gradient"].values[0] == pytest.approx(slopes[0.0][:-1], abs=1e-8)
    size = np.abs(second).max()
    assert crystal["strain_curvatures"].values[0, 0] == pytest.approx(
        second[:-1], rel=1e-5, abs=1e-6 * size
    )
    curvature = crystal["strain_curvature"].item()
    assert curvature == pytest.approx(second @ tungsten.weights, rel=1e-5)


def test_curvatures_of_held_crystals_are_elastic_constants(held, bulk):
    here = bulk.isel({"sample": 0, "lambda": ZERO})
    names = ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
    volumetric, tetragonal, c44 = (float(here[name]) for name in names)
    c11 = volumetric + 4 / 3 * tetragonal
    c12 = volumetric - 2 / 3 * tetragonal
    for plane, expected in {"100": c11, "110": (c11 + c12 + 2 * c44) / 2}.items():
        crystal = held[plane]
        modulus = (crystal["strain_curvature"] / crystal["reference_volume"]).item() * GPA
        assert modulus == pytest.approx(expected, rel=1e-4)


@PLANES
def test_held_interpolant_is_exact_across_cutoff_crossings(
    plane, bulk, calculator, evaluate, tungsten
):
    at, along = float(bulk["reference_lattice_parameter"]), HELD[plane][0]
    descriptors = held_descriptors(calculator, mean_crystal(bulk), along)
    assert len(descriptors.edges) > 4
    stretches = np.linspace(*RANGE, 9)[1:-1]
    for stretch, values in zip(stretches, descriptors(at * stretches), strict=True):
        exact, _ = evaluate(along, stretch - 1)
        assert values @ tungsten.weights == pytest.approx(exact @ tungsten.weights, abs=1e-10)


def test_a_held_crystal_that_vanishes_ends_the_branch(held, bulk, evaluate, posterior):
    """Sample 2 at lambda = 8: its crystal would grow so much that it has no minimum along [100]."""
    assert (bulk["status"][2] == "stable").all()
    crystal = held["100"]
    assert list(crystal["status"].values[2, ZERO:]) == ["stable"] * 4 + ["no_minimum", "cut"]
    assert np.isnan(crystal["energy"][2, -2:]).all()
    weights = variant_weights(posterior, LAMBDAS)[2, -2]
    strains = np.linspace(*RANGE, 23) - 1
    energies = [evaluate(HELD["100"][0], strain)[0] @ weights for strain in strains]
    assert (np.diff(energies) < 0).all()


def test_status_of_held_crystals_keeps_that_of_the_bulk():
    status = np.array([["cut", "elastically_unstable", "stable", "stable", "stable", "stable"]])
    found = np.array([[True, False, True, True, False, True]])
    assert list(held_status(status, found, zero=2)[0]) == [
        "cut",
        "elastically_unstable",
        "stable",
        "stable",
        "no_minimum",
        "cut",
    ]


def test_the_bulk_of_another_potential_is_refused(tungsten, posterior, bulk):
    other = bulk.assign(reference_lattice_parameter=bulk["reference_lattice_parameter"] * 1.001)
    with pytest.raises(RelaxationError, match="is this the bulk of this potential"):
        crystal_of_variants(tungsten, posterior, other, HELD["110"])


@pytest.mark.parametrize("basis", [np.stack([np.eye(3)] * 2), 2 * RELAXED, 2 * HELD["100"]])
def test_other_strains_are_refused(tungsten, posterior, bulk, basis):
    with pytest.raises(ValueError, match="no crystal of bcc is strained by"):
        crystal_of_variants(tungsten, posterior, bulk, basis)


@pytest.mark.parametrize("basis", [FIXED, RELAXED, HELD["110"]])
def test_crystals_survive_a_file(tungsten, posterior, bulk, basis, tmp_path):
    """Without strains too, where dimensions have length 0; from a bulk that came from a file."""
    write_dataset(bulk, tmp_path / "bulk.nc", {})
    crystal = crystal_of_variants(tungsten, posterior, read_dataset(tmp_path / "bulk.nc"), basis)
    write_dataset(crystal, tmp_path / "crystal.nc", {})
    xr.testing.assert_equal(read_dataset(tmp_path / "crystal.nc"), crystal)
    xr.testing.assert_equal(crystal_of_variants(tungsten, posterior, bulk, basis), crystal)


@OF_LATTICES
@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full"])
def test_crystals_of_structures(studies, lattice, cell):
    potential, posterior, bulk = studies[lattice]
    basis = strain_basis_of({"name": "it", "cell": cell}, lattice)
    crystal = crystal_of_variants(potential, posterior, bulk, basis)
    assert crystal_from(crystal.attrs) == mean_crystal(bulk)
    if cell == "fixed":
        assert (crystal["volume"] == bulk["reference_volume"]).all()
        assert (crystal["energy"] >= bulk["energy"] - 1e-12).all()
    else:
        np.testing.assert_array_equal(crystal["volume"], bulk["volume"])
        np.testing.assert_array_equal(crystal["energy"], bulk["energy"])


def test_a_crystal_held_in_a_plane_of_fcc(studies):
    potential, posterior, bulk = studies["fcc"]
    settings = {"name": "fault", "cell": "in_plane_fixed", "plane": [1, 1, 1]}
    crystal = crystal_of_variants(potential, posterior, bulk, strain_basis_of(settings, "fcc"))
    # Along <111>: (C11 + 2 C12 + 4 C44) / 3, which is B + 4/3 C44.
    here = bulk.isel({"sample": 0, "lambda": 1})
    expected = float(here["bulk_modulus"] + 4 / 3 * here["shear_modulus_c44"])
    found = crystal["strain_curvature"].item() / float(crystal["reference_volume"]) * 160.2176634
    assert found == pytest.approx(expected, rel=1e-4)
