"""Formation energies and volumes at the mean: derivatives against relaxed structures."""

import numpy as np
import pytest
from crystal_study import posterior_of as posterior_around
from crystal_study import random_changes, shipped, two_of_copper
from joint_study import QUANTITIES, SETTINGS, relaxed_tungsten

from relaxdiff import implicit_derivative, predict_draws, predict_variants, relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.crystals.solutes import with_solutes
from relaxdiff.minima.reference import relax_reference
from relaxdiff.posterior.variants import deviations, variant_shifts
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.quantities.formation import FORMATION_UNITS, quantity_derivatives, values_at_mean
from relaxdiff.structures.kinds import build_structure
from relaxdiff.structures.lattices import crystal_of_settings, starting_crystal

LAMBDAS = np.array([-1.0, 0.0, 1.0])
BERYLLIUM = {
    "name": "beryllium",
    "kind": "substitutional",
    "supercell": 2,
    "element": "Be",
    "cell": "isotropic",
}


@pytest.fixture(scope="module")
def study():
    """Potential, posterior, bulk of tungsten, and a tungsten cell with one beryllium atom."""
    potential = shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))
    posterior = posterior_around(potential, random_changes(potential, 2, 1e-5))
    posterior["energy_shift"][1] += [0.2, 0.3]
    bulk, solute = (
        bulk_of_variants(potential, posterior, LAMBDAS, starting_crystal(*crystal), 2)
        for crystal in (("W", "bcc"), ("Be", "hcp"))
    )
    config = {"element": "W", "lattice": "bcc", "solutes": {"Be": "hcp"}}
    minimum = relax_reference(potential, config, BERYLLIUM)
    crystal = crystal_of_variants(potential, posterior, bulk, strain_basis_of(BERYLLIUM, "bcc"))
    composition = minimum.atoms.symbols.formula.count()
    given = {
        "crystal": with_solutes(crystal, composition, {"Be": solute}),
        "derivative": implicit_derivative(minimum),
    }
    return potential, posterior, bulk, minimum, {"beryllium": given}


def formation(potential, minimum):
    """E_f (eV) and V_f (Angstrom^3), all relaxed from the mean's structures."""
    cell = relax(minimum.atoms, potential, "isotropic", tolerance=1e-10)
    tungsten = relax(
        starting_crystal("W", "bcc").conventional(), potential, "isotropic", tolerance=1e-10
    )
    beryllium = relax(
        starting_crystal("Be", "hcp").conventional(), potential, "full", tolerance=1e-10
    )
    assert cell.converged
    host = len(cell.atoms) - 1
    return np.array(
        [
            cell.energy - host * tungsten.energy / 2 - beryllium.energy / 2,
            cell.atoms.get_volume()
            - host * tungsten.atoms.get_volume() / 2
            - beryllium.atoms.get_volume() / 2,
        ]
    )


def test_values_at_the_mean_count_the_solutes_crystal(study):
    potential, posterior, bulk, minimum, structures = study
    found = values_at_mean(posterior, bulk, structures)[5:]
    assert found == pytest.approx(formation(potential, minimum), abs=1e-6)


def test_derivatives_are_differences_of_relaxed_structures(study):
    potential, posterior, bulk, minimum, structures = study
    found = quantity_derivatives(posterior, bulk, structures)[5:]
    assert (found[:, :2] == 0).all()  # every shift is in structure and crystals alike
    way = random_changes(potential, 1, 3e-5)[0]
    ahead, behind = (
        formation(potential.with_theta(potential.theta + sign * way, [0.1, 0.4]), minimum)
        for sign in (1, -1)
    )
    assert found[:, 2:] @ way == pytest.approx((ahead - behind) / 2, rel=1e-3)


def test_draws_expand_the_solutes_crystal_to_second_order(study):
    """Its energies over lambda = -1, 0, 1: the second difference; and E_f is the variants'."""
    _, posterior, _, _, structures = study
    given = structures["beryllium"]
    delta, _ = deviations(posterior)
    energy = given["crystal"]["solute_energy"].values[0] - variant_shifts(
        posterior, LAMBDAS, {"Be": 1}
    )
    second = energy[:, 0] - 2 * energy[:, 1] + energy[:, 2]
    curvature = given["crystal"]["solute_energy_curvature"].values[0]
    assert np.einsum("sp,pr,sr->s", delta, curvature, delta) == pytest.approx(second, rel=1e-2)
    same_as_variants(posterior, given)


def same_as_variants(posterior, given):
    """The samples as draws have the E_f and V_f of the variants at lambda = 1."""
    drawn = predict_draws(posterior, given["crystal"], given["derivative"])
    variants = predict_variants(posterior, given["crystal"], given["derivative"])
    variants = variants.sel({"lambda": 1.0, "level": ["h+ih", "newton"]})
    for name, error in {"formation_energy": 1e-8, "formation_volume": 1e-5}.items():
        assert drawn[name].values == pytest.approx(variants[name].values, abs=error)


def test_beta_0_moves_nothing_but_the_cohesive_energy(one_by_one):
    _, bulk, _ = one_by_one
    by_shift = quantity_derivatives(*one_by_one)[:, 0]
    expected = dict.fromkeys(QUANTITIES, 0) | {"cohesive_energy": -1}
    assert dict(zip(QUANTITIES, by_shift, strict=True)) == expected
    # The same sign in the values: mean of the shifted samples minus the mean's.
    energy = bulk["energy"].sel({"lambda": 0.0})[0]
    assert values_at_mean(*one_by_one)[1] == pytest.approx(-float(energy), abs=1e-12)
    assert values_at_mean(*one_by_one)[1] > 8  # eV: tungsten is bound


