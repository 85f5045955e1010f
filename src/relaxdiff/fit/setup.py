"""A FitProblem from relaxed structures, a target and the config's `fit`."""

import numpy as np
from ase.geometry import find_mic

from relaxdiff.exceptions import InputError
from relaxdiff.fit.prior import prior_root
from relaxdiff.fit.problem import FitProblem
from relaxdiff.fit.targets import scaled_to
from relaxdiff.minima import axes_of, crystal_force_constants
from relaxdiff.potentials.snap import ALCHEMICAL, alchemical, restricted
from relaxdiff.structures import Freedom, coordinates_of

# Angstrom; atoms that are held in the start must be at the same places in the target.
SAME_RING = 0.1
NAMED_ATOMS = ("centre", "far_vertex")


def fit_problem(start, target, crystal, settings, posterior=None):
    """The FitProblem of a study.

    start: Minimum of the structure, with the SNAP potential to start from; target: Atoms of the
    same structure, with `info["core"]` if atoms are named by the core, and scaled to the start's
    lattice parameter if it has one (`scaled_to`); crystal: relaxed PerfectCrystal; settings: `fit`
    of the config, of which `alchemical`, `free`, `prior` and the target's `region` are used;
    posterior: Dataset, for the prior. Raises InputError, which names the key, where these do not
    fit together.
    """
    potential, atoms, host = start.potential, start.atoms.copy(), None
    target = scaled_to(target, atoms)
    chosen = alchemical_atoms(start.atoms, target, settings["alchemical"])
    if len(chosen):
        hosts = sorted(set(atoms.symbols[chosen]))
        if len(hosts) > 1:
            raise InputError(f"fit.alchemical: the atoms are of different elements, {hosts}")
        host = hosts[0]
        potential = alchemical(potential, host)
        atoms.symbols[chosen] = ALCHEMICAL
    reference = _on_target(atoms, target, start.coordinates.held)
    free = restricted(potential, settings["free"])
    if not len(free.centres(atoms)):
        raise InputError(
            f"fit.free: the structure holds no atom of the parameters {', '.join(settings['free'])}"
        )
    freedom = Freedom(np.zeros((0, 3, 3)), fixed=start.coordinates.freedom.fixed)
    coordinates = coordinates_of(reference, freedom, symmetry=False)
    constants = crystal_force_constants(start.potential, crystal)
    return FitProblem(
        potential=free,
        coordinates=coordinates,
        start=coordinates.locate(atoms),
        region=_region(coordinates, free, settings["targets"][0].get("region")),
        force_constants=constants,
        axes=axes_of(start.atoms, constants.unit),
        root=prior_root(posterior, free, host) if settings["prior"] else None,
        host=host,
    )


def alchemical_atoms(atoms, target, wanted):
    """Indices of the alchemical atoms, (k,); none if `wanted` is None.

    wanted: indices, or the name of a column near the target's core: `centre`, the nearest to its
    centre; `far_vertex`, of the three nearest to it the one that is farthest from the centre of the
    start's core, so that it is on the axis of symmetry of both. Raises InputError.
    """
    if wanted is None:
        return np.zeros(0, dtype=int)
    if wanted not in NAMED_ATOMS:
        chosen = np.unique(np.atleast_1d(wanted))
        outside = chosen[(chosen < 0) | (chosen >= len(atoms))]
        if len(outside):
            raise InputError(
                f"fit.alchemical: {outside[0]} is not the index of one of {len(atoms)} atoms, "
                "which are counted from 0"
            )
        return chosen
    if "core" not in atoms.info or "core" not in target.info:
        raise InputError(
            f"fit.alchemical: {wanted} is known of dislocations in `structures` only: give the "
            "indices of atoms"
        )
    places = atoms.arrays["crystal_positions"][:, :2]
    order = np.linalg.norm(places - target.info["core"], axis=1).argsort(kind="stable")
    if wanted == "centre":
        return order[:1]
    vertices = order[:3]
    away = np.linalg.norm(places[vertices] - atoms.info["core"], axis=1)
    return vertices[[away.argmax()]]


def _on_target(atoms, target, held):
    """The structure with the target's positions; held components, mask (N, 3), stay."""
    if len(target) != len(atoms):
        raise InputError(
            f"fit.targets: the target has {len(target)} atoms, the structure {len(atoms)}: they "
            "must be the same atoms in the same order"
        )
    if not np.allclose(target.cell, atoms.cell, atol=1e-3):
        raise InputError("fit.targets: the target's cell is not that of the structure")
    apart, _ = find_mic(target.positions - atoms.positions, atoms.cell)
    if not held.any():
        apart = apart - apart.mean(axis=0)
    off = np.abs(apart[held]).max(initial=0.0)
    if off > SAME_RING:
        raise InputError(
            f"fit.targets: atoms that are held are up to {off:.2f} Angstrom elsewhere in the "
            "target: start and target must share them"
        )
    apart[held] = 0
    reference = atoms.copy()
    reference.positions += apart
    return reference


def _region(coordinates, potential, radius):
    """Mask (N,) of the atoms that count: not held, within radius of one with free parameters."""
    atoms = coordinates.reference
    counts = ~coordinates.held.all(axis=1)
    if radius is not None:
        near = [
            atoms.get_distances(centre, range(len(atoms)), mic=True) < radius
            for centre in potential.centres(atoms)
        ]
        counts &= np.any(near, axis=0)
    return counts
