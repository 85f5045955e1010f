"""Quantities of the crystal and of structures: their values at the mean, and their derivatives.

Every derivative is that of the relaxed quantity. The cohesive energy is minus the energy per atom
of the relaxed crystal, its beta_0 included: positive for a bound crystal if the fitted energies
count from free atoms.
"""

import numpy as np
from ase.formula import Formula

from relaxdiff.crystals.elasticity import HEXAGONAL_MODULI
from relaxdiff.crystals.hexagonal import STRAINS
from relaxdiff.derivative.expansion import expansion_of_crystal, expansion_of_defect
from relaxdiff.posterior.variants import elements_of
from relaxdiff.predictions.predicted_variants import ComparedWith, compared_with

CUBIC_UNITS = {
    "lattice_parameter": "Angstrom",
    "cohesive_energy": "eV",
    "c11": "GPa",
    "c12": "GPa",
    "c44": "GPa",
}
HEXAGONAL_UNITS = {
    "lattice_parameter": "Angstrom",
    "lattice_parameter_c": "Angstrom",
    "cohesive_energy": "eV",
    **dict.fromkeys(HEXAGONAL_MODULI, "GPa"),
}
FORMATION_UNITS = {"formation_energy": "eV", "formation_volume": "Angstrom^3"}
MODULI = ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")


def quantity_units(bulk, structures):
    """Units of all quantities in order, a dict with the keys (structure, property).

    bulk, structures: as for `joint_posterior`; the structure of the crystal's own is ''.
    """
    own = HEXAGONAL_UNITS if _is_hexagonal(bulk) else CUBIC_UNITS
    units = {("", name): unit for name, unit in own.items()}
    for structure, given in structures.items():
        units |= {(structure, name): FORMATION_UNITS[name] for name in formation_names(given)}
    return units


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

    The E beta_0 come first. In units of the quantity per eV. Energies of a minimum change as at
    fixed positions, by the descriptors; volumes as the cells strain. A beta_0 adds itself to every
    atom of its element in structure and crystals, and moves none.
    """
    rows = [_crystal_derivatives(bulk)]
    for given in structures.values():
        cell, crystal = _expansions(given)
        formation = _changes_compared_with(given).formation(
            cell.descriptors,
            cell.volume_derivative(),
            crystal.descriptors,
            crystal.volume_derivative(),
        )
        rows.append(formation[: len(formation_names(given))])
    names = [name for _, name in quantity_units(bulk, structures)]
    own = np.array(elements_of(posterior)) == bulk.attrs["element"]
    by_shift = np.where(np.outer([name == "cohesive_energy" for name in names], own), -1.0, 0.0)
    return np.column_stack([by_shift, np.concatenate(rows)])


def formation_names(given):
    """The properties of a structure: without strains its cell has no formation volume."""
    relaxes = given["derivative"].sizes["strain"] > 0
    return list(FORMATION_UNITS)[: 1 + relaxes]


def crystal_quantities(bulk):
    """The crystal's own quantities of the variants in a Dataset of them, (quantity, ...)."""
    if _is_hexagonal(bulk):
        names = ("lattice_parameter", "lattice_parameter_c", "energy", *HEXAGONAL_MODULI)
        signs = {"energy": -1}
        return np.array([signs.get(name, 1) * bulk[name].values for name in names])
    names = ("lattice_parameter", "energy", *MODULI)
    return _from_moduli(*(bulk[name].values for name in names))


def _composition(given):
    """Numbers of atoms of each element in a structure, a dict."""
    return Formula(given["derivative"].attrs["formula"]).count()


def _changes_compared_with(given):
    """A ComparedWith of derivatives by the P parameters, instead of energies and volumes."""
    crystal, composition = given["crystal"], _composition(given)
    n_host = composition.pop(crystal.attrs["element"], 0)
    energy = volume = np.zeros(crystal.sizes["parameter"])
    for element, count in composition.items():
        of = crystal.sel(solute=element)
        energy = energy + count * of["solute_descriptors"].values
        volume = volume + count * of["solute_volume_derivative"].values
    return ComparedWith(n_host, energy, volume)


def _expansions(given):
    """The Expansion of a structure's cell, and that of its crystal per atom at h+ih alone."""
    return expansion_of_defect(given["derivative"]), expansion_of_crystal(
        given["crystal"], ["h+ih"]
    )


def _is_hexagonal(bulk):
    return bulk.attrs["lattice"] == "hcp"


def _crystal_derivatives(bulk):
    """Their derivatives by beta_1 ... beta_P at the mean, (quantity, P)."""
    gradient = bulk["reference_strain_gradient"].values
    if _is_hexagonal(bulk):
        return _hexagonal_derivatives(bulk, gradient)
    strain = -gradient / float(bulk["reference_strain_curvature"])
    return _from_moduli(
        float(bulk["reference_lattice_parameter"]) * strain,
        bulk["reference_descriptors"].values,
        *(bulk[f"{name}_derivative"].values for name in MODULI),
    )


def _hexagonal_derivatives(bulk, gradient):
    """The same of a hexagonal crystal; gradient: of the descriptors by the strains, (2, P)."""
    strains = -np.linalg.solve(bulk["reference_strain_curvature"].values, gradient)
    along_a, along_c = np.einsum("kii,kp->ip", STRAINS, strains)[::2]
    return np.array(
        [
            float(bulk["reference_lattice_parameter"]) * along_a,
            float(bulk["reference_lattice_parameter_c"]) * along_c,
            -bulk["reference_descriptors"].values,
            *(bulk[f"{name}_derivative"].values for name in HEXAGONAL_MODULI),
        ]
    )


def _from_moduli(lattice_parameter, energy, bulk_modulus, tetragonal, c44):
    """The quantities of CUBIC_UNITS. Linear in every argument: it serves derivatives as well.

    From B = (C11 + 2 C12) / 3 and C' = (C11 - C12) / 2.
    """
    c11, c12 = bulk_modulus + 4 / 3 * tetragonal, bulk_modulus - 2 / 3 * tetragonal
    return np.array([lattice_parameter, -energy, c11, c12, c44])
