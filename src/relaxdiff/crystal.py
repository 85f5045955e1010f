"""The perfect crystal that a structure is compared with, as free to strain as the structure's cell.

A structure of N atoms is compared with N atoms of crystal. Where its cell is relaxed, that is the
relaxed crystal of `bulk.py`. Where its cell is fixed, the crystal keeps the mean's lattice
parameter a0, and its energy is linear in Theta. A surface or a stacking fault is held at a0 in the
plane with unit normal n: its crystal has a0 in that plane too and relaxes along n only, in the cell
cell0 (1 + e n n^T). With one atom in the primitive cell it has nothing else to relax.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from ase.neighborlist import neighbor_list

from relaxdiff.bulk import (
    RANGE,
    STATUS,
    cut_branches,
    edges_between,
    follow_minima,
    interpolated_descriptors,
    strain_derivatives,
)
from relaxdiff.datasets import variable
from relaxdiff.descriptors import DescriptorCalculator
from relaxdiff.exceptions import RelaxationError
from relaxdiff.structures import atoms_per_cubic_cell, bulk_cell, plane_normal
from relaxdiff.variants import deviations, variant_shifts, variant_weights

CLOSE = 1e-8  # strain by which the minimum of the mean's held crystal may miss e = 0


@dataclass(frozen=True)
class _Comparison:
    """Crystals of all variants, and the mean's expansion in s strains e, per atom.

    energy: with energy shift, eV, (sample, lambda); volume: of the cubic cell, Angstrom^3,
    (sample, lambda); gradient: dD/de, (s, P); curvature: d2E/de2, eV, (s, s); curvatures: d2D/de2,
    (s, s, P).
    """

    energy: np.ndarray
    volume: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    curvatures: np.ndarray


def crystal_of_variants(potential, posterior, bulk, strain_basis):
    """The crystal that a structure is compared with, for every variant.

    potential: SnapPotential at the posterior's mean; posterior, bulk: the Datasets of those names;
    strain_basis: symmetric matrices that the crystal may strain by, in its cubic axes, shape
    (s, 3, 3): none (fixed cell), the identity (relaxed), or n n^T (held in the plane with unit
    normal n). Returns a Dataset over (sample, lambda), with the expansion in the strain about the
    mean's relaxed crystal. `energy` and `volume` are NaN where the relaxed or the held crystal has
    no minimum; `status` is bulk's, except where only the held one has none. Raises ValueError for
    another basis, RelaxationError when `bulk` is not of this potential.
    """
    basis = np.reshape(np.asarray(strain_basis, dtype=float), (-1, 3, 3))
    if len(basis) == 0:
        crystal = _fixed(posterior, bulk)
    elif len(basis) == 1 and np.allclose(basis[0], np.eye(3)):
        crystal = _relaxed(bulk)
    elif len(basis) == 1 and _is_along_a_normal(basis[0]):
        crystal = _held_in_plane(potential, posterior, bulk, basis[0])
    else:
        raise ValueError(f"a crystal is fixed, relaxed or held in a plane, not strained by {basis}")
    xyz = bulk["xyz"].values
    return xr.Dataset(
        _variant_variables(crystal, bulk) | _reference_variables(crystal, bulk, basis),
        coords={
            **{name: bulk[name].values for name in ("sample", "lambda", "parameter")},
            "xyz": xyz,
            "xyz_2": xyz,
        },
        attrs={
            "potential": potential.name,
            "lattice": bulk.attrs["lattice"],
            "element": potential.hyperparameters.element,
            "lattice_parameter": float(bulk["reference_lattice_parameter"]),
        },
    )


def held_descriptors(calculator, lattice, lattice_parameter, along):
    """D(a) per atom of a crystal held in a plane, a its lattice parameter along the normal.

    lattice_parameter: in the plane, Angstrom; along: n n^T of the normal, (3, 3). Returns Panels
    whose last axis is the P + 1 columns.
    """
    cubic = bulk_cell(calculator.hyperparameters.element, lattice_parameter, lattice=lattice)

    def stretched(length):
        stretch = np.eye(3) + (length / lattice_parameter - 1) * along
        crystal = cubic.copy()
        crystal.set_cell(cubic.cell.array @ stretch, scale_atoms=True)
        return crystal

    low, high = (factor * lattice_parameter for factor in RANGE)
    crossings = lattice_parameter * _crossings(cubic, along, calculator.smoothness_limits)
    return interpolated_descriptors(calculator, stretched, edges_between(low, high, crossings))


def held_status(status, found, zero):
    """Status of crystals held in a plane: bulk's, and 'no_minimum' where only they have none.

    status: bulk's; found: whether the held crystal has a minimum, both (sample, lambda); zero:
    index of lambda = 0, beyond which a branch is cut as bulk's are.
    """
    vanished = (status == "stable") & ~found
    return cut_branches(np.where(vanished, "no_minimum", status.astype(object)), zero)


def _fixed(posterior, bulk):
    """All variants at the mean's lattice parameter, where their relaxed crystal exists at all."""
    lambdas, size = bulk["lambda"].values, bulk.sizes["parameter"]
    delta, _ = deviations(posterior)
    change = np.outer(delta @ bulk["reference_descriptors"].values, lambdas)
    energy = float(bulk["reference_energy"]) + change
    cube = float(bulk["reference_lattice_parameter"]) ** 3
    exists = np.isfinite(bulk["energy"].values)
    return _Comparison(
        energy=np.where(exists, energy + variant_shifts(posterior, lambdas), np.nan),
        volume=np.where(exists, cube, np.nan),
        gradient=np.empty((0, size)),
        curvature=np.empty((0, 0)),
        curvatures=np.empty((0, 0, size)),
    )


