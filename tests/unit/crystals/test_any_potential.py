"""Crystals of potentials that are not linear: moduli of silicon, and crystals made by hand."""

import numpy as np
import pytest

pytest.importorskip("jax")  # which `make jax` adds

from relaxdiff import relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants
from relaxdiff.crystals.elasticity import CUBIC_MODULI
from relaxdiff.crystals.stretched import coordinates_of_crystal, evaluator_of_crystal
from relaxdiff.exceptions import RelaxationError
from relaxdiff.posterior.distribution import potential_from_posterior, sample_posterior
from relaxdiff.posterior.named_parameters import posterior_from_named
from relaxdiff.posterior.variants import Variants
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.units import GPA

LAMBDAS = np.array([-1.0, 0.0, 1.0])
SILICON = {
    "potential": "stillinger_weber",
    "deviations": {"epsilon": 0.02, "sigma": 0.02, "lambda": 1.0, "costheta0": 0.005, "B": 0.01},
}
ALLOY = {"potential": "lennard_jones", "deviations": {"epsilon_AA": 0.03, "sigma_AA": 0.01}}
STARTS = {
    "diamond": (SILICON, starting_crystal("Si", "diamond")),
    "hcp": (ALLOY, starting_crystal("Ar", "hcp", 1.09)),
}


def drawn(settings, count=2):
    """Potential and posterior."""
    posterior = sample_posterior(posterior_from_named(settings), count, seed=2)
    return potential_from_posterior(posterior), posterior


@pytest.fixture(scope="module", params=STARTS)
def made(request):
    """Potential, posterior, starting crystal and bulk."""
    settings, start = STARTS[request.param]
    potential, posterior = drawn(settings)
    return potential, posterior, start, bulk_of_variants(potential, posterior, LAMBDAS, start, 2)


@pytest.mark.parametrize("made", ["diamond"], indirect=True, scope="module")
def test_moduli_of_silicon(made):
    """Of E. R. Cowley, Phys. Rev. Lett. 60, 2379 (1988), in GPa."""
    potential, _, _, bulk = made
    mean = bulk.isel({"sample": 0, "lambda": 1})
    modulus, shear = float(mean["bulk_modulus"]), float(mean["tetragonal_shear_modulus"])
    assert modulus == pytest.approx(101.4, abs=0.15)
    assert modulus + 4 / 3 * shear == pytest.approx(151.4, abs=0.15)  # C11
    assert modulus - 2 / 3 * shear == pytest.approx(76.4, abs=0.15)  # C12
    assert float(mean["shear_modulus_c44"]) == pytest.approx(56.4, abs=0.15)
    assert float(bulk["reference_lattice_parameter"]) == pytest.approx(5.431, abs=1e-3)
    assert float(bulk["reference_energy"]) == pytest.approx(-2 * potential.theta[0], rel=1e-6)


def test_every_variant_is_the_crystal_relaxed_by_itself(made):
    potential, posterior, start, bulk = made
    variants = Variants(posterior, LAMBDAS)
    assert (bulk["status"] == "stable").all()
    for sample, place in ((0, 0), (1, 2)):
        variant = potential.with_theta(variants.theta(sample, place))
        cell = "isotropic" if start.c is None else "full"
        alone = relax(start.conventional(), variant, cell, tolerance=1e-9)
        here = bulk.isel({"sample": sample, "lambda": place})
        count = len(alone.atoms)
        assert float(here["energy"]) == pytest.approx(alone.energy / count, rel=1e-10)
        assert float(here["volume"]) == pytest.approx(alone.atoms.get_volume() / count, rel=1e-6)
        assert float(here["lattice_parameter"]) == pytest.approx(
            start.with_cell(alone.atoms).a, rel=1e-6
        )


@pytest.mark.parametrize("made", ["diamond"], indirect=True, scope="module")
def test_the_bulk_modulus_is_that_of_energies(made):
    """Of a cubic crystal: V d2E/dV2 = d2E/de2 / 9 V, by differences of the energy in the strain."""
    potential, posterior, start, bulk = made
    variants, here = Variants(posterior, LAMBDAS), bulk.isel({"sample": 1, "lambda": 2})
    variant = potential.with_theta(variants.theta(1, 2))
    atoms = start.at(float(here["lattice_parameter"])).conventional()

    def energy(strain):
        strained = atoms.copy()
        strained.set_cell(atoms.cell.array * (1 + strain), scale_atoms=True)
        return variant.calculator().get_potential_energy(strained)

    step = 2e-3
    values = [energy(n * step) for n in (-2, -1, 0, 1, 2)]
    second = np.array([-1, 16, -30, 16, -1]) @ values / (12 * step**2)
    expected = second / 9 / atoms.get_volume() * GPA
    assert float(here["bulk_modulus"]) == pytest.approx(expected, rel=1e-6)


