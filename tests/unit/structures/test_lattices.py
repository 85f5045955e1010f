"""Perfect crystals, and the bulk of lattices other than bcc, against plain LAMMPS."""

import numpy as np
import pytest
from crystal_study import curvature, full_spectrum, posterior_of, random_changes, shipped

from relaxdiff import InputError
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, mean_crystal, strain_basis_of
from relaxdiff.crystals.stability import commensurate_q_points, dynamical_matrices
from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.structures.lattices import (
    BRAVAIS,
    LATTICES,
    PerfectCrystal,
    crystal_from,
    starting_crystal,
)

CASES = {"fcc": ("Cu", "Cu_Zuo_JPCA2020"), "diamond": ("Si", "Si_Zuo_JPCA2020")}
OF_LATTICES = pytest.mark.parametrize("lattice", CASES)
LAMBDAS = np.array([-1.0, 0.0, 1.0])
TETRAGONAL = np.diag([1.0, -1.0, 0.0])
SHEAR = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


@pytest.fixture(scope="module")
def studies():
    """For each lattice potential, posterior of strong changes, and bulk."""
    found = {}
    for lattice, (element, name) in CASES.items():
        potential = shipped(name)
        posterior = posterior_of(potential, random_changes(potential, 2, 5e-3))
        start = starting_crystal(element, lattice)
        found[lattice] = (
            potential,
            posterior,
            bulk_of_variants(potential, posterior, LAMBDAS, start, 1),
        )
    return found


def test_tabulated_crystals():
    assert starting_crystal("W", "bcc") == PerfectCrystal("W", "bcc", 3.16)
    assert starting_crystal("Si", "diamond") == PerfectCrystal("Si", "diamond", 5.43)
    beryllium = starting_crystal("Be", "hcp")
    assert (beryllium.a, beryllium.c / beryllium.a) == pytest.approx((2.29, 1.567))


@pytest.mark.parametrize("lattice", LATTICES)
def test_crystals_of_other_lattices_keep_the_volume_of_an_atom(lattice):
    crystal = starting_crystal("Cu", lattice)
    assert crystal.volume_per_atom == pytest.approx(3.61**3 / 4)
    cell = crystal.conventional()
    assert cell.get_volume() / len(cell) == pytest.approx(crystal.volume_per_atom)
    primitive = crystal.primitive()
    assert len(primitive) == (1 if lattice in BRAVAIS else 2)
    assert primitive.get_volume() / len(primitive) == pytest.approx(crystal.volume_per_atom)
    grown = crystal.at(2 * crystal.a)
    assert grown.volume_per_atom == pytest.approx(8 * crystal.volume_per_atom)


def test_crystals_that_are_none():
    with pytest.raises(InputError, match="crystal.lattice: fc is not known"):
        starting_crystal("Cu", "fc")
    with pytest.raises(InputError, match="give crystal.lattice_parameter"):
        starting_crystal("Ga", "fcc")
    assert starting_crystal("Ga", "fcc", 4).a == 4


@OF_LATTICES
def test_variants_are_those_of_plain_lammps(studies, lattice):
    potential, posterior, bulk = studies[lattice]
    assert (bulk["status"] == "stable").all()
    variant = potential.with_theta(posterior["theta"].values[1])
    cell = starting_crystal(CASES[lattice][0], lattice).conventional()
    crystal = lammps_minimise(cell, variant, 1e-7)
    here = bulk.isel({"sample": 1, "lambda": 2})
    assert float(here["lattice_parameter"]) == pytest.approx(
        crystal.atoms.cell.lengths()[0], abs=1e-6
    )
    assert float(here["energy"]) == pytest.approx(crystal.energy / len(cell), abs=1e-9)
    assert float(here["volume"]) == pytest.approx(crystal.atoms.get_volume() / len(cell), abs=1e-5)
    apart = here["lattice_parameter"] - bulk["reference_lattice_parameter"]
    assert abs(apart) > 1e-3  # another crystal than the mean's


@OF_LATTICES
def test_elastic_constants_are_those_of_strained_cells(studies, lattice):
    """With the second atom of diamond relaxed: held in place it would make C44 much larger."""
    potential, posterior, bulk = studies[lattice]
    here = bulk.isel({"sample": 0, "lambda": 2})
    variant = potential.with_theta(posterior["theta"].values[0])
    crystal = PerfectCrystal(CASES[lattice][0], lattice, float(here["lattice_parameter"]))
    c_prime, c44 = float(here["tetragonal_shear_modulus"]), float(here["shear_modulus_c44"])
    assert c_prime == pytest.approx(curvature(crystal, variant, TETRAGONAL) / 4, rel=2e-4)
    assert c44 == pytest.approx(curvature(crystal, variant, SHEAR) / 4, rel=2e-4)
    # A uniform strain e in all directions: 9 B e^2 / 2.
    bulk_modulus = curvature(crystal, variant, np.eye(3)) / 9
    assert float(here["bulk_modulus"]) == pytest.approx(bulk_modulus, rel=2e-4)


@OF_LATTICES
def test_derivatives_are_differences_of_relaxed_crystals(studies, lattice):
    potential, _, bulk = studies[lattice]
    changes = random_changes(potential, 3, 2e-5)
    start = mean_crystal(bulk)
    near = bulk_of_variants(potential, posterior_of(potential, changes), LAMBDAS, start, 1)
    names = ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
    derivatives = {name: f"{name}_derivative" for name in names}
    for name, derivative in (derivatives | {"volume": "reference_volume_derivative"}).items():
        ahead, behind = near[name].values[:, 2], near[name].values[:, 0]
        expected = (ahead - behind) / 2
        assert changes @ bulk[derivative].values == pytest.approx(
            expected, rel=1e-3, abs=1e-3 * np.abs(expected).max()
        )


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


def test_crystals_of_two_atoms_are_not_held_in_a_plane(studies):
    settings = {"name": "fault", "cell": "in_plane_fixed", "plane": [1, 1, 1]}
    held = strain_basis_of(settings, "fcc")
    with pytest.raises(InputError, match="structures.fault.cell: in_plane_fixed needs a lattice"):
        strain_basis_of(settings, "diamond")
    with pytest.raises(ValueError, match="no crystal of diamond is strained by"):
        crystal_of_variants(*studies["diamond"], held)


def test_a_crystal_held_in_a_plane_of_fcc(studies):
    potential, posterior, bulk = studies["fcc"]
    settings = {"name": "fault", "cell": "in_plane_fixed", "plane": [1, 1, 1]}
    crystal = crystal_of_variants(potential, posterior, bulk, strain_basis_of(settings, "fcc"))
    # Along <111>: (C11 + 2 C12 + 4 C44) / 3, which is B + 4/3 C44.
    here = bulk.isel({"sample": 0, "lambda": 1})
    expected = float(here["bulk_modulus"] + 4 / 3 * here["shear_modulus_c44"])
    found = crystal["strain_curvature"].item() / float(crystal["reference_volume"]) * 160.2176634
    assert found == pytest.approx(expected, rel=1e-4)
