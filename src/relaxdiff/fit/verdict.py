"""The verdict: where plain LAMMPS relaxes to with the fitted potential.

It shares with the fit only the potential's files and the structures. It relaxes from the result;
from the result shaken; from the target; and from the start. A result is a minimum if LAMMPS stays
there, comes back after the smaller shake, and the lowest curvature is positive.
"""

import numpy as np
import xarray as xr
from ase import Atoms
from ase.geometry import find_mic

from relaxdiff.exceptions import LammpsError
from relaxdiff.files import variable
from relaxdiff.lammps import lammps_minimise
from relaxdiff.structures import Freedom

SHAKES = (0.05, 0.15)  # Angstrom, standard deviation of each component
ENDS = {  # what a relaxation begins from, by the name of the file that it makes
    "result": "result",
    **{f"shaken_{100 * size:03.0f}": f"result shaken by {size} A" for size in SHAKES},
    "target": "target",
    "start": "start",
}
BEGINNINGS = tuple(ENDS.values())
TOLERANCE = 1e-4  # eV/Angstrom; 1e-3 would hide a minimum that is about to vanish
SAME = 0.05  # Angstrom; two structures with no atom farther apart are the same minimum
COLLAPSED = 3.0  # Angstrom; a relaxation that has moved an atom so far goes nowhere of interest


def beginning(fit, name, seed=0):
    """The Atoms that plain LAMMPS starts from; fit: Dataset of `fit_parameters`."""
    atoms = fitted_atoms(fit)
    places = {"target": fit["target"].values, "start": fit["positions"].values[0]}
    atoms.positions = places.get(name, fit["positions"].values[-1])
    if "shaken" in name:
        size = SHAKES[BEGINNINGS.index(name) - 1]
        shake = np.random.default_rng(seed).normal(scale=size, size=(len(atoms), 3))
        atoms.positions += np.where(fit["fixed"].values, 0.0, shake)
    return atoms


def fitted_atoms(fit):
    """The structure after the last step, Atoms with `arrays["crystal_positions"]` if known."""
    atoms = Atoms(
        fit["atomic_numbers"].values,
        positions=fit["positions"].values[-1],
        cell=fit["cell"].values,
        pbc=True,
    )
    if "crystal_positions" in fit:
        atoms.set_array("crystal_positions", fit["crystal_positions"].values)
    return atoms


def relax_from(fit, potential, name):
    """Plain LAMMPS's relaxation from one of BEGINNINGS, a Dataset.

    fit: Dataset of `fit_parameters`; potential: SnapPotential as fitted.
    """
    atoms, held = beginning(fit, name), fit["fixed"].values.astype(bool)
    freedom = Freedom(np.zeros((0, 3, 3)), fixed=held if held.any() else None)
    status, energy, force, calls = "converged", np.nan, np.nan, 0

    def lost(now):
        apart, _ = find_mic(now.positions - atoms.positions, atoms.cell)
        return np.abs(apart).max() > COLLAPSED

    try:
        end = lammps_minimise(atoms, potential, TOLERANCE, freedom, lost)
        positions, energy, force, calls = (
            end.atoms.positions,
            end.energy,
            end.max_gradient,
            end.n_force_calls,
        )
        if not force < TOLERANCE:
            status = f"not converged, force {force:.1e} eV/Angstrom"
    except LammpsError as error:
        positions, status = np.full((len(atoms), 3), np.nan), f"collapsed: {error}"
    away = deviations(fit, positions, fit["target"].values)
    return xr.Dataset(
        {
            "relaxed_positions": variable(
                ("atom", "xyz"), positions, "Angstrom", "where plain LAMMPS relaxes to"
            ),
            "energy": variable((), energy, "eV", "its energy"),
            "largest_deviation": variable(
                (), away.max(), "Angstrom", "largest deviation of an atom from the target"
            ),
            "max_force": variable((), force, "eV/Angstrom", "largest force left"),
            "force_calls": variable((), calls, "1", "calls for the forces"),
        },
        attrs={"status": status},
    )


def deviations(fit, positions, others):
    """Distances of the atoms that count between two structures, (k,), Angstrom."""
    if not np.isfinite(positions).all():
        return np.array([np.inf])
    apart, _ = find_mic(positions - others, fit["cell"].values)
    if not fit["fixed"].values.any():
        apart = apart - apart.mean(axis=0)
    return np.linalg.norm(apart, axis=1)[fit["in_region"].values.astype(bool)]


def verdict(fit, ends, curvature):
    """The verdict on a fit, a Dataset over `begin`; attributes `verdict` and `is_minimum`.

    fit: Dataset of `fit_parameters`; ends: Datasets of `relax_from` for BEGINNINGS; curvature: the
    lowest one at LAMMPS's result, relative to the crystal's, of `lowest_curvature`.
    """
    own = ends[0]["relaxed_positions"].values
    apart = np.array(
        [deviations(fit, end["relaxed_positions"].values, own).max(initial=0.0) for end in ends]
    )
    moved = deviations(fit, own, fit["positions"].values[-1]).max(initial=0.0)
    converged = [end.attrs["status"] == "converged" for end in ends]
    same = (apart < SAME) & converged
    reasons = _reasons(ends[0], moved, curvature, same)
    away = float(ends[0]["largest_deviation"])
    others = [name for name, there in zip(BEGINNINGS[1:], same[1:], strict=True) if there]
    if reasons:
        sentence = f"NO MINIMUM: {'; '.join(reasons)}"
    else:
        reached = ", ".join(others) if others else "nowhere else"
        sentence = f"a minimum, {away:.4f} Angstrom from the target, reached from {reached}"
    together = xr.concat(ends, "begin", combine_attrs="override")
    together = together.assign_coords(begin=list(BEGINNINGS)).drop_attrs(deep=False)
    together["status"] = variable(
        "begin", [end.attrs["status"] for end in ends], "1", "'converged', or what became of it"
    )
    together["reached"] = variable(
        "begin", same.astype(int), "1", f"1 if no atom ends farther than {SAME} A from the result"
    )
    together["lowest_curvature"] = variable(
        (), curvature, "1", "lowest curvature at the result, relative to the crystal's"
    )
    return together.assign_attrs(
        verdict=sentence, is_minimum="no" if reasons else "yes", potential=fit.attrs["potential"]
    )


def _reasons(end, moved, curvature, same):
    """Why the result is no minimum, sentences; none if it is one."""
    if end.attrs["status"] != "converged":
        return [f"LAMMPS does not relax it ({end.attrs['status']})"]
    reasons = []
    if moved > SAME:
        reasons.append(f"LAMMPS relaxes it {moved:.2f} Angstrom away")
    if not curvature > 0:
        reasons.append(f"its lowest curvature is {curvature:.3f} of the crystal's")
    if not same[1]:
        reasons.append(f"shaken by {SHAKES[0]} Angstrom it ends elsewhere")
    return reasons


def verdict_table(found):
    """One row for each beginning of a Dataset of `verdict` (a DataFrame)."""
    columns = ["energy", "largest_deviation", "max_force", "reached", "force_calls", "status"]
    table = found[columns].to_dataframe().reset_index()
    table["energy"] -= float(found["energy"].sel(begin="result"))
    return table.rename(columns={"begin": "relaxed_from", "energy": "energy_above_result_eV"})
