"""Plain LAMMPS judges truths: of a vacancy, and of all families of structures on their whole way.

The full six-component cell, a surface, a fault and a fixed volume: plain LAMMPS relaxes their
variants again, from shaken atoms and without any symmetry.
"""

from types import SimpleNamespace

import ase.io
import pytest
from small_study import STRUCTURE

from relaxdiff import implicit_derivative, predict_variants, relax_variants
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.exceptions import LammpsError, RelaxationError
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.reference import relax_reference
from relaxdiff.minima.symmetry_blocks import force_constants
from relaxdiff.posterior.variants import lambda_grid
from relaxdiff.statistics.errors import error_slopes, error_table, prediction_errors
from relaxdiff.structures.kinds import kind_of
from relaxdiff.structures.lattices import starting_crystal
from relaxdiff.truth.check import check_variants, choose_variants, judge


@pytest.fixture(scope="module")
def check(posterior, small_study):
    def make(truth, count=2):
        chosen = choose_variants(truth, count, seed=1)
        return check_variants(
            small_study.minimum, posterior, small_study.crystal, truth, chosen, STRUCTURE, print
        )

    return make


def test_check_by_plain_lammps_agrees(check, truth):
    table = check(truth)
    assert list(table["verdict"]) == ["agrees", "agrees"]
    assert table["formation_energy_difference_eV"].abs().max() < 1e-5
    assert table["formation_volume_difference_A3"].abs().max() < 1e-3
    assert "2 agrees" in judge(table)


def test_check_catches_a_false_truth(check, truth):
    false = truth.copy(deep=True)
    false["formation_energy"] = truth["formation_energy"] + 1e-4
    table = check(false, count=1)
    assert list(table["verdict"]) == ["disagrees"]
    with pytest.raises(RelaxationError, match="contradicts the truth of 1 of 1"):
        judge(table)


def test_check_finds_a_truth_that_is_no_minimum(check, truth):
    elsewhere = truth.copy(deep=True)
    elsewhere["formation_energy"] = truth["formation_energy"] + 0.3
    elsewhere["coordinates"] = truth["coordinates"].copy()
    elsewhere["coordinates"][..., 0] += 0.5
    table = check(elsewhere, count=1)
    assert list(table["verdict"]) == ["saddle point"]
    assert "1 saddle point" in judge(table)


def test_check_reports_lammps_errors(check, truth, monkeypatch):
    import relaxdiff.truth.check

    def failing(*_, **__):
        raise LammpsError("ERROR: out of luck")

    monkeypatch.setattr(relaxdiff.truth.check, "minimise_plainly", failing)
    table = check(truth, count=1)
    assert list(table["verdict"]) == ["LAMMPS error"]
    assert table["message"][0] == "ERROR: out of luck"


def test_choice_is_random_reproducible_and_of_converged_variants(truth):
    chosen = choose_variants(truth, 5, seed=3)
    assert chosen == choose_variants(truth, 5, seed=3)
    assert chosen != choose_variants(truth, 5, seed=4)
    assert all(truth["status"].values[place] == "converged" for place in chosen)
    assert len(choose_variants(truth, 10**6, seed=3)) == (truth["status"] == "converged").sum()


LAMBDAS = lambda_grid(-0.5, 0.5, 0.25)
EXACT_TO_FIRST_ORDER = {
    "formation_energy": 3,
    "formation_volume": 2,
    "strain": 2,
    "positions": 2,
}
CRYSTAL = {"element": "W", "lattice": "bcc"}
PLANE = {"plane": [1, 1, 0], "layers": 6, "cell": "in_plane_fixed"}
STRUCTURES = {
    "six_strains": {"kind": "file", "cell": "full"},
    "held": {"kind": "file", "cell": "in_plane_fixed", "plane": [0, 0, 1]},
    "surface": {"kind": "surface", "vacuum": 12.0, **PLANE},
    "fault": {"kind": "gamma_surface", "displacement": [0.2, 0.1], **PLANE},
    "fixed": {"kind": "vacancy", "supercell": 2, "cell": "fixed"},
    "divacancy": {"kind": "divacancy_2nn", "supercell": 3, "cell": "full"},
}


# Displacements and strains of each.
SIZES = {
    "six_strains": (30, 6),
    "held": (30, 1),
    "surface": (3, 0),
    "fault": (3, 1),
    "fixed": (1, 0),
    "divacancy": (13, 2),
}


@pytest.fixture(scope="module")
def bulk(tungsten, posterior):
    return bulk_of_variants(tungsten, posterior, LAMBDAS, starting_crystal(**CRYSTAL), 2)


