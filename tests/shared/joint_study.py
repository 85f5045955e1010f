"""A joint study: four structures of tungsten, and samples near its mean."""

import numpy as np
import xarray as xr

from relaxdiff import relax
from relaxdiff.crystals.bulk import bulk_of_variants
from relaxdiff.crystals.compared import crystal_of_variants, strain_basis_of
from relaxdiff.quantities.crystal import CUBIC_UNITS
from relaxdiff.structures.lattices import PerfectCrystal, starting_crystal

SETTINGS = {
    "vacancy": {"kind": "vacancy", "supercell": 2, "cell": "isotropic"},
    "held": {"kind": "vacancy", "supercell": 2, "cell": "fixed"},
    "surface_110": {
        "kind": "surface",
        "plane": [1, 1, 0],
        "layers": 6,
        "vacuum": 10.0,
        "cell": "in_plane_fixed",
    },
    "fault": {
        "kind": "gamma_surface",
        "plane": [1, 1, 0],
        "layers": 6,
        "displacement": [0.25, 0.25],
        "cell": "in_plane_fixed",
    },
}
QUANTITIES = [
    *CUBIC_UNITS,
    "vacancy_formation_energy",
    "vacancy_formation_volume",
    "held_formation_energy",
    "surface_110_formation_energy",
    "fault_formation_energy",
    "fault_formation_volume",
]
STEP = 1e-3  # of a parameter, relative
LAMBDAS = np.array([-1.0, 0.0, 1.0])
N_SAMPLES = 60  # more than parameters, so that no direction is left out


def posterior_of(potential, theta, shifts):
    """A posterior Dataset with the potential as its mean."""
    names = [f"beta_{i + 1}" for i in range(potential.theta.size)]
    return xr.Dataset(
        {
            "theta_mean": ("parameter", potential.theta),
            "theta": (("sample", "parameter"), theta),
            "energy_shift_mean": ((), potential.energy_shift),
            "energy_shift": ("sample", potential.energy_shift + shifts),
        },
        coords={"parameter": names, "sample": np.arange(len(theta))},
        attrs={"element": " ".join(potential.hyperparameters.elements)},
    )


def bulk_for(potential, posterior):
    return bulk_of_variants(potential, posterior, LAMBDAS, starting_crystal("W", "bcc"), 2)


def relaxed_tungsten(potential):
    cell = PerfectCrystal("W", "bcc", 3.17).conventional()
    edge = relax(cell, potential, tolerance=1e-10).atoms.cell.lengths()[0]
    return PerfectCrystal("W", "bcc", edge)


def structures_of(potential, posterior, bulk, derivatives):
    """What `joint_posterior` asks for but the predictions, for each structure."""
    return {
        name: {
            "crystal": crystal_of_variants(
                potential, posterior, bulk, strain_basis_of(SETTINGS[name], "bcc")
            ),
            "derivative": derivative,
        }
        for name, derivative in derivatives.items()
    }


def changed(study, name, **datasets):
    """The study with some Datasets of one structure exchanged, left out where None."""
    given = study["structures"][name] | datasets
    given = {kind: each for kind, each in given.items() if each is not None}
    return study | {"structures": study["structures"] | {name: given}}


def without_truth(study):
    for name in study["structures"]:
        study = changed(study, name, truth=None)
    return study