def test_expansions_are_those_of_relaxed_crystals(made):
    """Energy to second order and volume to first, by differences in the first parameter."""
    potential, _, start, bulk = made
    cell, step = ("isotropic" if start.c is None else "full"), 1e-3

    def relaxed(way):
        theta = potential.theta.copy()
        theta[0] += way
        end = relax(start.conventional(), potential.with_theta(theta), cell, tolerance=1e-11)
        return np.array([end.energy, end.atoms.get_volume()]) / len(end.atoms)

    below, here, above = (relaxed(way) for way in (-step, 0, step))
    slope, second = (above - below) / (2 * step), (above + below - 2 * here) / step**2
    assert float(bulk["reference_descriptors"][0]) == pytest.approx(slope[0], rel=1e-6)
    grows = bulk["reference_volume_derivative"].values[0]
    assert grows == pytest.approx(slope[1], rel=1e-4, abs=1e-6)
    gradient = np.atleast_2d(bulk["reference_strain_gradient"].values)[:, 0]
    curvature = np.atleast_2d(bulk["reference_strain_curvature"].values)
    own = float(bulk["reference_parameter_curvature"][0, 0])
    expected = own - gradient @ np.linalg.solve(curvature, gradient)
    assert expected == pytest.approx(second[0], abs=1e-5 * max(abs(own), 1))


def test_unstable_variants_are_marked_and_an_unstable_mean_is_told():
    """With a negative angular term diamond shears of itself."""
    potential, posterior = drawn(SILICON, 1)
    bad = posterior["theta_mean"].values.copy()
    bad[potential.parameters.names.index("lambda")] = -2.0
    posterior["theta"] = posterior["theta"].copy(data=bad[None])
    given = np.array([0.0, 1.0]), STARTS["diamond"][1], 2
    found = bulk_of_variants(potential, posterior, *given)
    assert found["status"].values.tolist() == [["stable", "elastically_unstable"]]
    posterior["theta_mean"] = posterior["theta_mean"].copy(data=bad)
    with pytest.raises(RelaxationError, match="diamond crystal of the mean parameters is elast"):
        bulk_of_variants(potential.with_theta(bad), posterior, *given)


NORMAL = np.array([1.0, 1.0, 1.0]) / np.sqrt(3)
HELD = {"fixed": np.empty((0, 3, 3)), "in plane": np.outer(NORMAL, NORMAL)[None]}


@pytest.mark.parametrize("name", HELD)
def test_reference_crystals_that_are_held(name):
    """Each variant in the mean's cell, or relaxed along a normal, atoms of diamond included."""
    settings, start = STARTS["diamond"]
    potential, posterior = drawn(settings)
    bulk = bulk_of_variants(potential, posterior, LAMBDAS, start, 2)
    crystal = crystal_of_variants(potential, posterior, bulk, HELD[name])
    assert (crystal["status"] == "stable").all()
    variants = Variants(posterior, LAMBDAS)
    coordinates = coordinates_of_crystal(crystal)
    for sample, place in ((0, 2), (1, 0)):
        theta, q = variants.theta(sample, place), np.zeros(coordinates.size)
        with evaluator_of_crystal(potential, crystal, coordinates) as evaluator:
            for _ in range(8 * bool(coordinates.size)):  # Newton's method
                q -= np.linalg.solve(evaluator.hessian(q, theta), evaluator.gradient(q, theta))
            energy = evaluator.energy(q, theta) / len(coordinates.reference)
        assert float(crystal["energy"][sample, place]) == pytest.approx(energy, rel=1e-10)
        volume = float(coordinates.volume(q)) / len(coordinates.reference)
        assert float(crystal["volume"][sample, place]) == pytest.approx(volume, rel=1e-7)
        relaxed = float(bulk["energy"][sample, place])
        assert energy > relaxed + 1e-7
    assert float(crystal["energy"][0, 1]) == pytest.approx(float(bulk["reference_energy"]))


def test_moduli_scale_with_its_units_of_energy_and_length():
    """epsilon and sigma only multiply energies and lengths: moduli are theirs, epsilon/sigma^3."""
    deviations = {"epsilon": 0.01, "sigma": 0.01}
    potential, posterior = drawn(SILICON | {"deviations": deviations}, 1)
    start = starting_crystal("Si", "diamond")
    bulk = bulk_of_variants(potential, posterior, np.zeros(1), start, 2)
    epsilon, sigma = (float(posterior["theta_mean"].sel(parameter=name)) for name in deviations)
    for name in (*CUBIC_MODULI, "bulk_modulus"):
        modulus, slope = float(bulk[name][0, 0]), bulk[f"{name}_derivative"]
        found = slope.sel(parameter=list(deviations)).values
        assert found == pytest.approx([modulus / epsilon, -3 * modulus / sigma], rel=1e-5)
        assert slope.attrs["units"] == "GPa/parameter_unit"
