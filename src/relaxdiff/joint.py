"""The quantities of one posterior sample together: sensitivities, correlations, directions.

Lattice parameter, cohesive energy, elastic constants, formation energy and volume depend on the
same parameters. For each quantity y the derivative g = dy/dTheta at the mean, beta_0 among the
parameters, gives to first order

    y = y(mean) + g . (Theta - mean),    variance of y = g^T C g = sum_k s_k (g . v_k)^2

with the covariance C = sum_k s_k v_k v_k^T of the posterior samples: each term is what one
principal direction v_k of parameter space carries.

The crystal's quantities are those of `bulk.nc`, exact for every sample, in all sources but
'linear'. The cohesive energy is minus the energy per atom of the relaxed crystal, beta_0 included:
positive for a bound crystal if the fitted energies count from free atoms.
"""

import numpy as np
import pandas as pd
import xarray as xr

from relaxdiff.datasets import variable
from relaxdiff.errors import posterior_values
from relaxdiff.exceptions import InputError
from relaxdiff.expansion import expansion_of_bulk, expansion_of_defect
from relaxdiff.formation import formation_of
from relaxdiff.structures import atoms_per_cubic_cell
from relaxdiff.variants import deviations

UNITS = {
    "lattice_parameter": "Angstrom",
    "cohesive_energy": "eV",
    "c11": "GPa",
    "c12": "GPa",
    "c44": "GPa",
    "formation_energy": "eV",
    "formation_volume": "Angstrom^3",
}
MODULI = ("bulk_modulus", "tetragonal_shear_modulus", "shear_modulus_c44")
NAMED = 3  # directions that the table names for each quantity


def joint_posterior(posterior, bulk, derivative, predictions, truth=None):
    """Values, derivatives, correlations and principal directions of all quantities.

    posterior, bulk, derivative, predictions, truth: the Datasets of those names. Returns a Dataset
    over `quantity` (units in the coordinate `unit`), `parameter` (beta_0 first), `sample`, and
    `source`: 'linear', the best level in predictions and, if given, 'truth'. Samples that are
    unstable or were not relaxed at lambda = 1 are left out throughout. Raises InputError when fewer
    than two are left.
    """
    found = posterior_values(predictions, truth)
    if found.sizes["sample"] < 2:
        raise InputError(
            "joint: fewer than two samples are stable and relaxed at lambda = 1 (is it on the grid "
            "of perturbation?)"
        )
    delta = parameter_deviations(posterior.sel(sample=found["sample"]))
    mean, gradients = values_at_mean(bulk, derivative), quantity_derivatives(bulk, derivative)
    sources = [str(predictions["level"].values[-1])] + (["truth"] if truth is not None else [])
    values = np.array(
        [mean[:, None] + gradients @ delta.T]
        + [_values_of_samples(bulk, found.sel(source=source)) for source in sources]
    )
    variances, directions = principal_directions(delta)
    coords = {
        "quantity": list(UNITS),
        "unit": ("quantity", list(UNITS.values())),
        "quantity_2": list(UNITS),
        "parameter": ["beta_0", *posterior["parameter"].values],
        "direction": np.arange(1, len(directions) + 1),
        "source": ["linear", *sources],
        "sample": found["sample"].values,
    }
    return xr.Dataset(
        _derivative_variables(mean, gradients, delta.std(axis=0, ddof=1))
        | _direction_variables(gradients, variances, directions)
        | _sample_variables(values),
        coords,
        {"potential": derivative.attrs["potential"], "n_atoms": derivative.attrs["n_atoms"]},
    )


def parameter_deviations(posterior):
    """Sample minus mean of all parameters, beta_0 first, (sample, P + 1), eV."""
    theta, shift = deviations(posterior)
    return np.column_stack([shift, theta])


def values_at_mean(bulk, derivative):
    """The quantities at the mean parameters, shape (quantity,), in UNITS."""
    zero = int(np.argmin(np.abs(bulk["lambda"].values)))
    reference = bulk.isel({"sample": 0, "lambda": zero})
    names = ("lattice_parameter", "energy", *MODULI)
    crystal = _crystal_quantities(*(float(reference[name]) for name in names))
    defect, per_atom = _expansions(bulk, derivative)
    formation = formation_of(
        defect.energy, defect.volume, derivative.attrs["n_atoms"], per_atom.energy, per_atom.volume
    )
    return np.array([*crystal, *formation])


def quantity_derivatives(bulk, derivative):
    """Derivatives of the relaxed quantities by beta_0 ... beta_P at the mean, (quantity, P + 1).

    In UNITS per eV. Energies of a minimum change as at fixed positions, by the descriptors; volumes
    by dV = 3 V dstrain. beta_0 adds itself to every atom of cell and crystal, and moves none.
    """
    defect, per_atom = _expansions(bulk, derivative)
    strain = per_atom.strain_derivative[-1]
    crystal = _crystal_quantities(
        float(bulk["reference_lattice_parameter"]) * strain,
        per_atom.descriptors,
        *(bulk[f"{name}_derivative"].values for name in MODULI),
    )
    formation = formation_of(
        defect.descriptors,
        3 * defect.volume * defect.strain_derivative[-1],
        derivative.attrs["n_atoms"],
        per_atom.descriptors,
        3 * per_atom.volume * strain,
    )
    by_shift = [-1.0 if quantity == "cohesive_energy" else 0.0 for quantity in UNITS]
    return np.column_stack([by_shift, [*crystal, *formation]])


