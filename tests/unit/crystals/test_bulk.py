"""The bulk of all variants: lattice parameters, moduli, stability, and how branches end."""

import numpy as np
import pytest
from crystal_study import (
    CASES,
    OF_LATTICES,
    cell_at,
    curvature,
    posterior_of,
    random_changes,
    two_of_copper,
)

from relaxdiff import relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import mean_crystal
from relaxdiff.crystals.elasticity import CUBIC_MODULI
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.posterior.variants import lambda_grid, variant_weights
from relaxdiff.structures.lattices import starting_crystal

LAMBDAS = lambda_grid(-4, 4, 2)
START = starting_crystal("W", "bcc")


def test_every_lattice_parameter_is_the_relaxed_one(bulk, tungsten, posterior):
    weights = variant_weights(posterior, LAMBDAS)
    for sample, index in [(0, 2), (1, 0), (2, 4)]:
        crystal = relax(
            cell_at(3.17),
            tungsten.with_theta(weights[sample, index, :-1], 0.0),
            tolerance=1e-10,
        )
        assert crystal.atoms.cell.lengths()[0] == pytest.approx(
            float(bulk["lattice_parameter"][sample, index]), abs=1e-9
        )
        shift = LAMBDAS[index] * float(posterior["energy_shift"][sample] - tungsten.energy_shift)
        expected = crystal.energy / 2 + tungsten.energy_shift + shift
        assert float(bulk["energy"][sample, index]) == pytest.approx(expected, abs=1e-9)


def test_reference_expansion_is_the_derivative_of_the_energy(bulk, descriptors, tungsten):
    at = float(bulk["reference_lattice_parameter"])
    step = 1e-4
    energy = {s: descriptors([at * (1 + s)])[0] @ tungsten.weights for s in (-step, 0.0, step)}
    second = (energy[step] - 2 * energy[0.0] + energy[-step]) / step**2
    assert float(bulk["reference_strain_curvature"]) == pytest.approx(second, rel=1e-4)
    assert float(bulk["reference_energy"]) == pytest.approx(energy[0.0], abs=1e-12)


def test_unstable_variants_say_why(tungsten, posterior):
    far = bulk_of_variants(tungsten, posterior, lambda_grid(-40, 40, 2), START, 2)
    status = far["status"].values
    reasons = set(status.ravel())
    assert {"stable", "cut"} < reasons
    assert reasons & {"no_minimum", "elastically_unstable", "vibrationally_unstable"}
    assert np.isnan(far["unstable_q"].values[status != "vibrationally_unstable"]).all()
    soft = far["unstable_q"].values[status == "vibrationally_unstable"]
    assert np.isfinite(soft).all()
    unstable = (far["tetragonal_shear_modulus"] <= 0) | (far["shear_modulus_c44"] <= 0)
    assert not (unstable.values & (status == "stable")).any()


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


def test_a_compound_of_one_element_twice_is_its_crystal(studies):
    """Copper and what is called nickel, the same; in L1_2 they are an fcc crystal."""
    copper, posterior, expected = studies["fcc"]
    both = two_of_copper()
    changes = (posterior["theta"] - posterior["theta_mean"]).values
    twice = posterior_of(both, np.hstack([changes, changes]))
    crystal = starting_crystal("Ni", "L1_2", 3.61, ["Cu", "Ni"])
    found = bulk_of_variants(both, twice, expected["lambda"].values, crystal, 2)
    names = ["lattice_parameter", "energy", "volume", *CUBIC_MODULI, "bulk_modulus"]
    for name in names:
        assert found[name].values == pytest.approx(expected[name].values, rel=1e-6), name
    assert (found["status"].values == expected["status"].values).all()
    size = copper.theta.size
    for name in ("reference_volume_derivative", *(f"{each}_derivative" for each in CUBIC_MODULI)):
        # The same change of both is the change of the one.
        by_both = found[name].values.reshape(2, size).sum(axis=0)
        assert by_both == pytest.approx(expected[name].values, rel=1e-5, abs=1e-6), name
    kept = mean_crystal(found)
    assert kept.fractions == {"Cu": 0.75, "Ni": 0.25}
    assert kept.a == pytest.approx(mean_crystal(expected).a, abs=1e-9)


def test_moduli_of_a_compound_are_curvatures_with_every_atom_relaxed():
    potential = two_of_copper(0.05)
    posterior = posterior_of(potential, random_changes(potential, 1, 1e-3))
    crystal = starting_crystal("Cu", "L1_2", 3.61, ["Cu", "Ni"])
    bulk = bulk_of_variants(potential, posterior, np.array([0.0]), crystal, 2)
    mean = mean_crystal(bulk)
    tetragonal, shear = np.diag([1.0, -1.0, 0.0]), np.zeros((3, 3))
    shear[0, 1] = shear[1, 0] = 1.0
    found = [float(bulk[name].squeeze()) for name in CUBIC_MODULI]
    assert found[0] == pytest.approx(curvature(mean, potential, tetragonal) / 4, rel=1e-3)
    assert found[1] == pytest.approx(curvature(mean, potential, shear) / 4, rel=1e-3)
