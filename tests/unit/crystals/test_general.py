"""Crystals of any shape: against the hexagonal ones, and against crystals relaxed one by one."""

import numpy as np
import pytest
from ase.build import bulk as ase_bulk
from ase.io import write
from ase.spacegroup import crystal as space_group_crystal
from crystal_study import posterior_of, random_changes, shipped

from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, mean_crystal, strain_basis_of
from relaxdiff.crystals.cubic import curvature_densities
from relaxdiff.crystals.elasticity import relaxed
from relaxdiff.crystals.general import star_of
from relaxdiff.minima.relaxation import relax
from relaxdiff.posterior.variants import variant_weights
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.units import GPA

LAMBDAS = np.array([-1.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def potential():
    """Of tungsten and beryllium, with ZBL."""
    return shipped("WBe_Wood_PRB2019", ZblBaseline(4.0, 4.8))


@pytest.fixture(scope="module")
def laves(potential, tmp_path_factory):
    """Posterior and bulk of WBe2, C14: hexagonal, with two coordinates of atoms free."""
    path = tmp_path_factory.mktemp("crystals") / "c14.cif"
    sites = [(1 / 3, 2 / 3, 0.062), (0, 0, 0), (0.8305, 0.661, 0.25)]
    cell = [4.39, 4.39, 7.16, 90, 90, 120]
    write(path, space_group_crystal(["W", "Be", "Be"], sites, spacegroup=194, cellpar=cell))
    posterior = posterior_of(potential, random_changes(potential, 2, 1e-3))
    start = starting_crystal("W", "file", path=path)
    return posterior, bulk_of_variants(potential, posterior, LAMBDAS, start, 2)


def test_the_hexagonal_crystal_is_one_of_them(potential, tmp_path):
    posterior = posterior_of(potential, random_changes(potential, 2, 5e-3))
    write(tmp_path / "be.cif", ase_bulk("Be"))
    general = starting_crystal("Be", "file", path=tmp_path / "be.cif")
    assert not general.is_simple
    found = bulk_of_variants(potential, posterior, LAMBDAS, general, 2)
    expected = bulk_of_variants(potential, posterior, LAMBDAS, starting_crystal("Be", "hcp"), 2)
    for name in ("lattice_parameter", "energy", "volume", "reference_volume_derivative"):
        assert found[name].values == pytest.approx(expected[name].values, abs=1e-7), name
    assert (found["status"] == expected["status"]).all()
    c11, c12, c13, c33 = (expected[name].values for name in ("c11", "c12", "c13", "c33"))
    # Reuss's bulk modulus of a hexagonal crystal (Nye, Physical Properties of Crystals, 1957).
    reuss = ((c11 + c12) * c33 - 2 * c13**2) / (c11 + c12 + 2 * c33 - 4 * c13)
    assert found["bulk_modulus"].values == pytest.approx(reuss, rel=1e-3)
    for cell in ("fixed", "full"):
        one, other = (
            crystal_of_variants(
                potential, posterior, bulk, strain_basis_of({"cell": cell}, lattice)
            )
            for bulk, lattice in ((found, "file"), (expected, "hcp"))
        )
        for name in ("energy", "volume"):
            assert one[name].values == pytest.approx(other[name].values, abs=1e-9)


@pytest.mark.parametrize("cell", ["fixed", "isotropic", "full"])
def test_variants_are_crystals_relaxed_one_by_one(potential, laves, cell):
    posterior, bulk = laves
    mean = mean_crystal(bulk)
    assert mean.free_coordinates.size == 4  # two strains and two displacements
    assert (bulk["status"] == "stable").all()
    crystal = crystal_of_variants(
        potential, posterior, bulk, strain_basis_of({"cell": cell}, "file")
    )
    weights = variant_weights(posterior, LAMBDAS)
    shift = potential.shift_of(mean.conventional())
    for sample, place in ((0, 0), (1, 2)):
        variant = potential.with_theta(weights[sample, place, :-1])
        alone = relax(mean.conventional(), variant, cell, symmetry=False)
        assert alone.converged
        n_atoms = len(alone.atoms)
        here = crystal.isel({"sample": sample, "lambda": place})
        assert float(here["energy"]) == pytest.approx(alone.energy / n_atoms, abs=1e-9)
        volume = alone.atoms.get_volume() / n_atoms
        assert float(here["volume"]) == pytest.approx(volume, abs=1e-6)
    assert shift == pytest.approx(potential.shift_of(alone.atoms))


def test_moduli_of_variants_are_those_at_their_own_crystals(potential, laves):
    posterior, bulk = laves
    mean, weights = mean_crystal(bulk), variant_weights(posterior, LAMBDAS)
    variant = potential.with_theta(weights[1, 2, :-1])
    alone = relax(mean.conventional(), variant, "full")
    curvatures = curvature_densities(variant, mean.with_cell(alone.atoms)) @ weights[1, 2]
    assert np.linalg.eigvalsh(curvatures)[0] > 0
    compliance = np.linalg.inv(relaxed(curvatures, 6))[:3, :3].sum()
    found = float(bulk["bulk_modulus"].isel({"sample": 1, "lambda": 2}))
    assert found == pytest.approx(GPA / compliance, rel=1e-3)


def test_a_star_is_exact_for_parabolas():
    def function(q):
        return np.array([[1 + q[0] + 3 * q[0] ** 2, 2 * q[1] ** 2], [q[1], 5.0]])

    star = star_of(function, np.array([0.1, 0.2]))
    places, weights = np.array([[0.03, -0.15], [0.0, 0.4]]), np.array([[1.0, 2.0], [0.5, -1.0]])
    expected = [function(q) @ weight for q, weight in zip(places, weights, strict=True)]
    assert star.weighted(places, weights) == pytest.approx(np.array(expected))
