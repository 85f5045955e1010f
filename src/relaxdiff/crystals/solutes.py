"""References of solutes: crystals of their own, or given chemical potentials."""

import json

import numpy as np
import xarray as xr

from relaxdiff.crystals.compared import mean_crystal
from relaxdiff.crystals.formation_energy import beyond_crystal
from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior import cut_branches, unit_of
from relaxdiff.structures import crystal_from
from relaxdiff.units import energy_per

# What of a solute's crystal: source, dimensions, units (None: those of the crystal's own), meaning.
COMPARED = {
    "solute_energy": ("energy", ("sample", "lambda"), "eV", "energy of the solute's own crystal"),
    "solute_volume": ("volume", ("sample", "lambda"), "Angstrom^3", "volume of the same"),
    "solute_descriptors": (
        "reference_descriptors",
        ("parameter",),
        None,
        "descriptors at the mean",
    ),
    "solute_volume_derivative": (
        "reference_volume_derivative",
        ("parameter",),
        None,
        "derivative of the volume at the mean",
    ),
}


def with_solutes(crystal, composition, solutes):
    """The crystal Dataset of a structure, with values for its solutes added.

    crystal: Dataset of `crystal_of_variants`; composition: of the structure, a dict of element and
    number of atoms; solutes: for each solute of the study the Dataset of `bulk_of_variants`, or its
    chemical potential, a number in eV. Adds the dimension `solute`, values per atom, and the status
    'solute_unstable' where a solute's crystal is not stable. Raises InputError for an element that
    is neither the crystal's nor a solute.
    """
    _, excess = beyond_crystal(crystal.attrs, composition)
    present = list(excess)
    strangers = sorted(set(present) - set(solutes))
    if strangers:
        raise InputError(
            f"crystal.solutes: lacks {', '.join(strangers)}, which a structure holds: name the "
            "lattice of the crystal that it is compared with"
        )
    if not present:
        return crystal
    given = {s: solutes[s] for s in present if not isinstance(solutes[s], xr.Dataset)}
    bulks = {s: solutes[s] for s in present if s not in given}
    sources = [bulks[s] if s in bulks else _of_number(given[s], crystal) for s in present]
    added = {
        name: variable(
            ("solute", *dims),
            np.array([bulk[source].values for bulk in sources]),
            units or _unit_of(name, crystal),
            f"{what}, per atom",
        )
        for name, (source, dims, units, what) in COMPARED.items()
    }
    added["solute_energy_curvature"] = variable(
        ("solute", "parameter", "parameter_2"),
        np.array([_energy_curvature(bulk) for bulk in sources]),
        energy_per(unit_of(crystal), 2),
        "second derivative of the relaxed energy at the mean, per atom",
    )
    added["status"] = _status(crystal, bulks.values())
    crystals = {element: mean_crystal(bulk).attributes for element, bulk in bulks.items()}
    return (
        crystal.assign(added)
        .assign_coords(solute=present)
        .assign_attrs(solutes=json.dumps(crystals), chemical_potentials=json.dumps(given))
    )


def _unit_of(name, crystal):
    """The unit of a derivative by parameters."""
    unit = unit_of(crystal)
    return energy_per(unit) if name == "solute_descriptors" else f"Angstrom^3/{unit}"


def _energy_curvature(bulk):
    """d2e/dTheta2 - G^T H^-1 G of a crystal's strains (and displacements), (P, P), per atom."""
    gradient = np.atleast_2d(bulk["reference_strain_gradient"].values)
    own = np.zeros((gradient.shape[1],) * 2)
    if "reference_parameter_curvature" in bulk:  # of a potential that is not linear in Theta
        own = bulk["reference_parameter_curvature"].values
    if not len(gradient):
        return own
    curvature = np.atleast_2d(bulk["reference_strain_curvature"].values)
    return own - gradient.T @ np.linalg.solve(curvature, gradient)


def _of_number(potential, crystal):
    """A solute with a given chemical potential, as a Dataset like those of `bulk_of_variants`.

    The chemical potential depends on no parameter; the volume is that per atom of the crystal.
    """
    grows = np.einsum("kii->k", crystal["strain_basis"].values)
    strains = -np.linalg.solve(
        crystal["strain_curvature"].values, crystal["strain_gradient"].values
    )
    change = float(crystal["reference_volume"]) * grows @ strains
    return {
        "energy": xr.full_like(crystal["energy"], potential),
        "volume": crystal["volume"],
        "reference_descriptors": xr.zeros_like(crystal["reference_descriptors"]),
        "reference_volume_derivative": xr.DataArray(change),
        "reference_strain_gradient": xr.zeros_like(crystal["strain_gradient"]),
        "reference_strain_curvature": crystal["strain_curvature"],
    }


def _status(crystal, bulks):
    """The crystal's status, 'solute_unstable' where a solute's own crystal is not stable."""
    stable = np.all([bulk["status"].values == "stable" for bulk in bulks], axis=0)
    own = crystal["status"]
    status = own.values.astype(object)
    status[(status == "stable") & ~stable] = "solute_unstable"
    zero = int(np.argmin(np.abs(crystal["lambda"].values)))
    meanings = f"{own.attrs['meanings']} solute_unstable"
    status = cut_branches(status, zero).astype(str)
    return xr.Variable(own.dims, status, own.attrs | {"meanings": meanings})


def solute_crystals(crystal):
    """The solutes' crystals at the mean, for each element a PerfectCrystal; {} without solutes."""
    kept = json.loads(crystal.attrs.get("solutes", "{}"))
    return {element: crystal_from(attributes) for element, attributes in kept.items()}


def chemical_potentials(crystal):
    """The chemical potentials that were given, eV, a dict by element; {} if none were."""
    return json.loads(crystal.attrs.get("chemical_potentials", "{}"))
