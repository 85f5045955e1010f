"""The perfect crystal: lattice parameters, energy and stability of every variant.

Each variant's own crystal is relaxed. It is stable if its energy has positive curvatures in strains
and displacements of the primitive cell (Born's criteria, Born & Huang 1954) and in the phonons that
the supercell can hold.
"""

from collections.abc import Callable

import numpy as np
import xarray as xr

from relaxdiff.crystals.any_potential import any_crystals
from relaxdiff.crystals.cubic import cubic_crystals
from relaxdiff.crystals.elasticity import SYMBOLS
from relaxdiff.crystals.general import general_crystals
from relaxdiff.crystals.hexagonal import hexagonal_crystals
from relaxdiff.exceptions import RelaxationError
from relaxdiff.files import variable
from relaxdiff.posterior import cut_branches, unit_of_each, variant_shifts, variant_weights
from relaxdiff.potentials import Potential
from relaxdiff.structures import PerfectCrystal
from relaxdiff.units import energy_per

KEPT = ("element", "lattice", "basis", "shape")  # of the attributes of a crystal
STATUS = ("stable", "no_minimum", "elastically_unstable", "vibrationally_unstable", "cut")


def bulk_of_variants(
    potential: Potential,
    posterior: xr.Dataset,
    lambdas: np.ndarray,
    crystal: PerfectCrystal,
    repeats: int,
    report: Callable = lambda line: None,
) -> xr.Dataset:
    """Lattice parameters, energy, moduli and stability of the perfect crystal of every variant.

    potential: at the posterior's mean; lambdas: shape (lambda,), 0 among them;
    crystal: PerfectCrystal to start from; repeats: the supercell whose q-points are tested;
    report: called with a line of text after each sample of hcp, which takes a while. Returns a
    Dataset over (sample, lambda) with a `status` for each variant, and the reference crystal's own
    expansion in strain. Raises RelaxationError when the mean itself has no stable crystal.
    """
    zero = int(np.argmin(np.abs(lambdas)))
    if not potential.is_linear:
        found = any_crystals(potential, posterior, lambdas, crystal, repeats, report)
    elif not crystal.is_simple:
        found = general_crystals(potential, posterior, lambdas, crystal, repeats, report)
    elif crystal.c is None:
        weights = variant_weights(posterior, lambdas)
        found = cubic_crystals(potential, weights, zero, crystal, repeats)
    else:
        found = hexagonal_crystals(potential, posterior, lambdas, crystal, repeats, report)
    status = cut_branches(_status(found), zero)
    if status[0, zero] != "stable":
        raise RelaxationError(
            f"{potential.name}: the {crystal.lattice} crystal of the mean parameters is "
            f"{status[0, zero]}"
        )
    shifts = variant_shifts(posterior, lambdas, crystal.fractions)
    unit = potential.parameters.unit
    return xr.Dataset(
        _variant_variables(found, shifts, status)
        | _reference_variables(found, potential.weights, unit)
        | _modulus_derivatives(found, unit),
        coords={
            "sample": posterior["sample"].values,
            "lambda": lambdas,
            "parameter": posterior["parameter"].values,
            **unit_of_each(potential),
            **(
                {"parameter_2": posterior["parameter"].values}
                if found.parameter_curvature is not None
                else {}
            ),
            "xyz": ["x", "y", "z"],
        },
        attrs={
            "potential": potential.name,
            # The lattice parameters are among the variables.
            **{key: value for key, value in found.crystal.attributes.items() if key in KEPT},
        },
    )


def _status(found):
    """The first reason against each variant, or 'stable'; found: VariantCrystals."""
    status = np.full(found.energy.shape, "stable", dtype=object)
    status[(found.vibrational <= 0).any(axis=-1)] = "vibrationally_unstable"
    status[found.elastic <= 0] = "elastically_unstable"
    status[~np.isfinite(found.energy)] = "no_minimum"
    return status