def principal_directions(delta):
    """Variances (eV^2, descending) and unit vectors (direction, parameter) of the covariance.

    delta: deviations of the samples from any common point, (sample, parameter).
    """
    # Singular values keep the smallest variances, which the covariance would lose to rounding.
    scatter = delta - delta.mean(axis=0)
    _, lengths, directions = np.linalg.svd(scatter, full_matrices=False)
    return lengths**2 / (len(delta) - 1), directions


def joint_table(joint):
    """One row per quantity of a Dataset of `joint_posterior` (a DataFrame).

    Columns: quantity, units; value `at_mean`; mean and standard deviation over the samples at the
    best level, `standard_deviation_linear` and, where there is truth, true ones; then the NAMED
    directions (1: that of largest variance) that carry most of the variance, and their shares.
    """
    values = joint["value"]
    predicted = values.sel(source=best_source(joint))
    table = pd.DataFrame(
        {
            "quantity": joint["quantity"].values,
            "units": joint["unit"].values,
            "at_mean": joint["value_at_mean"].values,
            "mean": predicted.mean("sample").values,
            "standard_deviation": predicted.std("sample", ddof=1).values,
            "standard_deviation_linear": values.sel(source="linear").std("sample", ddof=1).values,
        }
    )
    if "truth" in joint["source"]:
        true = values.sel(source="truth")
        table["true_mean"] = true.mean("sample").values
        table["true_standard_deviation"] = true.std("sample", ddof=1).values
    shares = joint["variance_share"].values
    order = np.argsort(-shares, axis=1)[:, :NAMED]
    for place, column in enumerate(order.T, start=1):
        table[f"direction_{place}"] = joint["direction"].values[column]
        table[f"share_{place}"] = np.take_along_axis(shares, column[:, None], axis=1)[:, 0]
    return table


def best_source(joint):
    """The source that holds the best predictions: 'linear' comes before it, 'truth' after."""
    return str(joint["source"].values[1])


def _expansions(bulk, derivative):
    """The Expansion of the cell, and of the crystal per atom at h+ih alone."""
    per_atom = atoms_per_cubic_cell(bulk.attrs["lattice"])
    return expansion_of_defect(derivative), expansion_of_bulk(bulk, ["h+ih"], per_atom)


def _crystal_quantities(lattice_parameter, energy, bulk_modulus, tetragonal, c44):
    """The first five of UNITS. Linear in every argument: it serves derivatives as well.

    From B = (C11 + 2 C12) / 3 and C' = (C11 - C12) / 2.
    """
    c11, c12 = bulk_modulus + 4 / 3 * tetragonal, bulk_modulus - 2 / 3 * tetragonal
    return np.array([lattice_parameter, -energy, c11, c12, c44])


def _values_of_samples(bulk, formation):
    """All quantities of the samples in `formation`, of one source, shape (quantity, sample)."""
    here = bulk.sel(sample=formation["sample"]).sel({"lambda": 1.0}, method="nearest")
    names = ("lattice_parameter", "energy", *MODULI)
    crystal = _crystal_quantities(*(here[name].values for name in names))
    return np.vstack([crystal, formation["formation_energy"], formation["formation_volume"]])


def _derivative_variables(mean, gradients, spreads):
    over = ("quantity", "parameter")
    return {
        "value_at_mean": variable("quantity", mean, "unit", "value at the mean parameters"),
        "derivative": variable(over, gradients, "unit/eV", "derivative at the mean"),
        "parameter_standard_deviation": variable(
            "parameter", spreads, "eV", "standard deviation over the posterior samples"
        ),
        "sensitivity": variable(
            over, gradients * spreads, "unit", "derivative times the parameter's standard deviation"
        ),
    }


def _direction_variables(gradients, variances, directions):
    carried = variances * (gradients @ directions.T) ** 2
    return {
        "direction_vector": variable(
            ("direction", "parameter"), directions, "1", "principal directions of the posterior"
        ),
        "direction_variance": variable("direction", variances, "eV^2", "variance along them"),
        "variance_share": variable(
            ("quantity", "direction"),
            carried / carried.sum(axis=1, keepdims=True),
            "1",
            "share of the linearised variance that a direction carries",
        ),
    }


def _sample_variables(values):
    correlation = np.array([np.corrcoef(each) for each in values])
    return {
        "value": variable(
            ("source", "quantity", "sample"), values, "unit", "quantities of the samples"
        ),
        "correlation": variable(
            ("source", "quantity", "quantity_2"), correlation, "1", "correlation over the samples"
        ),
    }
