"""The reference minimum that a study differentiates, at the mean parameters.

A structure is built and relaxed in its own symmetry. The minimum of a self-interstitial, a fault or
a user's structure may break that symmetry: the symmetric structure is then a saddle point, and the
minimum beside it is searched downhill. (For the <111> dumbbell in tungsten it is a tilted one.)
"""

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError, LammpsError, LeftStructureError, RelaxationError
from relaxdiff.minima.disks import relax_disk
from relaxdiff.minima.hessian_models import CrystalHessian, TensorHessian
from relaxdiff.minima.lattice_green import crystal_green
from relaxdiff.minima.minimum import Minimum
from relaxdiff.minima.relaxation import relax
from relaxdiff.minima.relaxers import BASIN_RADIUS
from relaxdiff.minima.symmetry_blocks import blocks_at
from relaxdiff.potentials import ONE_POINT_STEP
from relaxdiff.structures import (
    BRAVAIS,
    build_structure,
    coordinates_of,
    crystal_of_settings,
    face_normals,
    kind_of,
    largest_displacement,
    symmetrised,
    widest_gap,
)

LARGEST_MISMATCH = 0.15  # relative to the starting lattice parameters; E(a) is scanned up to it
# From this supercell on the crystal's Green's function saves more evaluations than it costs.
LARGE = 12
# Angstrom; noise in a file, from few digits or poor relaxation, that may hide its symmetry.
NOISE = 1e-3
PUSH = 0.1  # Angstrom, of the atom that moves most, away from a saddle point
SADDLE_POINTS = 8  # left one after the other, at most, before giving up


@dataclass(frozen=True)
class Reference:
    """The minimum at the mean, and derivatives that show where to look for those of variants.

    minimum: Minimum; derivative: Dataset of `implicit_derivative`; hessian: a TensorHessian or
    CrystalHessian.
    """

    minimum: Minimum
    derivative: xr.Dataset = field(repr=False)
    hessian: TensorHessian | CrystalHessian = field(repr=False)

    def tangent(self, delta_theta):
        """dq/dlambda of the minima along a direction in parameter space (P,), shape (n,)."""
        return tangent(self.minimum.coordinates, self.derivative, delta_theta)


def tangent(coordinates, derivative, delta_theta):
    """dq/dlambda at the reference for a direction in parameter space (P,), shape (n,).

    coordinates: of the reference; derivative: Dataset of `implicit_derivative`.
    """
    moved = np.einsum("pax,p->ax", derivative["position_derivative"].values, delta_theta)
    strains = delta_theta @ derivative["strain_derivative"].values
    return np.append(coordinates.pull_back(moved), strains)


def relax_reference(potential, crystal, settings, report=lambda line: None):
    """A structure's minimum at the mean parameters, started from the relaxed perfect crystal.

    crystal: `crystal` of the config; only the keys for `crystal_of_settings` and the names of
    solutes are used; settings: an entry of its
    `structures`; report: called with a line of text when a saddle point is left. Returns a Minimum.
    Raises InputError when the potential is for other elements or the structure cannot be built,
    RelaxationError when crystal or structure do not converge, LeftStructureError when the structure
    has no minimum near by, LammpsError.
    """
    name, element, known = settings["name"], crystal["element"], potential.elements
    if element not in known:
        raise InputError(
            f"crystal.element is {element}, but the potential {potential.name} is for "
            f"{', '.join(known)}"
        )
    start = crystal_of_settings(crystal)
    perfect = crystal_of(relaxed_crystal(potential, start), start)
    kind = kind_of(settings)
    if kind.is_disk:
        return relax_disk(potential, perfect, settings)
    atoms = build_structure(settings, perfect, list(crystal.get("solutes", ())), potential.elements)
    _check_vacuum(atoms, potential, settings)
    # Vacancies in these lattices keep their symmetry; if one does not, its force constants show it.
    on_lattice = kind.on_lattice and perfect.lattice in BRAVAIS
    green = None
    if on_lattice and settings["supercell"] >= LARGE:
        green = crystal_green(potential, atoms, perfect, settings["supercell"])

    def relaxed(start):
        try:
            minimum = relax(
                start,
                potential,
                cell=settings["cell"],
                preconditioner=green,
                normal_only=kind.normal_only,
            )
        except (InputError, LammpsError) as error:
            raise type(error)(f"structures.{name}, {potential.name}: {error}") from None
        if not minimum.converged:
            raise RelaxationError(f"structures.{name}, {potential.name}: {minimum.status}")
        return minimum

    minimum = relaxed(atoms)
    if on_lattice:
        return minimum
    minimum = _in_its_symmetry(minimum, relaxed, report)
    lower = _downhill(minimum, relaxed, name, report)
    _check_same_structure(minimum, lower, name, perfect.a)
    return lower


