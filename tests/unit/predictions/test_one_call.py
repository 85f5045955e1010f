"""Predictions in one call are those of a study of the same structure."""

import numpy as np
import pytest
import xarray as xr
from small_study import CRYSTAL

from relaxdiff import InputError, RelaxationError, predict
from relaxdiff.lammps.minimise import lammps_minimise
from relaxdiff.structures.kinds import vacancy_cell

COMPARED = ("formation_energy", "formation_volume", "error_estimate", "energy", "volume")


@pytest.fixture(scope="module")
def atoms():
    """The structure of the small study, with another lattice parameter than the relaxed one."""
    return vacancy_cell("W", 3.165, 2)


@pytest.fixture(scope="module")
def predicted(tungsten, posterior, atoms):
    return predict(tungsten, posterior, atoms, CRYSTAL)


def test_it_is_what_the_study_predicts(predicted, small_study):
    study = small_study.predictions.sel({"lambda": 1.0}, drop=True)
    assert list(predicted["level"].values) == list(study["level"].values)
    for name in COMPARED:
        np.testing.assert_allclose(predicted[name], study[name], rtol=1e-6, atol=1e-7)
        assert predicted[name].attrs == study[name].attrs
    assert (predicted["status"] == "stable").all()
    mean = small_study.predictions.sel({"lambda": 0.0, "level": "newton"})["formation_energy"]
    assert float(predicted["reference_formation_energy"]) == pytest.approx(float(mean[0]), abs=1e-8)


def test_it_is_near_what_lammps_relaxes_to(predicted, tungsten, posterior, atoms):
    """One sample relaxed by LAMMPS, cell and crystal, without anything of the prediction."""
    sample = tungsten.with_theta(posterior["theta"].values[0])
    defect = lammps_minimise(atoms, sample)
    crystal = lammps_minimise(CRYSTAL.conventional(), sample)
    true = defect.energy - len(atoms) * crystal.energy / len(crystal.atoms)
    found = predicted.sel(level="newton").isel(sample=0)
    error = abs(float(found["formation_energy"]) - true)
    assert error < 1e-3
    assert error < 2 * float(found["error_estimate"]) + 1e-6


def test_an_array_is_taken_for_the_samples(predicted, tungsten, posterior, atoms):
    """Energy shifts are then the potential's; formation energies do not know of them."""
    found = predict(tungsten, posterior["theta"].values[1:], atoms, CRYSTAL)
    np.testing.assert_allclose(
        found["formation_energy"], predicted["formation_energy"][:, 1:], atol=1e-9
    )
    shift = 15 * (posterior["energy_shift"].values[1:] - tungsten.energy_shift)
    np.testing.assert_allclose(found["energy"] + shift, predicted["energy"][:, 1:], atol=1e-7)


def test_a_full_cell_relaxes_further(predicted, tungsten, posterior, atoms):
    """A pair of vacancies has less symmetry; the sparse solver knows no newton."""
    pair = atoms.copy()
    del pair[1]
    theta = posterior["theta"].values
    full = predict(tungsten, theta, pair, CRYSTAL, cell="full", solver="sparse")
    held = predict(tungsten, theta, pair, CRYSTAL, solver="sparse")
    assert list(full["level"].values) == ["c", "h", "ih", "h+ih"]
    difference = full["reference_formation_energy"] - held["reference_formation_energy"]
    assert -1 < float(difference) < -1e-2


def test_samples_that_are_not_of_the_potential_are_refused(tungsten, posterior, atoms):
    theta = posterior["theta"].values
    with pytest.raises(InputError, match=r"shape \(3, 54\), expected \(sample, 55\)"):
        predict(tungsten, theta[:, :-1], atoms, CRYSTAL)
    with pytest.raises(InputError, match="expected"):
        predict(tungsten, theta[0], atoms, CRYSTAL)
    with pytest.raises(InputError, match="not finite"):
        predict(tungsten, np.full_like(theta, np.nan), atoms, CRYSTAL)
    with pytest.raises(InputError, match="no draws"):
        predict(tungsten, xr.Dataset(), atoms, CRYSTAL)


def test_structures_that_need_a_study_are_refused(tungsten, posterior, atoms):
    with pytest.raises(InputError, match="cell = 'fixed' is not one of isotropic, full"):
        predict(tungsten, posterior, atoms, CRYSTAL, cell="fixed")
    alloyed = atoms.copy()
    alloyed.symbols[0] = "Be"
    with pytest.raises(InputError, match="has Be in other numbers"):
        predict(tungsten, posterior, alloyed, CRYSTAL)


def test_a_saddle_point_is_refused(tungsten, posterior, atoms):
    """An atom halfway on its way into the vacancy, where symmetry holds it."""
    a = atoms.cell.lengths()[0]
    sites = CRYSTAL.at(a / 2).conventional(2).positions
    vacant = max(sites, key=lambda site: np.linalg.norm(atoms.positions - site, axis=1).min())
    halfway = atoms.copy()
    jumps = int(np.argmin(np.linalg.norm(atoms.positions - vacant, axis=1)))
    halfway.positions[jumps] = (atoms.positions[jumps] + vacant) / 2
    with pytest.raises(RelaxationError, match="saddle point"):
        predict(tungsten, posterior, halfway, CRYSTAL)
