"""The reference crystal of a structure, which relaxes under the same constraint as its cell.

A structure of N atoms is compared with N atoms of crystal. Where its cell is relaxed, that is the
relaxed crystal of `bulk.py`. Where its cell is fixed, the crystal keeps the mean's lattice
parameters, and of a linear potential its energy is linear in Theta. Where its cell keeps its shape,
so does the crystal: a hexagonal one has the mean's c/a. A surface or a stacking fault is held at
the mean's a0 in the plane with unit normal n: its crystal has a0 in that plane too and relaxes only
along n, in the cell cell0 (1 + e n n^T). With one atom in the primitive cell nothing else relaxes;
two atoms also move against each other, as far as the symmetry of that strain allows. In a Dataset
these displacements precede e in the list of strains, with a strain matrix of zero.
"""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from ase.neighborlist import neighbor_list

from relaxdiff.crystals.any_potential import held_energies
from relaxdiff.crystals.bulk import STATUS
from relaxdiff.crystals.elasticity import ALL_STRAINS
from relaxdiff.crystals.hexagonal import STRAINS
from relaxdiff.crystals.one_length import (
    RANGE,
    bulk_descriptors,
    edges_between,
    follow_minima,
    interpolated_descriptors,
    strain_derivatives,
)
from relaxdiff.crystals.walked_crystals import CrystalWalks
from relaxdiff.exceptions import RelaxationError
from relaxdiff.files import variable
from relaxdiff.minima import mode_displacements
from relaxdiff.posterior import (
    Variants,
    cut_branches,
    deviations,
    variant_shifts,
    variant_weights,
)
from relaxdiff.potentials import Potential
from relaxdiff.structures import (
    BRAVAIS,
    CRYSTAL_FILE,
    Freedom,
    coordinates_of,
    crystal_from,
    plane_normal,
)
from relaxdiff.units import UNIT_OF_EACH

# Largest strain e at the minimum of the mean's held crystal, which should be at 0: a guess, above
# the rounding of the interpolated energies and below what a wrong input would cause.
CLOSE = 1e-8


@dataclass(frozen=True)
class _Comparison:
    """Crystals of all variants, and the mean's expansion in s strains e, per atom.

    energy: with energy shift, eV, (sample, lambda); volume: Angstrom^3, (sample, lambda); gradient:
    dD/de, (s, P); curvature: d2E/de2, eV, (s, s); curvatures: d2D/de2, (s, s, P). Where atoms move
    too: strain_basis: (s, 3, 3), 0 for a displacement; modes: these, a Variable of
    `mode_displacements`.
    """

    energy: np.ndarray
    volume: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    curvatures: np.ndarray
    strain_basis: np.ndarray | None = None
    modes: xr.Variable | None = field(default=None, repr=False)


def crystal_of_variants(
    potential: Potential, posterior: xr.Dataset, bulk: xr.Dataset, strain_basis: np.ndarray
) -> xr.Dataset:
    """The reference crystal of a structure, for every variant.

    potential: SnapPotential at the posterior's mean; posterior, bulk: the Datasets of those names;
    strain_basis: symmetric matrices, the crystal's possible strains in the axes of its conventional
    cell, shape (s, 3, 3), as `strain_basis_of` gives them: none (fixed cell), the identity, the two
    that keep hcp hexagonal, n n^T (held in the plane with unit normal n), or all six. Returns a
    Dataset over (sample, lambda), with the expansion in the strains about the mean's relaxed
    crystal. `energy` and `volume` are NaN where the relaxed crystal or this one has no minimum;
    `status` is that in `bulk`, except where only this crystal has no minimum. Raises ValueError for
    another basis, RelaxationError when `bulk` is not of this potential.
    """
    basis = np.reshape(np.asarray(strain_basis, dtype=float), (-1, 3, 3))
    mean = mean_crystal(bulk)
    every_strain = np.eye(3)[None] if mean.c is None else STRAINS
    if mean.is_simple and len(basis) == len(ALL_STRAINS):
        basis = every_strain  # all that keep its symmetry
    if not mean.is_simple and (len(basis) or mean.free_coordinates.n_modes):
        crystal = _walked(potential, posterior, bulk, basis)
    elif len(basis) == 0:
        crystal = _fixed(potential, posterior, bulk, mean)
    elif basis.shape == every_strain.shape and np.allclose(basis, every_strain):
        crystal = _relaxed(bulk)
    elif not potential.is_linear:
        crystal = _walked(potential, posterior, bulk, basis)
    elif len(basis) == 1 and np.allclose(basis[0], np.eye(3)):
        crystal = _one_length(potential, posterior, bulk, bulk_descriptors, 3)
    elif len(basis) != 1 or not _is_along_a_normal(basis[0]):
        raise ValueError(f"no crystal of {mean.lattice} is strained by {basis}")
    elif mean.lattice in BRAVAIS:

        def descriptors(calculator, crystal):
            return held_descriptors(calculator, crystal, basis[0])

        crystal = _one_length(potential, posterior, bulk, descriptors, 1)
    else:
        crystal = _walked(potential, posterior, bulk, basis)
    if crystal.strain_basis is not None:
        basis = crystal.strain_basis
    xyz = bulk["xyz"].values
    return xr.Dataset(
        _variant_variables(crystal, bulk) | _reference_variables(crystal, bulk, basis),
        coords={
            **{
                name: bulk[name].variable
                for name in ("sample", "lambda", "parameter", "parameter_2", UNIT_OF_EACH)
                if name in bulk.coords
            },
            "xyz": xyz,
            "xyz_2": xyz,
        },
        attrs={"potential": potential.name, **mean.attributes},
    )