def relaxed_crystal(potential, start):
    """The perfect crystal relaxed, as a Minimum; for hcp in both lattice parameters.

    start: PerfectCrystal. Raises RelaxationError when it does not converge, or converges to a
    crystal that is nothing like the one it started from, LammpsError.
    """
    what = f"{start.lattice} crystal of {potential.name}"
    try:
        one_length = start.c is None and start.is_simple
        crystal = relax(start.conventional(), potential, "isotropic" if one_length else "full")
    except LammpsError as error:
        raise LammpsError(
            f"{what}: {error}; is it a potential for this element and lattice, and complete with "
            "its reference (posterior.ensemble.reference)?"
        ) from None
    if not crystal.converged:
        raise RelaxationError(f"{what}: {crystal.status}")
    if not np.abs(crystal.strain).max() < LARGEST_MISMATCH:
        ended, started = (
            " and ".join(f"{length:.3f}" for length in each.lengths)
            for each in (crystal_of(crystal, start), start)
        )
        raise RelaxationError(
            f"{what}: relaxes to {ended} Angstrom, more than {LARGEST_MISMATCH:.0%} from the "
            f"{started} of crystal.lattice_parameter or, without it, the tabulated lattice "
            f"parameter of {start.element}: is it a potential for this element and lattice?"
        )
    return crystal


def crystal_of(minimum, start):
    """The PerfectCrystal in a Minimum of `relaxed_crystal`, which started from `start`."""
    return start.with_cell(minimum.atoms)


def _check_vacuum(atoms, potential, settings):
    """InputError for a slab whose surfaces interact across the vacuum."""
    gap, reach = widest_gap(atoms, 2, face_normals(atoms)[2]), potential.reach
    if kind_of(settings).in_vacuum and not gap > reach:
        raise InputError(
            f"structures.{settings['name']}.vacuum: {settings['vacuum']} Angstrom is less than the "
            f"potential's reach, use more than {reach:.2f}"
        )


def _in_its_symmetry(minimum, relaxed, report):
    """The same minimum with all its symmetry, if noise of the start, such as a file's, hid some.

    If the structure really is that asymmetric, then the symmetric one is a saddle point, which
    is left downhill like any other.
    """
    atoms = symmetrised(minimum.atoms, NOISE)
    hidden, found = minimum.coordinates, coordinates_of(atoms, minimum.coordinates.freedom)
    if found.size >= hidden.size:
        return minimum
    report(
        f"relaxed, it has {found.size} symmetric coordinates, not {hidden.size} as before: noise "
        f"of less than {NOISE} Angstrom, which hid its symmetry, is removed"
    )
    symmetric = relaxed(atoms)
    evaluations = minimum.n_evaluations + symmetric.n_evaluations
    return replace(symmetric, n_evaluations=evaluations)


def _downhill(minimum, relaxed, name, report):
    """The minimum that unstable displacements lead to, of lower symmetry; `minimum` if none do."""
    start, theta = minimum, minimum.potential.theta
    for _ in range(SADDLE_POINTS):
        found = [(*block.lowest(theta), block) for block in blocks_at(minimum)[0]]
        curvature, direction, block = min(found, key=lambda each: each[0], default=(np.inf,) * 3)
        if curvature > 0:
            return minimum
        push = PUSH / ONE_POINT_STEP * block.step(direction) * direction
        pushed = block.at(np.zeros(minimum.coordinates.size), push)
        lower = relaxed(block.coordinates.structure(pushed))
        lower = _in_its_symmetry(lower, relaxed, report)
        report(
            f"a saddle point (curvature {curvature:.3f} eV/Angstrom^2) was left for a structure "
            f"{1e3 * (minimum.energy - lower.energy):.1f} meV lower, "
            f"{largest_displacement(start.atoms, lower.atoms):.2f} Angstrom away"
        )
        minimum = lower
    raise RelaxationError(
        f"structures.{name}, {minimum.potential.name}: no minimum was found downhill, "
        f"{SADDLE_POINTS} saddle points one after the other; leave the structure out"
    )


def _check_same_structure(symmetric, minimum, name, a):
    """LeftStructureError, which holds the new structure, if the way downhill has led to another."""
    moved = largest_displacement(symmetric.atoms, minimum.atoms)
    if moved <= BASIN_RADIUS * symmetric.coordinates.nearest_neighbour_distance:
        return
    raise LeftStructureError(
        f"structures.{name}: is a saddle point of {minimum.potential.name}, without a minimum near "
        f"by: following it downhill moves an atom by {moved:.2f} Angstrom, to another structure, "
        f"{symmetric.energy - minimum.energy:.4f} eV lower",
        minimum,
        a,
    )
