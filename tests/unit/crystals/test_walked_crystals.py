"""Crystals of two atoms held in a plane: really relaxed, and the same at every level."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from crystal_study import posterior_of, random_changes, shipped

from relaxdiff import implicit_derivative, predict_variants, relax_variants
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, mean_crystal, strain_basis_of
from relaxdiff.crystals.hexagonal import STRAINS
from relaxdiff.crystals.walked_crystals import CrystalWalks
from relaxdiff.exceptions import RelaxationError
from relaxdiff.files.datasets import read_dataset, write_dataset
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import Variants, lambda_grid
from relaxdiff.potentials.snap.baseline import ZblBaseline
from relaxdiff.predictions.evaluated import coordinates_of_crystal, evaluate_predictions
from relaxdiff.statistics.errors import error_slopes, error_table, prediction_errors
from relaxdiff.structures.coordinates import Freedom, cell_strains, coordinates_of
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.structures.slabs import planes_of_crystal
from relaxdiff.truth.check import check_variants, choose_variants, judge
from relaxdiff.units import GPA

LAMBDAS = lambda_grid(-0.5, 0.5, 0.25)
ZERO = 2
STUDIES = {
    "Si": ("Si_Zuo_JPCA2020", "diamond", None, 2e-2),
    "Be": ("WBe_Wood_PRB2019", "hcp", ZblBaseline(4.0, 4.8), 2e-2),
}
# Symmetric displacements of a crystal strained along the normal, and planes of a slab.
PLANES = {
    ("Si", (1, 1, 1)): (1, 6),
    ("Si", (1, 0, 0)): (0, None),  # its surface reconstructs
    ("Si", (1, 1, 0)): (1, 6),
    ("Be", (0, 0, 0, 1)): (0, 7),
    ("Be", (1, 0, -1, 0)): (1, 8),
    ("Be", (1, 0, -1, 1)): (2, None),
}
EVERY_PLANE = pytest.mark.parametrize(("element", "plane"), PLANES)
SLABS = [key for key, (_, layers) in PLANES.items() if layers]


@pytest.fixture(scope="module")
def bulks():
    """Potential, posterior and bulk of each element."""
    found = {}
    for element, (name, lattice, baseline, spread) in STUDIES.items():
        potential = shipped(name, baseline)
        posterior = posterior_of(potential, random_changes(potential, 2, spread))
        start = starting_crystal(element, lattice)
        bulk = bulk_of_variants(potential, posterior, LAMBDAS, start, 2)
        found[element] = potential, posterior, bulk
    return found


def settings_of(plane, layers=6):
    return {
        "name": "it",
        "kind": "surface",
        "plane": plane,
        "layers": layers,
        "vacuum": 12.0,
        "cell": "in_plane_fixed",
    }


def held(bulks, element, plane):
    potential, posterior, bulk = bulks[element]
    mean = mean_crystal(bulk)
    basis = strain_basis_of(settings_of(plane), mean.lattice, mean.lengths)
    return crystal_of_variants(potential, posterior, bulk, basis)


@EVERY_PLANE
def test_held_crystals_are_those_of_plain_lammps(bulks, element, plane):
    potential, posterior, bulk = bulks[element]
    crystal = held(bulks, element, plane)
    assert (crystal["status"] == "stable").all()
    assert crystal.sizes["strain"] == PLANES[element, plane][0] + 1
    cell = planes_of_crystal(plane, mean_crystal(bulk))
    freedom = Freedom(strains=cell_strains("in_plane_fixed", cell, reach=np.inf))
    variants = Variants(posterior, LAMBDAS)
    for sample, place in [(0, 0), (1, 4), (0, ZERO)]:
        changed = potential.with_theta(variants.theta(sample, place))
        relaxed = lammps_minimise(cell, changed, 1e-7, freedom)
        here = crystal.isel({"sample": sample, "lambda": place})
        assert float(here["energy"]) == pytest.approx(relaxed.energy / len(cell), abs=1e-9)
        volume = relaxed.atoms.get_volume() / len(cell)
        assert float(here["volume"]) == pytest.approx(volume, abs=1e-6)
    assert (crystal["energy"] >= bulk["energy"] - 1e-12).all()
    assert crystal["volume"].values[:, ZERO] == pytest.approx(
        float(crystal["reference_volume"]), abs=1e-7
    )
    assert np.ptp(crystal["volume"].values) > 1e-3


@EVERY_PLANE
def test_the_expansion_is_that_of_the_energy_in_its_own_coordinates(bulks, element, plane):
    """By differences of energies: of every coordinate, and of each with each other."""
    potential, _, _ = bulks[element]
    crystal = held(bulks, element, plane)
    coordinates = coordinates_of_crystal(crystal)
    n_atoms, step = len(coordinates.reference), 2e-3
    assert coordinates.size == crystal.sizes["strain"]
    with potential.evaluator(coordinates) as evaluator:

        def energy(q):
            return evaluator.energy(q, potential.theta) / n_atoms

        for one, other in np.ndindex(coordinates.size, coordinates.size):
            along, across = step * np.eye(coordinates.size)[[one, other]]
            mixed = energy(along + across) - energy(along - across)
            mixed += energy(-along - across) - energy(across - along)
            found = float(crystal["strain_curvature"][one, other])
            size = np.sqrt(np.prod(np.diag(crystal["strain_curvature"].values)[[one, other]]))
            assert found == pytest.approx(mixed / (4 * step**2), abs=2e-3 * size)
        start = np.zeros(coordinates.size)
        assert crystal["strain_gradient"].values == pytest.approx(
            evaluator.columns(start)[:, :-1] / n_atoms, rel=1e-9, abs=1e-9
        )


def test_relaxed_curvatures_are_elastic_constants(bulks):
    """The atoms follow the strain: C44 and C11 of the bulk are such, too."""
    for element, plane, expected in [
        ("Si", (1, 1, 1), lambda here: here["bulk_modulus"] + 4 / 3 * here["shear_modulus_c44"]),
        ("Be", (0, 0, 0, 1), lambda here: here["c33"]),
        ("Be", (1, 0, -1, 0), lambda here: here["c11"]),
    ]:
        crystal = held(bulks, element, plane)
        curvature = crystal["strain_curvature"].values
        modulus = GPA / np.linalg.inv(curvature)[-1, -1] / float(crystal["reference_volume"])
        here = bulks[element][2].isel({"sample": 0, "lambda": ZERO})
        assert modulus == pytest.approx(float(expected(here)), rel=1e-3)
        if len(curvature) > 1:
            assert curvature[-1, -1] / float(crystal["reference_volume"]) * GPA > 1.01 * modulus


def test_held_crystals_of_two_atoms_survive_a_file(bulks, tmp_path):
    crystal = held(bulks, "Si", (1, 1, 1))
    write_dataset(crystal, tmp_path / "crystal.nc", {})
    read = read_dataset(tmp_path / "crystal.nc")
    xr.testing.assert_equal(read, crystal)
    ours, theirs = coordinates_of_crystal(crystal), coordinates_of_crystal(read)
    np.testing.assert_array_equal(ours.modes.toarray(), theirs.modes.toarray())


def test_the_bulk_of_another_potential_is_refused(bulks):
    potential, posterior, bulk = bulks["Si"]
    other = bulk.assign(reference_lattice_parameter=bulk["reference_lattice_parameter"] * 1.001)
    basis = strain_basis_of(settings_of((1, 1, 1)), "diamond")
    with pytest.raises(RelaxationError, match="is this the bulk of this potential"):
        crystal_of_variants(potential, posterior, other, basis)


def test_variants_that_are_not_to_be_looked_at_end_their_branch(bulks):
    potential, posterior, bulk = bulks["Be"]
    cell = mean_crystal(bulk).conventional()
    kept = np.ones((2, len(LAMBDAS)), dtype=bool)
    kept[1, 3] = False
    with CrystalWalks(potential, coordinates_of(cell, Freedom(STRAINS))) as walks:
        energy, q = walks.relaxed(Variants(posterior, LAMBDAS), kept)
    assert np.isnan(energy[1]).tolist() == [False, False, False, True, True]
    assert np.isnan(q[1]).all(axis=-1).tolist() == np.isnan(energy[1]).tolist()
    # Elsewhere they are the crystals of the bulk, which strain as far.
    found = np.isfinite(energy)
    assert energy[found] / 2 == pytest.approx(bulk["energy"].values[found], abs=1e-10)


@pytest.fixture(scope="module", params=SLABS, ids=str)
def whole(request, bulks):
    """Everything up to the truth of one slab."""
    element, plane = request.param
    potential, posterior, bulk = bulks[element]
    settings = settings_of(plane, PLANES[request.param][1])
    crystal = held(bulks, element, plane)
    config = {"element": element, "lattice": bulk.attrs["lattice"]}
    minimum = relax_reference(potential, config, settings)
    derivative = implicit_derivative(minimum)
    known = minimum, posterior, crystal, derivative
    truth = relax_variants(*known, force_constants(minimum), [0, 1], "newton", lambda line: None)
    assert (truth["status"] == "converged").all()
    return SimpleNamespace(
        settings=settings,
        posterior=posterior,
        minimum=minimum,
        crystal=crystal,
        derivative=derivative,
        truth=truth,
        evaluations=evaluate_predictions(*known, [0, 1], lambda line: None),
    )


# J/m^2, of these potentials.
SURFACE_ENERGIES = {
    ("diamond", (1, 1, 1)): 1.03,
    ("diamond", (1, 1, 0)): 1.20,
    ("hcp", (0, 0, 0, 1)): 1.21,
    ("hcp", (1, 0, -1, 0)): 1.48,
}


def test_surface_energies(whole):
    truth, minimum = whole.truth, whole.minimum
    area = np.linalg.norm(np.cross(*minimum.atoms.cell.array[:2]))
    energy = float(truth["formation_energy"][0, ZERO]) / (2 * area) * GPA / 10
    plane = whole.settings["plane"]
    expected = SURFACE_ENERGIES[whole.crystal.attrs["lattice"], plane]
    assert energy == pytest.approx(expected, abs=0.01)


def test_plain_lammps_agrees(whole):
    chosen = choose_variants(whole.truth, 3, seed=1)
    table = check_variants(
        whole.minimum,
        whole.posterior,
        whole.crystal,
        whole.truth,
        chosen,
        whole.settings,
        lambda line: None,
    )
    assert list(table["verdict"]) == ["agrees"] * 3
    assert "3 agrees" in judge(table)
    assert table["formation_energy_difference_eV"].abs().max() < 1e-8


def test_errors_shrink_as_those_of_a_first_order_derivative(whole):
    predictions = predict_variants(whole.posterior, whole.crystal, whole.derivative)
    errors = prediction_errors(predictions, whole.truth, whole.derivative, whole.posterior)
    slopes = error_slopes(error_table(errors)).set_index(["quantity", "level"])["slope"]
    for level, order in {"c": 2, "h": 2, "ih": 2, "h+ih": 3, "newton": 3}.items():
        assert slopes["formation_energy", level] == pytest.approx(order, abs=0.1)


def test_evaluated_predictions_are_better_by_two_orders(whole):
    """Of energies they are wrong in the fifth: 32 times less at half of lambda."""
    truth = whole.truth["formation_energy"]
    errors = np.abs(whole.evaluations["formation_energy"] - truth).max("sample")
    far, near = (errors.sel({"lambda": at}).max("lambda") for at in ([-0.5, 0.5], [-0.25, 0.25]))
    predictions = predict_variants(whole.posterior, whole.crystal, whole.derivative)
    before = np.abs(predictions["formation_energy"].sel(level="newton") - truth).max()
    assert float(far.max()) < 0.02 * float(before)
    assert (np.log2(far / near) > 4).all()
