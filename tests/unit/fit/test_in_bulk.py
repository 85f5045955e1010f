"""What a fit does to the solute alone in the crystal."""

import numpy as np
import pytest
from fit_case import LATTICE_PARAMETER

from relaxdiff.fit.in_bulk import before_and_after, solute_in_crystal
from relaxdiff.potentials.snap.alchemical import alchemical

CRYSTAL = {"element": "W", "lattice": "bcc", "lattice_parameter": LATTICE_PARAMETER, "supercell": 2}


@pytest.fixture(scope="module")
def before(tungsten):
    return solute_in_crystal(alchemical(tungsten, "W"), CRYSTAL, "X", supercell=2)


def test_x_that_is_tungsten_is_an_atom_of_the_crystal(before):
    assert list(before["kind"]) == ["substitutional"]
    assert list(before["status"]) == ["stable"]
    assert (before["lowest_curvature_eV_per_A2"] > 0).all()


def test_unchanged_coefficients_change_no_energy(before, tungsten):
    after = solute_in_crystal(alchemical(tungsten, "W"), CRYSTAL, "X", supercell=2)
    table = before_and_after(before, after)
    assert table["energy_change_eV"].values == pytest.approx(0, abs=1e-9)
    assert list(table["status_after"]) == ["stable"]


def test_the_energy_of_x_is_that_of_the_crystal_by_atom(before, tungsten):
    """U - N e of the other atoms is then e."""
    other = tungsten.with_theta(tungsten.theta, energy_shift=tungsten.energy_shift + 0.5)
    shifted = solute_in_crystal(alchemical(other, "W"), CRYSTAL, "X", supercell=2)
    table = before_and_after(before, shifted)
    assert table["energy_change_eV"].values == pytest.approx(0.5, abs=1e-8)


def test_changed_coefficients_change_the_energy_or_the_stability(before, tungsten):
    given = alchemical(tungsten, "W")
    softer = np.append(tungsten.theta, 1.02 * tungsten.theta)
    table = before_and_after(
        before, solute_in_crystal(given.with_theta(softer), CRYSTAL, "X", supercell=2)
    )
    assert np.abs(table["energy_change_eV"].values) > 1e-3
    against = np.append(tungsten.theta, -20.0 * tungsten.theta)
    table = solute_in_crystal(given.with_theta(against), CRYSTAL, "X", supercell=2)
    assert table["status"][0].startswith("not stable: ")
