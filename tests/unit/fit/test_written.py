"""The files of a fitted potential read back to it, also with a baseline beside X."""

import numpy as np
import pytest
import xarray as xr

from relaxdiff.fit.written import read_fitted, write_fitted
from relaxdiff.potentials.snap.alchemical import alchemical
from relaxdiff.potentials.snap.restricted import restricted
from relaxdiff.structures.kinds import bulk_cell


def test_what_is_read_has_the_energy_of_what_was_fitted(tungsten, tmp_path):
    free = restricted(alchemical(tungsten, "W"), ["X_beta_*"])
    thetas = np.array([free.theta, 1.01 * free.theta])
    fit = xr.Dataset({"theta": (("step", "parameter"), thetas)})
    coeff, param, include = write_fitted(fit, free, tmp_path / "potential")
    assert "fitted" in include.read_text()
    read = read_fitted(coeff, param, tungsten, "W")
    assert read.theta == pytest.approx(free.with_theta(thetas[1]).whole.theta, rel=1e-15)
    atoms = bulk_cell("W", 3.18, 2)
    atoms.symbols[0] = "X"
    atoms.rattle(0.1, seed=1)
    energies = []
    for potential in (read, free.with_theta(thetas[1])):
        atoms.calc = potential.calculator()
        energies.append(atoms.get_potential_energy())
    assert energies[0] == pytest.approx(energies[1], abs=1e-10)
    # ZBL is among it: without it the energy is another.
    atoms.calc = read_fitted(coeff, param, _bare(tungsten), "W").calculator()
    assert abs(atoms.get_potential_energy() - energies[0]) > 0.1


def _bare(potential):
    return type(potential)(potential.hyperparameters, potential.theta, potential.energy_shift)
