"""A fit in numbers."""

import pandas as pd


def fit_summary(fit, verdict):
    """What a fit was, found and cost, a DataFrame with the columns item, value and unit.

    fit: Dataset of `fit_parameters` with `prior_change`; verdict: Dataset of `verdict`.
    """
    first, last, result = fit.isel(step=0), fit.isel(step=-1), verdict.sel(begin="result")
    rows = [
        ("verdict", verdict.attrs["verdict"], ""),
        ("is_minimum", verdict.attrs["is_minimum"], ""),
        ("method", fit.attrs["method"], ""),
        ("structure", fit.attrs["structure"], ""),
        ("target", fit.attrs["like"], ""),
        ("elements_of_free_parameters", fit.attrs["element"], ""),
        ("free_parameters", fit.sizes["parameter"], ""),
        ("atoms", fit.sizes["atom"], ""),
        ("atoms_compared", int(fit["in_region"].sum()), ""),
        ("change_of_parameters", 100 * last["relative_change"].item(), "%"),
        ("change_in_standard_deviations", last["prior_change"].item(), ""),
        ("loss_at_start", first["loss"].item(), "Angstrom^2"),
        ("loss_at_end", last["loss"].item(), "Angstrom^2"),
        ("largest_deviation_at_start", first["largest_deviation"].item(), "Angstrom"),
        ("largest_deviation_at_end", last["largest_deviation"].item(), "Angstrom"),
        ("largest_deviation_relaxed", result["largest_deviation"].item(), "Angstrom"),
        ("largest_force_at_end", last["max_force"].item(), "eV/Angstrom"),
        ("lowest_curvature", verdict["lowest_curvature"].item(), "of the crystal's"),
        ("steps", fit.sizes["step"] - 1, ""),
        ("evaluations", last["evaluations"].item(), ""),
        ("seconds", fit.attrs["seconds"], "s"),
    ]
    rows = [
        (item, f"{value:.6g}" if isinstance(value, float) else value, unit)
        for item, value, unit in rows
    ]
    return pd.DataFrame(rows, columns=["item", "value", "unit"])