@pytest.mark.parametrize("name", SETTINGS)
def test_derivatives_of_structures_match_relaxed_cells(one_by_one, references, name, tungsten):
    posterior, bulk, structures = one_by_one
    found = quantity_derivatives(posterior, bulk, {name: structures[name]})[5:, 1:]
    assert len(found) == (2 if name in ("vacancy", "fault") else 1)
    for seed in range(2):
        way = 3e-5 * tungsten.theta * np.random.default_rng(seed).normal(size=tungsten.theta.size)
        ahead, behind = (
            formation_after(references[name], name, tungsten, sign * way) for sign in (1, -1)
        )
        expected = (ahead - behind) / 2
        assert np.abs(expected[0]) > 1e-6  # far more than relaxations leave
        assert found @ way == pytest.approx(expected[: len(found)], rel=2e-4)


def formation_after(reference, name, potential, change):
    """E_f (eV) and V_f (Angstrom^3), cell and crystal relaxed after a change of parameters.

    From the mean's relaxed structure and crystal, as far as the structure's cell relaxes.
    """
    settings, varied = SETTINGS[name], potential.with_theta(potential.theta + change, 0.7)
    flat = settings["kind"] == "gamma_surface"
    cell = relax(reference.atoms, varied, settings["cell"], tolerance=1e-10, normal_only=flat)
    mean = relaxed_tungsten(potential)
    perfect = mean.conventional()
    if settings["cell"] == "in_plane_fixed":
        unfaulted = {
            "kind": "gamma_surface",
            "layers": 2,
            "displacement": [0, 0],
            "name": "perfect",
        }
        perfect = build_structure(settings | unfaulted, mean)
    crystal = relax(perfect, varied, settings["cell"], tolerance=1e-10)
    assert cell.converged
    assert crystal.converged
    ratio = len(cell.atoms) / len(crystal.atoms)
    return np.array(
        [
            cell.energy - ratio * crystal.energy,
            cell.atoms.get_volume() - ratio * crystal.atoms.get_volume(),
        ]
    )


def test_values_at_the_mean_are_the_predictions_at_zero(joint_study, joint):
    formation = []
    for name, given in joint_study["structures"].items():
        here = given["predictions"].sel({"level": "newton", "lambda": 0.0, "sample": 0})
        formation += [
            float(here[each]) for each in FORMATION_UNITS if f"{name}_{each}" in QUANTITIES
        ]
    assert joint["value_at_mean"].values[5:] == pytest.approx(np.array(formation), abs=1e-10)
    edge = float(joint_study["bulk"]["reference_lattice_parameter"])
    assert float(joint["value_at_mean"][0]) == pytest.approx(edge, abs=1e-12)


VACANCY = {"name": "it", "kind": "vacancy", "supercell": 2, "site": "Ni", "cell": "isotropic"}


@pytest.mark.parametrize("reservoir", ["fcc", -3.5])
def test_derivatives_of_a_vacancy_in_a_compound(reservoir):
    """E_f and V_f of a vacancy of the compound's second element, by all parameters and beta_0."""
    potential = two_of_copper(0.05)
    posterior = posterior_around(potential, random_changes(potential, 2, 1e-5))
    posterior["energy_shift"][1] += [0.2, 0.3]
    config = {"element": "Cu", "lattice": "L1_2", "sites": ["Cu", "Ni"], "lattice_parameter": 3.61}
    start, element = crystal_of_settings(config), starting_crystal("Ni", "fcc", 3.61)
    minimum = relax_reference(potential, config | {"solutes": {"Ni": reservoir}}, VACANCY)
    composition = minimum.atoms.symbols.formula.count()
    assert composition == {"Cu": 24, "Ni": 7}
    bulk = bulk_of_variants(potential, posterior, LAMBDAS, start, 2)
    crystal = crystal_of_variants(potential, posterior, bulk, strain_basis_of(VACANCY, "L1_2"))
    solute = reservoir
    if reservoir == "fcc":
        solute = bulk_of_variants(potential, posterior, LAMBDAS, element, 1)
    given = {
        "crystal": with_solutes(crystal, composition, {"Ni": solute}),
        "derivative": implicit_derivative(minimum),
    }

    def relaxed(varied):
        """E_f and V_f with all relaxed: 24 Cu are in 32 atoms of Cu3Ni, one Ni too many."""
        cells = [minimum.atoms, start.conventional(), element.conventional()]
        cell, compound, pure = (relax(each, varied, "isotropic", tolerance=1e-10) for each in cells)
        volumes = [each.atoms.get_volume() / len(each.atoms) for each in (cell, compound, pure)]
        own, volume = pure.energy / 4, volumes[2]
        if reservoir != "fcc":
            own, volume = reservoir, volumes[1]
        energy = cell.energy - 32 * compound.energy / 4 + own
        return np.array([energy, 31 * volumes[0] - 32 * volumes[1] + volume])

    same_as_variants(posterior, given)
    at_mean = values_at_mean(posterior, bulk, {"it": given})[5:]
    assert at_mean == pytest.approx(relaxed(potential), abs=1e-6)
    found = quantity_derivatives(posterior, bulk, {"it": given})[5:]
    way = random_changes(potential, 1, 3e-5)[0]
    for shift in ([0.0, 0.0], [1e-3, 0.0], [0.0, 1e-3]):
        ahead, behind = (
            relaxed(
                potential.with_theta(
                    potential.theta + sign * way, potential.energy_shifts + sign * np.array(shift)
                )
            )
            for sign in (1, -1)
        )
        assert found @ [*shift, *way] == pytest.approx((ahead - behind) / 2, rel=1e-3, abs=1e-9)
