"""Coverage by group: its standard error, the table, and who is warned."""

import numpy as np
import pytest

from relaxdiff.posterior.coverage import (
    belongs_to,
    coverage,
    coverage_table,
    coverage_warnings,
    judged_coverage,
)

SURFACE = {"name": "slab_110", "kind": "surface"}
VACANCY = {"name": "vacancy", "kind": "vacancy"}


def test_standard_error_is_that_of_repeated_samples():
    """Of configurations whose values are alike; counted as independent they give far less."""
    rng = np.random.default_rng(0)
    shifts = rng.normal(size=(1000, 1))
    shares, errors = [], []
    for _ in range(300):
        own = rng.normal(size=40)  # one for all 30 values of a configuration
        residual = 1.2 * np.repeat(own, 30)
        share, error = coverage(np.ones((1200, 1)), residual, np.repeat(np.arange(40), 30), shifts)
        shares.append(share[1])
        errors.append(error[1])
    assert np.mean(errors) == pytest.approx(np.std(shares), rel=0.15)
    assert np.mean(errors) > 4 * np.sqrt(0.9 * 0.1 / 1200)


def test_one_configuration_has_no_standard_error():
    share, error = coverage(
        np.ones((6, 1)), np.zeros(6), np.zeros(6), np.arange(-1.0, 1.5)[:, None]
    )
    assert (share == 1).all()
    assert np.isnan(error).all()


GROUPS = {
    ("vacancy", "vacancy"): True,
    ("vacancy", "W_Vacancies"): True,
    ("vacancy", "MonovacancyMD"): True,
    ("vacancy", "Divacancy"): False,
    ("vacancy", "di_vacancy"): False,
    ("vacancy", "gamma_surface_vacancy"): False,
    ("vacancy", "md_bulk"): False,
    ("divacancy_2nn", "Divacancy"): True,
    ("divacancy_1nn", "DiVacancy"): True,
    ("surface", "surface"): True,
    ("surface", "Surfaces110"): True,
    ("surface", "gamma_surface"): False,
    ("gamma_surface", "gamma_surface"): True,
    ("gamma_surface", "StackingFault"): True,
    ("dumbbell_111", "self-interstitials"): True,
    ("hexagonal", "interstitial"): True,
    ("hexagonal", "hexagonal"): False,
    ("octahedral", "SIA"): True,
    ("substitutional", "solutes"): True,
}


@pytest.mark.parametrize(("kind", "group"), GROUPS)
def test_groups_are_told_by_words(kind, group):
    assert belongs_to({"name": "any", "kind": kind}, group) == GROUPS[kind, group]


def test_of_a_structure_from_a_file_the_name_counts():
    assert belongs_to({"name": "easy", "kind": "dislocation"}, "dislocation_quadrupole")
    screw = {"name": "screw_dislocation", "kind": "file"}
    assert belongs_to(screw, "dislocation_quadrupole")
    assert not belongs_to(screw, "surface")
    assert not belongs_to({"name": "loop", "kind": "file"}, "md_bulk")


@pytest.fixture
def narrow(fit):
    """A fit whose first group holds half of what it should."""
    fit = fit.assign_coords(group=["surface", "vacancy"])
    for name, numbers in (("coverage", [0.5, 0.86]), ("coverage_error", [0.02, 0.02])):
        fit[f"held_out_{name}"].loc[{"nominal": 0.9}] = np.array(numbers)[:, None]
        fit[f"held_out_{name}"][1, 2] = np.nan  # no stress there
    return fit


def test_a_structure_of_an_uncovered_group_is_told(narrow):
    (told,) = coverage_warnings(narrow, [SURFACE, VACANCY])
    assert told == (
        "The posterior is too narrow for slab_110: its intervals of nominally 90 % hold 50 % "
        "(standard error 2 %) of the energies and 50 % (standard error 2 %) of the forces and 50 % "
        "(standard error 2 %) of the stresses that were held out in the group surface"
    )
    assert coverage_warnings(narrow, [VACANCY]) == []


def test_what_chance_explains_is_not_told(narrow):
    narrow["held_out_coverage_error"][:] = 0.2
    assert coverage_warnings(narrow, [SURFACE]) == []
    narrow["held_out_coverage_error"][:] = 0.0
    narrow["n_held_out"][:] = 4  # too few to know
    assert coverage_warnings(narrow, [SURFACE]) == []
    assert set(coverage_table(narrow)["covered"]) == {"unknown"}


def test_what_is_not_fitted_is_not_told(narrow):
    narrow["row_weight"][:] = 0.0
    assert coverage_warnings(narrow, [SURFACE]) == []
    assert (coverage_table(narrow)["fitted"] == "no").all()


def test_table_has_every_group_quantity_and_interval(narrow):
    table = coverage_table(narrow)
    assert len(table) == 5 * 4  # no stress in the second group
    assert (table["configurations"] == 5).all()
    surface = table[table["group"] == "surface"]
    assert (surface["covered"] == "no").all()
    assert (table.loc[table["group"] == "vacancy", "covered"] == "yes").all()
    assert len(judged_coverage(narrow)) == 5


def test_a_posterior_of_a_table_has_none(alloy_posterior):
    assert coverage_warnings(alloy_posterior[0], [VACANCY]) == []
    assert not len(judged_coverage(alloy_posterior[0]))
