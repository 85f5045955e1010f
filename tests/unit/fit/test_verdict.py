"""The verdict of plain LAMMPS: a minimum is called one, a saddle point is not."""

from importlib import import_module

import numpy as np
import pytest
from fit_case import LATTICE_PARAMETER, NEIGHBOUR

from relaxdiff import relax
from relaxdiff.fit.verdict import (
    BEGINNINGS,
    SHAKES,
    beginning,
    deviations,
    fitted_atoms,
    relax_from,
    verdict,
    verdict_table,
)
from relaxdiff.structures.kinds import vacancy_cell


def whole(case, theta):
    """The SnapPotential with these coefficients of X."""
    return case.problem.potential.with_theta(theta).whole


@pytest.fixture(scope="module")
def at_saddle(fits, with_x):
    """As of a fit that has ended where the neighbour of a vacancy is half way to its place."""
    fit = fits["direct"][0].copy(deep=True)
    atoms = vacancy_cell("W", LATTICE_PARAMETER, 2)
    atoms.symbols[NEIGHBOUR] = "X"
    atoms.positions[NEIGHBOUR] = [LATTICE_PARAMETER / 4] * 3
    symmetric = relax(atoms, with_x, "fixed")
    assert symmetric.converged
    fit["positions"][-1] = fit["target"][:] = symmetric.atoms.positions
    return fit


@pytest.fixture(scope="module")
def judged(case, fits):
    """The verdict on `direct`, and the ends of the relaxations."""
    fit = fits["direct"][0]
    potential = whole(case, fit["theta"].values[-1])
    ends = [relax_from(fit, potential, name) for name in BEGINNINGS]
    return fit, ends, verdict(fit, ends, 0.6)


def test_a_minimum_is_called_one(judged):
    _, ends, found = judged
    assert [end.attrs["status"] for end in ends] == ["converged"] * 5
    assert found.attrs["is_minimum"] == "yes"
    assert found.attrs["verdict"].startswith("a minimum, 0.000")
    assert found.attrs["verdict"].endswith("reached from " + ", ".join(BEGINNINGS[1:]))
    assert (found["reached"].values == 1).all()
    assert float(found["lowest_curvature"]) == 0.6


def test_a_table_with_energies_above_the_result(judged):
    _, _, found = judged
    table = verdict_table(found)
    assert list(table["relaxed_from"]) == list(BEGINNINGS)
    assert np.abs(table["energy_above_result_eV"]).max() < 1e-6
    assert (table["force_calls"] > 0).all()
    assert set(table["status"]) == {"converged"}


def test_a_result_that_lammps_leaves_is_no_minimum(case, fits):
    """As may that of `published`, which relaxes nothing."""
    fit = fits["direct"][0]
    shifted = fit.copy(deep=True)
    shifted["positions"][-1, 0] += 0.1
    ends = [relax_from(shifted, whole(case, case.theta), name) for name in BEGINNINGS]
    found = verdict(shifted, ends, 0.6)
    assert found.attrs["is_minimum"] == "no"
    assert found.attrs["verdict"].startswith("NO MINIMUM: LAMMPS relaxes it 0.")


def test_a_saddle_point_is_no_minimum(at_saddle, with_x):
    """LAMMPS stays there by symmetry, but not when it is shaken."""
    fit = at_saddle
    ends = [relax_from(fit, with_x, name) for name in BEGINNINGS]
    assert ends[0].attrs["status"] == "converged"
    assert float(ends[0]["largest_deviation"]) < 0.05
    found = verdict(fit, ends, 0.6)
    assert found.attrs["is_minimum"] == "no"
    assert found.attrs["verdict"] == "NO MINIMUM: shaken by 0.05 Angstrom it ends elsewhere"
    assert int(found["reached"].sel(begin=BEGINNINGS[1])) == 0
    negative = verdict(fit, ends, -0.2).attrs["verdict"]
    assert "its lowest curvature is -0.200 of the crystal's" in negative
    assert verdict(fit, ends, np.nan).attrs["is_minimum"] == "no"


def test_a_positive_curvature_is_needed(judged):
    fit, ends, _ = judged
    for curvature in (-1e-3, 0.0, np.nan):
        found = verdict(fit, ends, curvature)
        assert found.attrs["is_minimum"] == "no"
        assert found.attrs["verdict"].startswith("NO MINIMUM: its lowest curvature is")


def test_a_relaxation_that_does_not_end(judged, case, monkeypatch):
    fit, ends, _ = judged
    monkeypatch.setattr(import_module("relaxdiff.fit.verdict"), "TOLERANCE", 1e-30)
    end = relax_from(fit, whole(case, fit["theta"].values[-1]), "start")
    assert end.attrs["status"].startswith("not converged, force ")
    found = verdict(fit, [end, *ends[1:]], 0.6)
    assert found.attrs["verdict"].startswith("NO MINIMUM: LAMMPS does not relax it (not converged")


def test_a_structure_that_collapses(judged, case):
    """Its deviations are infinite, and the others are judged."""
    fit, ends, _ = judged
    broken = fit.copy(deep=True)
    broken["positions"][0, 3] = np.nan
    end = relax_from(broken, whole(case, fit["theta"].values[-1]), "start")
    assert end.attrs["status"].startswith("collapsed: ")
    assert np.isinf(float(end["largest_deviation"]))
    found = verdict(fit, [*ends[:-1], end], 0.6)
    assert found.attrs["is_minimum"] == "yes"
    assert int(found["reached"][-1]) == 0


def test_where_relaxations_begin(fits):
    fit = fits["published"][0].copy(deep=True)
    fit["fixed"][4] = 1
    result, *shaken, target, start = (beginning(fit, name) for name in BEGINNINGS)
    assert (result.positions == fit["positions"].values[-1]).all()
    assert (target.positions == fit["target"].values).all()
    assert (start.positions == fit["positions"].values[0]).all()
    for atoms, size in zip(shaken, SHAKES, strict=True):
        moved = atoms.positions - result.positions
        assert (moved[4] == 0).all()
        assert moved[fit["fixed"].values == 0].std() == pytest.approx(size, rel=0.4)
    assert fitted_atoms(fit).get_chemical_symbols()[0] == "X"


def test_deviations_of_the_region_without_a_shift_of_all(fits):
    fit = fits["direct"][0].copy(deep=True)
    fit["in_region"][3:] = 0
    target = fit["target"].values
    moved = target + [0.5, 0.0, 0.0]
    assert deviations(fit, moved, target) == pytest.approx(np.zeros(3), abs=1e-12)
    fit["fixed"][4] = 1
    assert deviations(fit, moved, target) == pytest.approx(np.full(3, 0.5))