@pytest.fixture(scope="module", params=STRUCTURES)
def whole(request, tungsten, posterior, bulk, low_symmetry, tmp_path_factory):
    """Everything up to the truth of one structure."""
    settings = {"name": request.param, **STRUCTURES[request.param]}
    if settings["kind"] == "file":
        settings["path"] = str(tmp_path_factory.mktemp("built") / "holes.xyz")
        settings["lattice_parameter"] = low_symmetry.cell.lengths()[0] / 2
        ase.io.write(settings["path"], low_symmetry, format="extxyz")
    crystal = crystal_of_variants(tungsten, posterior, bulk, strain_basis_of(settings, "bcc"))
    minimum = relax_reference(tungsten, CRYSTAL, settings)
    derivative = implicit_derivative(minimum)
    known = minimum, posterior, crystal, derivative
    constants = force_constants(minimum)
    truth = relax_variants(*known, constants, [0, 1, 2], "newton", lambda line: None)
    return SimpleNamespace(
        settings=settings,
        crystal=crystal,
        minimum=minimum,
        derivative=derivative,
        constants=constants,
        truth=truth,
    )


def test_every_variant_converges(whole):
    coordinates = whole.minimum.coordinates
    assert (coordinates.n_modes, len(coordinates.strains)) == SIZES[whole.settings["name"]]
    assert (whole.truth["status"] == "converged").all()
    assert whole.truth["max_gradient"].max() < 1e-6


def test_plain_lammps_agrees(whole, posterior):
    truth = whole.truth
    chosen = choose_variants(truth, 3, seed=1)
    table = check_variants(
        whole.minimum, posterior, whole.crystal, truth, chosen, whole.settings, lambda line: None
    )
    assert list(table["verdict"]) == ["agrees"] * 3
    assert "3 agrees" in judge(table)
    assert table["formation_energy_difference_eV"].abs().max() < 1e-6
    assert table["largest_displacement_A"].max() < 1e-3


def test_other_relaxers_find_the_same(whole, tungsten, posterior):
    """LAMMPS's, and the sparse one where all atoms are on sites of the crystal."""
    minimum, settings = whole.minimum, whole.settings
    known_of = {"lammps": whole.constants}
    if kind_of(settings).on_lattice:
        crystal = starting_crystal(**CRYSTAL)
        known_of["sparse"] = crystal_green(tungsten, minimum.atoms, crystal, settings["supercell"])
    few = whole.crystal.sel({"lambda": [0.0, 0.5]})
    ours = whole.truth.sel({"sample": [1], "lambda": [0.0, 0.5]})
    for relaxer, constants in known_of.items():
        known = minimum, posterior, few, whole.derivative, constants
        theirs = relax_variants(*known, [1], relaxer, lambda line: None)
        assert (theirs["status"] == "converged").all()
        for name, bound in (("energy", 1e-8), ("volume", 1e-4), ("coordinates", 1e-5)):
            assert theirs[name].values == pytest.approx(ours[name].values, abs=bound), relaxer


def test_errors_shrink_as_those_of_a_first_order_derivative(whole, posterior):
    """At h+ih, and with atoms alone (ih) only where neither cell nor crystal relaxes."""
    predictions = predict_variants(posterior, whole.crystal, whole.derivative)
    errors = prediction_errors(predictions, whole.truth, whole.derivative, posterior)
    table = error_table(errors)
    # Of means: the median of so few samples is another sample's from one lambda to the next.
    table = table.assign(median_abs_error=table["mean_abs_error"])
    slopes = error_slopes(table, up_to=2.0).set_index(["quantity", "level"])["slope"]
    cell, crystal = len(whole.minimum.coordinates.strains) > 0, whole.crystal.sizes["strain"] > 0
    lost_at_ih = {"formation_energy": crystal, "positions": cell}
    if cell:
        lost_at_ih |= {"formation_volume": True, "strain": True}
    for quantity, lost in lost_at_ih.items():
        expected = EXACT_TO_FIRST_ORDER[quantity]
        assert slopes[quantity, "h+ih"] == pytest.approx(expected, abs=0.06)
        assert slopes[quantity, "ih"] == pytest.approx(expected - lost, abs=0.06)


def test_atoms_alone_are_all_there_is_in_a_cell_that_stays(whole, posterior):
    predictions = predict_variants(posterior, whole.crystal, whole.derivative)
    of_cell = ("energy", "volume")
    same = all(
        predictions[name].sel(level="ih").values
        == pytest.approx(predictions[name].sel(level="h+ih").values, rel=1e-12)
        for name in of_cell
    )
    stays = not len(whole.minimum.coordinates.strains)
    assert same == stays
    if stays:
        volume = whole.minimum.atoms.get_volume()
        assert whole.truth["volume"].values == pytest.approx(volume, rel=1e-12)
        assert predictions["volume"].values == pytest.approx(volume, rel=1e-12)