def mean_crystal(bulk):
    """The mean's PerfectCrystal in a Dataset of `bulk_of_variants`."""
    lengths = ("lattice_parameter", "lattice_parameter_c")
    found = {
        name: float(bulk[f"reference_{name}"]) for name in lengths if f"reference_{name}" in bulk
    }
    return crystal_from(bulk.attrs | found)


def held_descriptors(calculator, crystal, along):
    """D(a) per atom of a crystal held in a plane, a its lattice parameter along the normal.

    crystal: PerfectCrystal with the lattice parameter that is kept in the plane; along: n n^T of
    the normal, (3, 3). Returns Panels whose last axis is the P + 1 columns.
    """
    cubic = crystal.conventional()

    def stretched(length):
        stretch = np.eye(3) + (length / crystal.a - 1) * along
        strained = cubic.copy()
        strained.set_cell(cubic.cell.array @ stretch, scale_atoms=True)
        return strained

    low, high = (factor * crystal.a for factor in RANGE)
    crossings = crystal.a * _crossings(cubic, along, calculator.smoothness_limits)
    return interpolated_descriptors(calculator, stretched, edges_between(low, high, crossings))


def held_status(status, found, zero):
    """Status of crystals held in a plane: the bulk's, or 'no_minimum' where only they have none.

    status: the bulk's; found: whether the held crystal has a minimum, both (sample, lambda); zero:
    index of lambda = 0, where the two branches begin, which are cut like those of the bulk.
    """
    vanished = (status == "stable") & ~found
    return cut_branches(np.where(vanished, "no_minimum", status.astype(object)), zero)


def _fixed(potential, posterior, bulk, mean):
    """All variants at the mean's lattice parameters; NaN where they have no relaxed crystal."""
    lambdas, size = bulk["lambda"].values, bulk.sizes["parameter"]
    delta, _ = deviations(posterior)
    if potential.is_linear:
        change = np.outer(delta @ bulk["reference_descriptors"].values, lambdas)
        energy = float(bulk["reference_energy"]) + change
    else:
        energy = held_energies(potential, Variants(posterior, lambdas), mean)
    energy = energy + variant_shifts(posterior, lambdas, mean.fractions)
    exists = np.isfinite(bulk["energy"].values)
    return _Comparison(
        energy=np.where(exists, energy, np.nan),
        volume=np.where(exists, mean.volume_per_atom, np.nan),
        gradient=np.empty((0, size)),
        curvature=np.empty((0, 0)),
        curvatures=np.empty((0, 0, size)),
    )


def _relaxed(bulk):
    """The crystals of `bulk`, with all strains that their symmetry allows."""
    gradient = np.atleast_2d(bulk["reference_strain_gradient"].values)
    return _Comparison(
        energy=bulk["energy"].values,
        volume=bulk["volume"].values,
        gradient=gradient,
        curvature=np.atleast_2d(bulk["reference_strain_curvature"].values),
        curvatures=bulk["reference_strain_curvatures"].values.reshape(
            len(gradient), *gradient.shape
        ),
    )


