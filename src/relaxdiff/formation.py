"""Formation energy and volume of a defect, predicted and true, from defect and bulk.

    E_f = U* - N e_bulk*,    V_f = V* - N v_bulk*

for a cell of N atoms. Predictions take the bulk at the same level as the defect: the errors of the
two extensive terms then cancel.
"""

import numpy as np
import xarray as xr

from relaxdiff.datasets import variable
from relaxdiff.expansion import expansion_of_bulk, expansion_of_defect
from relaxdiff.structures import atoms_per_cubic_cell
from relaxdiff.variants import deviations, variant_shifts


def predict_variants(posterior, bulk, derivative):
    """Predict every stable variant at every level, without a single evaluation by LAMMPS.

    posterior, bulk, derivative: the Datasets of those names. Returns a Dataset over
    (level, sample, lambda); NaN where the bulk is not stable (see bulk's `status`).
    """
    lambdas = bulk["lambda"].values
    levels = [str(level) for level in derivative["level"].values]
    delta, _ = deviations(posterior)
    n_atoms = derivative.attrs["n_atoms"]
    energy, volume = expansion_of_defect(derivative).predict(delta, lambdas)
    per_atom = atoms_per_cubic_cell(bulk.attrs["lattice"])
    bulk_energy, bulk_volume = expansion_of_bulk(bulk, levels, per_atom).predict(delta, lambdas)
    shifts = n_atoms * variant_shifts(posterior, lambdas)
    stable = bulk["status"].values == "stable"

    def masked(values, units, long_name):
        return variable(
            ("level", "sample", "lambda"), np.where(stable, values, np.nan), units, long_name
        )

    return xr.Dataset(
        {
            "energy": masked(energy + shifts, "eV", "predicted energy of the relaxed defect cell"),
            "volume": masked(volume, "Angstrom^3", "predicted volume of the relaxed defect cell"),
            "formation_energy": masked(
                energy - n_atoms * bulk_energy, "eV", "predicted formation energy"
            ),
            "formation_volume": masked(
                volume - n_atoms * bulk_volume, "Angstrom^3", "predicted formation volume"
            ),
        },
        coords={"level": levels, "sample": bulk["sample"].values, "lambda": lambdas},
        attrs={"potential": derivative.attrs["potential"], "n_atoms": n_atoms},
    )


def formation_of(energy, volume, n_atoms, bulk_energy, bulk_volume):
    """E_f in eV and V_f in Angstrom^3 of a cell of n_atoms from bulk values per atom."""
    return energy - n_atoms * bulk_energy, volume - n_atoms * bulk_volume
