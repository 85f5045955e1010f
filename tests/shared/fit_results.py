"""Results of a fit, fit.nc and verdict.nc, as Datasets: a dislocation and a point defect."""

import numpy as np
import xarray as xr
from ase.build import bulk
from ase.geometry import find_mic
from screw_disk import SPACING, disk_atoms, displaced

from relaxdiff.files.datasets import variable

BEGINS = ["result", "result shaken by 0.05 A", "result shaken by 0.15 A", "target", "start"]
STEPS = 6


def dislocation_fit(minimum=True):
    """(fit, verdict): the easy core moved to the hard one, with an alchemical atom beside it.

    minimum: whether plain LAMMPS stays at the hard core or falls back to the easy one.
    """
    perfect, atoms = disk_atoms()
    easy = np.array(atoms.info["core_positions"][0][:2], dtype=float)
    hard = easy - [0, SPACING / np.sqrt(3)]
    crystal = perfect.positions
    numbers = atoms.numbers.copy()
    numbers[np.argmin(np.linalg.norm(crystal[:, :2] - hard - [0, 0.1], axis=1))] = 0
    # Around the column between them, where the elastic field is not defined.
    aside = [0.6, 0.0]
    way = [
        easy + share * (hard - easy) + 4 * share * (1 - share) * np.array(aside)
        for share in 1 - np.exp(-np.arange(STEPS + 1.0))
    ]
    structures = [crystal + _along_z(displaced((crystal,), place)) for place in (*way, hard)]
    region = np.linalg.norm(crystal[:, :2] - easy, axis=1) < 8
    fit = _fit(structures[:-1], structures[-1], numbers, atoms.cell.array, region)
    fit["fixed"][:] = atoms.arrays["fix_mask"]
    fit["crystal_positions"] = variable(("atom", "xyz"), crystal, "Angstrom", "perfect crystal")
    fit.attrs |= {"structure": "screw_easy", "like": "screw_hard"}
    return fit, _verdict(fit, minimum)


def point_defect_fit(minimum=True):
    """(fit, verdict): a crystal whose atoms near the alchemical one move outwards in the target."""
    atoms = bulk("W", "bcc", a=3.184, cubic=True).repeat(3)
    numbers = atoms.numbers.copy()
    numbers[0] = 0  # at a corner of the cell
    vectors = atoms.get_distances(0, range(len(atoms)), mic=True, vector=True)
    far = np.linalg.norm(vectors, axis=1)
    outwards = 0.15 * vectors * np.exp(-((far / 3) ** 2))[:, None] * [1.0, 0.1, 0.7]
    structures = [
        atoms.positions + share * outwards for share in 1 - np.exp(-np.arange(STEPS + 1.0))
    ]
    target = atoms.positions + outwards
    fit = _fit(structures, target, numbers, atoms.cell.array, far < 4.6)
    fit.attrs |= {"structure": "solute", "like": "other_solute"}
    return fit, _verdict(fit, minimum)


def _along_z(displacements):
    return displacements[:, None] * np.array([0.0, 0.0, 1.0])


def _fit(structures, target, numbers, cell, region):
    positions = np.array(structures)
    nearest = [find_mic(each - target, cell)[0] for each in positions]
    apart = np.where(region[:, None], nearest, 0.0)
    steps = len(positions)
    curvature = np.linspace(0.3, 0.05, steps)
    curvature[1:-1:2] = np.nan
    theta = 0.1 + 0.02 * np.outer(np.arange(steps), [1.0, -0.5, 0.2])
    atom, step = ("atom", "xyz"), ("step",)
    return xr.Dataset(
        {
            "positions": variable(("step", *atom), positions, "Angstrom", "positions"),
            "target": variable(atom, np.array(target), "Angstrom", "target"),
            "atomic_numbers": variable("atom", numbers, "1", "atomic numbers, 0 of X"),
            "cell": variable(("vector", "xyz"), np.array(cell), "Angstrom", "cell"),
            "fixed": variable("atom", np.zeros(len(numbers), dtype=int), "1", "held"),
            "in_region": variable("atom", region.astype(int), "1", "counts in the loss"),
            "theta": variable(("step", "parameter"), theta, "eV", "parameters"),
            "loss": variable(step, 0.5 * np.sum(apart**2, axis=(1, 2)), "Angstrom^2", "loss"),
            "largest_deviation": variable(
                step, np.linalg.norm(apart, axis=2).max(axis=1), "Angstrom", "largest deviation"
            ),
            "max_force": variable(step, np.full(steps, 1e-4), "eV/Angstrom", "largest force"),
            "lowest_curvature": variable(step, curvature, "1", "lowest curvature"),
            "relative_change": variable(step, 0.02 * np.arange(steps), "1", "change of theta"),
            "evaluations": variable(step, 10 * np.arange(steps), "1", "evaluations"),
        },
        coords={"step": np.arange(steps), "parameter": [f"X_beta_{n}" for n in (1, 2, 3)]},
        attrs={"method": "relaxed", "element": "X", "status": "the loss does not fall any more"},
    )


def _verdict(fit, minimum):
    """Plain LAMMPS's relaxations: all at the last step, or all at the start."""
    positions = fit["positions"].values[-1 if minimum else 0]
    apart = find_mic(positions - fit["target"].values, fit["cell"].values)[0]
    apart = apart[fit["in_region"].values.astype(bool)]
    largest = np.linalg.norm(apart, axis=1).max()
    begin = ("begin",)
    count = len(BEGINS)
    return xr.Dataset(
        {
            "relaxed_positions": variable(
                ("begin", "atom", "xyz"), np.array([positions] * count), "Angstrom", "relaxed"
            ),
            "energy": variable(begin, np.full(count, -100.0), "eV", "energy"),
            "largest_deviation": variable(begin, np.full(count, largest), "Angstrom", "largest"),
            "max_force": variable(begin, np.full(count, 1e-6), "eV/Angstrom", "largest force"),
            "reached": variable(begin, np.full(count, int(minimum)), "1", "near the target"),
        },
        coords={"begin": BEGINS},
        attrs={
            "is_minimum": "yes" if minimum else "no",
            "verdict": "a minimum, reached from every start"
            if minimum
            else "NO MINIMUM: plain LAMMPS relaxes from the result to another structure",
        },
    )
