"""Variants whose crystal is unstable against the structure: its formation energy is below zero."""

import xarray as xr

from relaxdiff.derivative import most_complete

TRUTH = "truth"


def negative_formation_energies(levels, truth=None):
    """The variants with a formation energy below zero, a DataFrame with a row for each.

    The structure then has a lower energy than the crystals that it is compared with: the crystal,
    stable in itself, is unstable against it. levels: predictions at all levels; truth: its Dataset,
    if there is one. Columns: `sample`, `lambda`; `formation_energy_eV`, the true one of a variant
    that was relaxed, of any other the prediction at the most complete level; `source`, 'truth' or
    that level; `truth_status`, empty without truth.
    """
    best = most_complete(levels["level"].values)
    energy = levels["formation_energy"].sel(level=best, drop=True)
    known = energy.to_dataset(name="formation_energy_eV").assign(source=best, truth_status="")
    if truth is not None:
        relaxed = truth["status"] == "converged"
        known["formation_energy_eV"] = truth["formation_energy"].where(relaxed, energy)
        known["source"] = xr.where(relaxed, TRUTH, best)
        known["truth_status"] = truth["status"]
    table = known.to_dataframe(dim_order=["sample", "lambda"])
    return table[table["formation_energy_eV"] < 0].reset_index()
