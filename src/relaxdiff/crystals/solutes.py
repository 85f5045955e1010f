"""The crystals that solutes are compared with, beside the one of the structure itself."""

import json

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.files import variable
from relaxdiff.posterior import cut_branches
from relaxdiff.structures import PerfectCrystal

COMPARED = {
    "solute_energy": ("energy", ("sample", "lambda"), "eV", "energy of the solute's own crystal"),
    "solute_volume": ("volume", ("sample", "lambda"), "Angstrom^3", "volume of the same"),
    "solute_descriptors": ("reference_descriptors", ("parameter",), "1", "descriptors at the mean"),
    "solute_volume_derivative": (
        "reference_volume_derivative",
        ("parameter",),
        "Angstrom^3/eV",
        "derivative of the volume at the mean",
    ),
}


def with_solutes(crystal, composition, bulks):
    """The crystal Dataset of a structure, with those of the solutes that the structure holds.

    crystal: Dataset of `crystal_of_variants`; composition: of the structure, a dict of element and
    number of atoms; bulks: for each solute of the study the Dataset of `bulk_of_variants`. Adds the
    dimension `solute`, values per atom, and the status 'solute_unstable' where a solute's crystal
    is not stable. Raises InputError for an element that is neither the crystal's nor a solute.
    """
    present = [element for element in composition if element != crystal.attrs["element"]]
    strangers = sorted(set(present) - set(bulks))
    if strangers:
        raise InputError(
            f"crystal.solutes: lacks {', '.join(strangers)}, which a structure holds: name the "
            "lattice of the crystal that it is compared with"
        )
    if not present:
        return crystal
    chosen = [bulks[element] for element in present]
    stable = np.all([bulk["status"].values == "stable" for bulk in chosen], axis=0)
    own = crystal["status"]
    status = own.values.astype(object)
    status[(status == "stable") & ~stable] = "solute_unstable"
    zero = int(np.argmin(np.abs(crystal["lambda"].values)))
    status = cut_branches(status, zero).astype(str)
    meanings = f"{own.attrs['meanings']} solute_unstable"
    added = {
        name: variable(
            ("solute", *dims),
            np.array([bulk[source].values for bulk in chosen]),
            units,
            f"{what}, per atom",
        )
        for name, (source, dims, units, what) in COMPARED.items()
    }
    added["status"] = xr.Variable(own.dims, status, own.attrs | {"meanings": meanings})
    crystals = {
        element: {
            "lattice": bulk.attrs["lattice"],
            "a": float(bulk["reference_lattice_parameter"]),
            "c": float(bulk["reference_lattice_parameter_c"])
            if "reference_lattice_parameter_c" in bulk
            else None,
        }
        for element, bulk in zip(present, chosen, strict=True)
    }
    return (
        crystal.assign(added)
        .assign_coords(solute=present)
        .assign_attrs(solutes=json.dumps(crystals))
    )


def solute_crystals(crystal):
    """The solutes' crystals at the mean, for each element a PerfectCrystal; {} without solutes."""
    kept = json.loads(crystal.attrs.get("solutes", "{}"))
    return {element: PerfectCrystal(element, **settings) for element, settings in kept.items()}
