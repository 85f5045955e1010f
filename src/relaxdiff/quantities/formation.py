"""Quantities of the crystal and of structures: their values at the mean, and their derivatives.

Every derivative is that of the relaxed quantity. The cohesive energy is minus the energy per atom
of the relaxed crystal, including its beta_0: positive for a bound crystal if the fitted energies
are relative to free atoms.
"""

import numpy as np
from ase.formula import Formula

from relaxdiff.crystals import (
    ComparedWith,
    beyond_crystal,
    chemical_potentials,
    compared_with,
    mean_crystal,
)
from relaxdiff.derivative import H_IH, expansion_of_crystal, expansion_of_defect
from relaxdiff.posterior import elements_of
from relaxdiff.quantities.crystal import (
    crystal_derivatives,
    crystal_quantities,
    crystal_units,
)

FORMATION_UNITS = {"formation_energy": "eV", "formation_volume": "Angstrom^3"}


def quantity_units(bulk, structures):
    """Units of all quantities in order, a dict with the keys (structure, property).

    bulk, structures: as for `joint_posterior`; for the crystal's own quantities structure is ''.
    """
    units = {("", name): unit for name, unit in crystal_units(bulk).items()}
    for structure, given in structures.items():
        units |= {(structure, name): FORMATION_UNITS[name] for name in formation_names(given)}
    return units


def core_energies(units, cores):
    """Energies of dislocation cores relative to another core in the same disk, per period.

    units: of `quantity_units`; cores: for the name of each structure that of the one it is compared
    with, a dict. Returns units with these quantities behind the others, (structure,
    'minus_<other>_core_energy') in eV; and the matrix (all quantities, quantities of `units`) that
    makes them all of these. What a disk with a held ring has in common with another one, its
    surface and the elastic energy beyond the core, is not in the difference.
    """
    places, rows = list(units), list(np.eye(len(units)))
    extended = dict(units)
    for name, other in cores.items():
        own, others = (places.index((each, "formation_energy")) for each in (name, other))
        extended[name, f"minus_{other}_core_energy"] = "eV"
        rows.append(rows[own] - rows[others])
    return extended, np.array(rows)


def values_at_mean(posterior, bulk, structures):
    """The quantities at the mean parameters, shape (quantity,), in their units."""
    zero = int(np.argmin(np.abs(bulk["lambda"].values)))
    values = [crystal_quantities(bulk.isel({"sample": 0, "lambda": zero}))]
    for given in structures.values():
        cell, crystal = _expansions(given)
        one = given["crystal"].isel(sample=[0]), _composition(given), posterior.isel(sample=[0])
        compared = compared_with(*one).at(0, zero)
        formation = compared.formation(cell.energy, cell.volume, crystal.energy, crystal.volume)
        values.append(formation[: len(formation_names(given))])
    return np.concatenate(values)


def quantity_derivatives(posterior, bulk, structures):
    """Derivatives of the relaxed quantities at the mean by all parameters, (quantity, E + P).

    The E beta_0 come first. In units of the quantity per eV. The derivative of a minimum's energy
    is that at fixed positions, the descriptors; volumes change by the strains of the cells. A
    beta_0 is added for every atom of its element in structure and crystals, and moves no atom.
    """
    elements = elements_of(posterior)
    fractions = mean_crystal(bulk).fractions
    by_shift = np.zeros((len(crystal_units(bulk)), len(elements)))
    energy = list(crystal_units(bulk)).index("cohesive_energy")
    by_shift[energy] = [-fractions.get(element, 0.0) for element in elements]
    own = np.column_stack([by_shift, crystal_derivatives(bulk)])
    return np.concatenate(
        [own, *(formation_derivatives(elements, each) for each in structures.values())]
    )


def formation_derivatives(elements, given):
    """The same of one structure, (quantity, E + P), in the order of `formation_names`.

    elements: of the potential; given: the structure's Datasets `crystal` and `derivative`.
    """
    cell, crystal = _expansions(given)
    formation = changes_compared_with(given).formation(
        cell.descriptors,
        cell.volume_derivative(),
        crystal.descriptors,
        crystal.volume_derivative(),
    )
    by_shift = np.zeros((len(formation), len(elements)))
    by_shift[0] = energy_by_shift(elements, given)
    return np.column_stack([by_shift, formation])[: len(formation_names(given))]


def formation_names(given):
    """The properties of a structure; with a fixed cell it has no formation volume."""
    relaxes = given["derivative"].sizes["strain"] > 0
    return list(FORMATION_UNITS)[: 1 + relaxes]


def _composition(given):
    """Numbers of atoms of each element in a structure, a dict."""
    return Formula(given["derivative"].attrs["formula"]).count()


def energy_by_shift(elements, given):
    """How a formation energy changes with the beta_0 of each element, a list.

    A beta_0 is part of the energy of a structure and of the crystals it is compared with, but not
    of a chemical potential that was given. elements, given: as for `formation_derivatives`.
    """
    _, solutes = beyond_crystal(given["crystal"].attrs, _composition(given))
    fixed = chemical_potentials(given["crystal"])
    return [solutes.get(element, 0.0) if element in fixed else 0.0 for element in elements]


def changes_compared_with(given):
    """A ComparedWith of derivatives by the P parameters, instead of energies and volumes.

    given: the structure's Datasets `crystal` and `derivative`.
    """
    crystal = given["crystal"]
    n_host, solutes = beyond_crystal(crystal.attrs, _composition(given))
    energy = volume = np.zeros(crystal.sizes["parameter"])
    for element, count in solutes.items():
        of = crystal.sel(solute=element)
        energy = energy + count * of["solute_descriptors"].values
        volume = volume + count * of["solute_volume_derivative"].values
    return ComparedWith(n_host, energy, volume)


def _expansions(given):
    """The Expansion of a structure's cell, and that of its crystal per atom, only at h+ih."""
    return expansion_of_defect(given["derivative"]), expansion_of_crystal(
        given["crystal"], [H_IH.name]
    )
