"""Quantities of structures with solutes: derivatives against relaxed structures and crystals."""

import numpy as np
import pytest
from crystal_study import posterior_of, random_changes, shipped

from relaxdiff import implicit_derivative, relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.crystals.solutes import with_solutes
from relaxdiff.minima.reference import relax_reference
from relaxdiff.potentials.snap.baseline import ZblReference
from relaxdiff.quantities.formation import quantity_derivatives, values_at_mean
from relaxdiff.structures.lattices import starting_crystal

LAMBDAS = np.array([-1.0, 0.0, 1.0])
SETTINGS = {
    "name": "beryllium",
    "kind": "substitutional",
    "supercell": 2,
    "element": "Be",
    "cell": "isotropic",
}


@pytest.fixture(scope="module")
def study():
    """Potential, posterior, bulk of tungsten, and a tungsten cell with one beryllium atom."""
    potential = shipped("WBe_Wood_PRB2019", ZblReference(4.0, 4.8))
    posterior = posterior_of(potential, random_changes(potential, 2, 1e-5))
    posterior["energy_shift"][1] += [0.2, 0.3]
    bulk, solute = (
        bulk_of_variants(potential, posterior, LAMBDAS, starting_crystal(*crystal), 2)
        for crystal in (("W", "bcc"), ("Be", "hcp"))
    )
    config = {"element": "W", "lattice": "bcc", "solutes": {"Be": "hcp"}}
    minimum = relax_reference(potential, config, SETTINGS)
    crystal = crystal_of_variants(potential, posterior, bulk, strain_basis_of(SETTINGS, "bcc"))
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