def _relaxed(bulk):
    """The crystals of `bulk`, which strain isotropically."""
    return _Comparison(
        energy=bulk["energy"].values,
        volume=bulk["lattice_parameter"].values ** 3,
        gradient=bulk["reference_strain_gradient"].values[None],
        curvature=bulk["reference_strain_curvature"].values[None, None],
        curvatures=bulk["reference_strain_curvatures"].values[None, None],
    )


def _held_in_plane(potential, posterior, bulk, along):
    """All variants at the mean's lattice parameter in a plane; along: n n^T of its normal."""
    lambdas, at = bulk["lambda"].values, float(bulk["reference_lattice_parameter"])
    zero = int(np.argmin(np.abs(lambdas)))
    with DescriptorCalculator(potential.hyperparameters, potential.reference) as calculator:
        descriptors = held_descriptors(calculator, bulk.attrs["lattice"], at, along)
    minima = follow_minima(descriptors, variant_weights(posterior, lambdas), at, zero)
    # The relaxed crystal has no stress, so no strain lowers the mean's energy.
    strain = minima.lattice_parameter[0, zero] / at - 1
    if not abs(strain) < CLOSE:
        raise RelaxationError(
            f"{potential.name}: the mean's crystal held in a plane strains by {strain:.1e} along "
            "the normal: is this the bulk of this potential?"
        )
    exists = np.isfinite(bulk["energy"].values)
    gradient, curvatures = strain_derivatives(descriptors, at)
    return _Comparison(
        energy=np.where(exists, minima.energy + variant_shifts(posterior, lambdas), np.nan),
        volume=np.where(exists, minima.lattice_parameter * at**2, np.nan),
        gradient=gradient[None, :-1],
        curvature=(curvatures @ potential.weights)[None, None],
        curvatures=curvatures[None, None, :-1],
    )


def _is_along_a_normal(matrix):
    """Whether a matrix is n n^T of a unit vector n."""
    projects = np.allclose(matrix @ matrix, matrix) and np.allclose(matrix, matrix.T)
    return projects and np.isclose(np.trace(matrix), 1)


def _crossings(cubic, along, lengths):
    """Stretches along the normal at which a neighbour is one of `lengths` (Angstrom) away.

    A neighbour at r in the cubic crystal is at r_plane + stretch r_normal in the stretched one.
    """
    neighbours = neighbor_list("D", cubic, max(lengths) / RANGE[0])
    out_of_plane = np.linalg.norm(neighbours @ along, axis=1)
    in_plane = np.linalg.norm(neighbours - neighbours @ along, axis=1)
    moves = out_of_plane > 1e-6
    left = np.square(lengths)[:, None] - in_plane[moves] ** 2
    return (np.sqrt(np.maximum(left, 0)) / out_of_plane[moves]).ravel()


def _variant_variables(crystal, bulk):
    over = ("sample", "lambda")
    zero = int(np.argmin(np.abs(bulk["lambda"].values)))
    status = held_status(bulk["status"].values, np.isfinite(crystal.energy), zero)
    volume = crystal.volume / atoms_per_cubic_cell(bulk.attrs["lattice"])
    return {
        "energy": variable(over, crystal.energy, "eV", "energy of the crystal per atom"),
        "volume": variable(over, volume, "Angstrom^3", "volume of the crystal per atom"),
        "status": variable(
            over, status.astype(str), "1", "stability of the crystal", meanings=" ".join(STATUS)
        ),
    }


def _reference_variables(crystal, bulk, basis):
    """The mean's crystal and its second-order expansion in the strains of the basis, per atom."""
    cube = float(bulk["reference_lattice_parameter"]) ** 3
    return {
        "reference_energy": bulk["reference_energy"].variable,
        "reference_volume": variable(
            (),
            cube / atoms_per_cubic_cell(bulk.attrs["lattice"]),
            "Angstrom^3",
            "volume of the crystal per atom at the mean",
        ),
        "reference_descriptors": bulk["reference_descriptors"].variable,
        "strain_basis": variable(
            ("strain", "xyz", "xyz_2"), basis, "1", "what each strain multiplies, in cubic axes"
        ),
        "strain_gradient": variable(
            ("strain", "parameter"),
            crystal.gradient,
            "1",
            "derivative of descriptors per atom by strain",
        ),
        "strain_curvature": variable(
            ("strain", "strain_2"),
            crystal.curvature,
            "eV",
            "second derivative of energy per atom by strain",
        ),
        "strain_curvatures": variable(
            ("strain", "strain_2", "parameter"),
            crystal.curvatures,
            "1",
            "second derivative of descriptors per atom by strain",
        ),
    }


def strain_basis_of(settings):
    """What the crystal of a structure may strain by, for `crystal_of_variants`, (0 or 1, 3, 3).

    settings: the structure's entry in the config. The crystal is as free as the structure's cell; a
    full relaxation strains a cubic crystal isotropically.
    """
    if settings["cell"] == "fixed":
        return np.empty((0, 3, 3))
    if settings["cell"] == "in_plane_fixed":
        normal = plane_normal(settings["plane"])
        return np.outer(normal, normal)[None]
    return np.eye(3)[None]
