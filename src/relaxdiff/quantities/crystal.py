"""Quantities of the perfect crystal, and their derivatives."""

import numpy as np

from relaxdiff.crystals import HEXAGONAL_MODULI, STRAINS

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
GENERAL_UNITS = {"volume": "Angstrom^3", "cohesive_energy": "eV"}
MODULI = ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")


def crystal_units(bulk):
    """Units of the crystal's own quantities in order, a dict; bulk: of `bulk_of_variants`."""
    if is_hexagonal(bulk):
        return HEXAGONAL_UNITS
    return CUBIC_UNITS if is_cubic(bulk) else GENERAL_UNITS


def crystal_quantities(bulk):
    """The crystal's own quantities of the variants in a Dataset of them, (quantity, ...)."""
    if not (is_hexagonal(bulk) or is_cubic(bulk)):
        return np.array([bulk["volume"].values, -bulk["energy"].values])
    if is_hexagonal(bulk):
        names = ("lattice_parameter", "lattice_parameter_c", "energy", *HEXAGONAL_MODULI)
        signs = {"energy": -1}
        return np.array([signs.get(name, 1) * bulk[name].values for name in names])
    names = ("lattice_parameter", "energy", *MODULI)
    return from_moduli(*(bulk[name].values for name in names))


def is_hexagonal(bulk):
    """Whether it is hcp, with two lattice parameters."""
    return bulk.attrs["lattice"] == "hcp"


def is_cubic(bulk):
    """Whether it is a cubic crystal whose atoms are held by symmetry."""
    return MODULI[-1] in bulk


def crystal_derivatives(bulk):
    """Their derivatives by beta_1 ... beta_P at the mean, (quantity, P)."""
    if not (is_hexagonal(bulk) or is_cubic(bulk)):
        grows, energy = bulk["reference_volume_derivative"], bulk["reference_descriptors"]
        return np.array([grows.values, -energy.values])
    gradient = bulk["reference_strain_gradient"].values
    if is_hexagonal(bulk):
        return _hexagonal_derivatives(bulk, gradient)
    strain = -gradient / float(bulk["reference_strain_curvature"])
    return from_moduli(
        float(bulk["reference_lattice_parameter"]) * strain,
        bulk["reference_descriptors"].values,
        *(bulk[f"{name}_derivative"].values for name in MODULI),
    )


def _hexagonal_derivatives(bulk, gradient):
    """The same for a hexagonal crystal; gradient: of the descriptors by the strains, (2, P)."""
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


def from_moduli(lattice_parameter, energy, bulk_modulus, tetragonal, c44):
    """The quantities of CUBIC_UNITS. Linear in every argument, so also valid for derivatives.

    From B = (C11 + 2 C12) / 3 and C' = (C11 - C12) / 2.
    """
    c11, c12 = bulk_modulus + 4 / 3 * tetragonal, bulk_modulus - 2 / 3 * tetragonal
    return np.array([lattice_parameter, -energy, c11, c12, c44])
