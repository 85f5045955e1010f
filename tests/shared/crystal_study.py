"""Potentials of several lattices that come with LAMMPS, posteriors around them, and a check."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from relaxdiff.lammps.descriptors import DescriptorCalculator
from relaxdiff.minima.relaxation import relax
from relaxdiff.posterior.trial import shipped_file
from relaxdiff.potentials.snap.files import read_snap
from relaxdiff.potentials.snap.potential import SnapPotential
from relaxdiff.structures.kinds import build_structure, vacancy_cell
from relaxdiff.structures.lattices import PerfectCrystal
from relaxdiff.units import GPA

# Potentials that come with LAMMPS: lattice -> element and name.
CASES = {"fcc": ("Cu", "Cu_Zuo_JPCA2020"), "diamond": ("Si", "Si_Zuo_JPCA2020")}
# A perfect crystal of each lattice.
CRYSTALS = {
    "sc": PerfectCrystal("Po", "sc", 3.35),
    "bcc": PerfectCrystal("W", "bcc", 3.18),
    "fcc": PerfectCrystal("Cu", "fcc", 3.63),
    "diamond": PerfectCrystal("Si", "diamond", 5.43),
    "hcp": PerfectCrystal("Be", "hcp", 2.29, 3.58),
}
OF_LATTICES = pytest.mark.parametrize("lattice", CASES)


def build_in(lattice, kind, solutes=(), **settings):
    """A structure in the crystal of a lattice, from its kind and settings."""
    settings = {"name": "it", "kind": kind, "cell": "fixed", **settings}
    return build_structure(settings, CRYSTALS[lattice], solutes)


def cell_at(lattice_parameter):
    """The cubic cell of tungsten."""
    return PerfectCrystal("W", "bcc", lattice_parameter).conventional()


def shipped(name, baseline=None):
    """A SnapPotential that comes with LAMMPS."""
    files = [shipped_file(f"{name}.{kind}") for kind in ("snapcoeff", "snapparam")]
    return read_snap(*files, baseline=baseline)


def two_of_copper(difference=0.0):
    """A SnapPotential for Cu and Ni: what it calls nickel is copper with coefficients changed.

    difference: of the coefficients, relative; without it the two are the same element, and a
    compound of both is a crystal of copper.
    """
    copper = shipped("Cu_Zuo_JPCA2020")
    hyper = copper.hyperparameters
    both = replace(hyper, elements=("Cu", "Ni"), radii=hyper.radii * 2, weights=hyper.weights * 2)
    theta = np.append(copper.theta, (1 + difference) * copper.theta)
    return SnapPotential(both, theta, [copper.energy_shift] * 2, name="two_of_copper")


def posterior_of(potential, changes):
    """A posterior Dataset: the potential as its mean, and samples that differ by `changes`."""
    elements, size = potential.hyperparameters.elements, potential.theta.size
    shifts = potential.energy_shifts + np.zeros((len(changes), len(elements)))
    several = len(elements) > 1
    return xr.Dataset(
        {
            "theta_mean": ("parameter", potential.theta),
            "theta": (("sample", "parameter"), potential.theta + changes),
            "energy_shift_mean": ("element", shifts[0]) if several else ((), shifts[0, 0]),
            "energy_shift": (
                (("sample", "element"), shifts) if several else ("sample", shifts[:, 0])
            ),
        },
        coords={
            "parameter": [f"beta_{i + 1}" for i in range(size)],
            "sample": np.arange(len(changes)),
        },
        attrs={"element": " ".join(elements)},
    )


def random_changes(potential, samples, spread):
    """Every coefficient changed by a small random part of itself, (sample, P)."""
    noise = np.random.default_rng(3).normal(size=(samples, potential.theta.size))
    return spread * noise * potential.theta


def curvature(crystal, potential, strain, step=2e-3):
    """Second derivative of the energy by a strain over the volume, GPa, every atom relaxed."""
    cell = crystal.conventional()
    energies = []
    for size in (-step, 0.0, step):
        strained = cell.copy()
        strained.set_cell(cell.cell.array @ (np.eye(3) + size * strain), scale_atoms=True)
        energies.append(relax(strained, potential, "fixed", symmetry=False).energy)
    return np.dot(energies, [1, -2, 1]) / step**2 / cell.get_volume() * GPA


def full_spectrum(crystal, potential, repeats, step=1e-3):
    """Eigenvalues of the whole Hessian of a supercell, eV/Angstrom^2."""
    cell = crystal.conventional(repeats)
    rows = []
    with DescriptorCalculator(potential.hyperparameters, potential.baseline) as calculator:
        for coordinate in range(3 * len(cell)):
            slopes = []
            for way in (step, -step):
                moved = cell.copy()
                moved.positions.flat[coordinate] += way
                slopes.append(calculator.evaluate(moved).gradient @ potential.weights)
            rows.append((slopes[0] - slopes[1]).ravel() / (2 * step))
    return np.linalg.eigvalsh((np.array(rows) + np.transpose(rows)) / 2)


def distorted(repeats, direction):
    """A vacancy cell with the vacancy's neighbour along <111> moved, or not."""
    atoms = vacancy_cell("W", 3.18, repeats)
    if direction is not None:
        atoms.positions[0] += 0.03 * np.array(direction)
    return atoms