def _one_length(potential, posterior, bulk, descriptors_of, power):
    """All variants of a crystal with one length, the mean's lattice parameter a at the mean.

    descriptors_of: function from a calculator and the mean's PerfectCrystal to Panels of its
    descriptors; the volume grows with this power of the length.
    """
    lambdas, mean = bulk["lambda"].values, mean_crystal(bulk)
    zero = int(np.argmin(np.abs(lambdas)))
    with potential.descriptor_calculator() as calculator:
        descriptors = descriptors_of(calculator, mean)
    minima = follow_minima(descriptors, variant_weights(posterior, lambdas), mean.a, zero)
    stretch = minima.lattice_parameter / mean.a
    _check_mean(potential, stretch[0, zero] - 1)
    exists = np.isfinite(bulk["energy"].values)
    shifts = variant_shifts(posterior, lambdas, mean.fractions)
    gradient, curvatures = strain_derivatives(descriptors, mean.a)
    return _Comparison(
        energy=np.where(exists, minima.energy + shifts, np.nan),
        volume=np.where(exists, mean.volume_per_atom * stretch**power, np.nan),
        gradient=gradient[None, :-1],
        curvature=(curvatures @ potential.weights)[None, None],
        curvatures=curvatures[None, None, :-1],
    )


def _walked(potential, posterior, bulk, basis):
    """All variants of a crystal whose atoms move when it is strained by the basis, (1, 3, 3)."""
    mean, variants = mean_crystal(bulk), Variants(posterior, bulk["lambda"].values)
    coordinates = coordinates_of(mean.conventional(), Freedom(basis))
    with CrystalWalks(potential, coordinates) as walks:
        energy, q = walks.relaxed(variants, kept=np.isfinite(bulk["energy"].values))
    _check_mean(potential, coordinates.strain_of(q[0, variants.zero]))
    n_atoms, modes = len(coordinates.reference), coordinates.n_modes
    return _Comparison(
        energy=energy / n_atoms + variants.shifts(mean.fractions),
        volume=coordinates.volume(q) / n_atoms,
        gradient=walks.gradient[:, :-1] / n_atoms,
        curvature=walks.curvatures @ potential.weights / n_atoms,
        curvatures=walks.curvatures[..., :-1] / n_atoms,
        strain_basis=np.concatenate([np.zeros((modes, 3, 3)), coordinates.strains]),
        modes=mode_displacements(coordinates) if modes else None,
    )


def _check_mean(potential, strain):
    """RelaxationError if the mean's held crystal strains although it starts without stress."""
    largest = np.abs(strain).max()
    if not largest < CLOSE:
        raise RelaxationError(
            f"{potential.name}: the mean's crystal in a cell that is partly held strains by "
            f"{largest:.1e}: is this the bulk of this potential?"
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
    return {
        "energy": variable(over, crystal.energy, "eV", "energy of the crystal per atom"),
        "volume": variable(over, crystal.volume, "Angstrom^3", "volume of the crystal per atom"),
        "status": variable(
            over, status.astype(str), "1", "stability of the crystal", meanings=" ".join(STATUS)
        ),
    }


def _reference_variables(crystal, bulk, basis):
    """The mean's crystal and its second-order expansion in the strains of the basis, per atom."""
    given = {} if crystal.modes is None else {"mode_displacements": crystal.modes}
    if "reference_parameter_curvature" in bulk:
        given["reference_parameter_curvature"] = bulk["reference_parameter_curvature"].variable
    per_parameter = bulk["reference_descriptors"].attrs["units"]
    return given | {
        "reference_energy": bulk["reference_energy"].variable,
        "reference_volume": bulk["reference_volume"].variable,
        "reference_descriptors": bulk["reference_descriptors"].variable,
        "strain_basis": variable(
            ("strain", "xyz", "xyz_2"),
            basis,
            "1",
            "what each strain multiplies, in the axes of the conventional cell",
        ),
        "strain_gradient": variable(
            ("strain", "parameter"),
            crystal.gradient,
            per_parameter,
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
            per_parameter,
            "second derivative of descriptors per atom by strain",
        ),
    }


def strain_basis_of(settings, lattice, lengths=(1.0,)):
    """Strains of a structure's reference crystal, for `crystal_of_variants`, (0 to 6, 3, 3).

    settings: the structure's entry in the config; lattice: of the crystal; lengths: its lattice
    parameters, a and for hcp c, for the normals of planes. The crystal relaxes under the same
    constraint as the structure's cell; a full relaxation strains a cubic crystal isotropically, and
    one from a file as its symmetry allows.
    """
    cell = settings["cell"]
    if cell == "fixed":
        return np.empty((0, 3, 3))
    if cell == "in_plane_fixed":
        normal = plane_normal(settings["plane"], lengths)
        return np.outer(normal, normal)[None]
    if cell == "full" and lattice == CRYSTAL_FILE:
        return ALL_STRAINS.copy()
    return STRAINS.copy() if cell == "full" and lattice == "hcp" else np.eye(3)[None]