def _variant_variables(found, shifts, status):
    over = ("sample", "lambda")
    lowest = np.where(np.isnan(found.vibrational), np.inf, found.vibrational)
    worst = found.q_points[np.argmin(lowest, axis=-1)]
    softest = np.where((status == "vibrationally_unstable")[..., None], worst, np.nan)
    cubic = found.crystal.c is None and found.crystal.is_simple
    volume = found.volume
    if volume is None:
        volume = found.crystal.volumes_per_atom(found.lengths)
    lengths = {"lattice_parameter": "lattice parameter of the bulk minimum"}
    if found.crystal.c is not None:
        lengths["lattice_parameter_c"] = "lattice parameter c of the bulk minimum"
    return {
        **{
            name: variable(over, found.lengths[..., axis], "Angstrom", what)
            for axis, (name, what) in enumerate(lengths.items())
        },
        "energy": variable(over, found.energy + shifts, "eV", "bulk energy per atom"),
        "volume": variable(over, volume, "Angstrom^3", "bulk volume per atom"),
        **{
            name: variable(over, values, "GPa", SYMBOLS[name])
            for name, values in found.moduli.items()
        },
        "status": variable(
            over, status.astype(str), "1", "stability of the bulk", meanings=" ".join(STATUS)
        ),
        "unstable_q": variable(
            (*over, "xyz"),
            softest,
            "2 pi / a" if cubic else "reciprocal vectors of the cell",
            "q-point of the softest unstable phonon",
        ),
    }


def _reference_variables(found, weights, unit):
    """The mean's crystal and its second-order expansion in strain, per atom."""
    crystal = found.crystal
    traces = np.trace(found.strains, axis1=1, axis2=2)
    grows = crystal.volume_per_atom * traces @ found.strain_derivatives(weights)
    variables = {
        "reference_lattice_parameter": variable(
            (), crystal.a, "Angstrom", "lattice parameter at the mean"
        ),
        "reference_volume": variable(
            (), crystal.volume_per_atom, "Angstrom^3", "bulk volume per atom at the mean"
        ),
        "reference_volume_derivative": variable(
            "parameter", grows, f"Angstrom^3/{unit}", "derivative of the relaxed volume per atom"
        ),
        "reference_energy": variable(
            (), found.descriptors @ weights, "eV", "bulk energy per atom without energy shift"
        ),
        "reference_descriptors": variable(
            "parameter",
            found.descriptors[:-1],
            energy_per(unit),
            "descriptors per atom at the mean's minimum",
        ),
    } | _strain_variables(found, weights, unit)
    if found.parameter_curvature is not None:
        variables["reference_parameter_curvature"] = variable(
            ("parameter", "parameter_2"),
            found.parameter_curvature,
            energy_per(unit, 2),
            "second derivative of the energy per atom by parameters at rest",
        )
    if crystal.c is not None:
        variables["reference_lattice_parameter_c"] = variable(
            (), crystal.c, "Angstrom", "lattice parameter c at the mean"
        )
    return variables


def _strain_variables(found, weights, unit):
    """The expansion in the strains; a cubic crystal has one, and no dimension for it."""
    if len(found.strains) == 1:
        first, second = (), ()
        gradient, curvatures = found.gradient[0], found.curvatures[0, 0]
    else:
        first, second = ("strain",), ("strain", "strain_2")
        gradient, curvatures = found.gradient, found.curvatures
    return {
        "reference_strain_gradient": variable(
            (*first, "parameter"),
            gradient[..., :-1],
            energy_per(unit),
            "derivative of descriptors per atom by strain",
        ),
        "reference_strain_curvature": variable(
            second, curvatures @ weights, "eV", "second derivative of energy per atom by strain"
        ),
        "reference_strain_curvatures": variable(
            (*second, "parameter"),
            curvatures[..., :-1],
            energy_per(unit),
            "second derivative of descriptors by strain",
        ),
    }


def _modulus_derivatives(found, unit):
    return {
        f"{name}_derivative": variable(
            "parameter",
            change,
            f"GPa/{unit}",
            f"derivative of {SYMBOLS[name].partition(' = ')[0]} of the relaxed mean crystal",
        )
        for name, change in found.modulus_derivatives.items()
    }
