"""The crystal of every variant of a potential that is not linear in its parameters.

Each is really relaxed, and its own second derivatives give its elastic constants and its phonons:
nothing is interpolated. A primitive cell is a few atoms, so that this costs little.
"""

import numpy as np

from relaxdiff.crystals.elasticity import (
    ALL_STRAINS,
    CUBIC_MODULI,
    HEXAGONAL_MODULI,
    distortions,
    relaxed,
    relaxing,
)
from relaxdiff.crystals.stability import commensurate_q_points
from relaxdiff.crystals.variant_crystals import VariantCrystals, where_found
from relaxdiff.crystals.walked_crystals import relaxed_crystals
from relaxdiff.posterior import Variants
from relaxdiff.potentials import STRAIN_STEP
from relaxdiff.structures import Freedom, coordinates_of
from relaxdiff.units import GPA


def any_crystals(potential, posterior, lambdas, crystal, repeats, report):
    """VariantCrystals of any crystal for any potential.

    potential: at the mean of the posterior; crystal: PerfectCrystal to start from; repeats: the
    supercell whose q-points are tested; report: called with a line of text when all variants are
    relaxed. Raises RelaxationError when the mean itself has no crystal.
    """
    variants = Variants(posterior, lambdas)
    mean, walks, energy, q = relaxed_crystals(potential, variants, crystal, report)
    coordinates, found = walks.coordinates, np.isfinite(energy)
    q_points = commensurate_q_points(mean, repeats)
    crystals = [mean.with_cell(coordinates.structure(each)) for each in q[found]]
    judged = [
        _judged(potential.with_theta(variants.theta(*place)), each, q_points)
        for place, each in zip(np.argwhere(found), crystals, strict=True)
    ]
    moduli, elastic, vibrational = zip(*judged, strict=True)
    n_atoms, modes = len(coordinates.reference), coordinates.n_modes
    return VariantCrystals(
        lengths=where_found(found, np.array([each.lengths for each in crystals])),
        energy=energy / n_atoms,
        moduli={
            name: where_found(found, np.array([each[name] for each in moduli])) * GPA
            for name in moduli[0]
        },
        elastic=where_found(found, np.array(elastic)),
        vibrational=where_found(found, np.array(vibrational)),
        q_points=q_points,
        crystal=mean,
        strains=np.concatenate([np.zeros((modes, 3, 3)), coordinates.strains]),
        descriptors=walks.descriptors / n_atoms,
        gradient=walks.gradient / n_atoms,
        curvatures=walks.curvatures / n_atoms,
        modulus_derivatives=_modulus_derivatives(potential, mean, walks),
        volume=coordinates.volume(q) / n_atoms,
        parameter_curvature=walks.parameter_curvature / n_atoms,
    )


def held_energies(potential, variants, mean):
    """Energies per atom of the mean's crystal with every variant's parameters, eV."""
    coordinates = coordinates_of(mean.primitive(), Freedom(np.zeros((0, 3, 3))))
    at_rest = np.zeros(coordinates.size)
    with potential.evaluator(coordinates) as evaluator:
        energies = [
            [
                evaluator.energy(at_rest, variants.theta_at(sample, each))
                for each in variants.lambdas
            ]
            for sample in range(len(variants.delta))
        ]
    return np.array(energies) / len(coordinates.reference)


def _judged(potential, crystal, q_points):
    """Moduli (eV/Angstrom^3), the lowest elastic curvature, and that at each q-point.

    crystal: relaxed with the potential.
    """
    elastic = _curvatures(potential, distortions(crystal))
    reciprocal = 2 * np.pi * np.linalg.inv(crystal.conventional().cell.array).T
    matrices = potential.dynamical_matrices(crystal.primitive(), q_points @ reciprocal)
    lowest = np.linalg.eigvalsh(matrices)[:, 0]
    return _moduli(potential, crystal, elastic), np.linalg.eigvalsh(elastic)[0], lowest


def _curvatures(potential, coordinates):
    """Second derivatives of the energy in some coordinates, per volume, (n, n), eV/Angstrom^3."""
    with potential.evaluator(coordinates) as evaluator:
        hessian = evaluator.hessian(np.zeros(coordinates.size), potential.theta)
    return hessian / coordinates.reference.get_volume()


def _moduli(potential, crystal, elastic):
    """The moduli of a crystal, a dict; elastic: curvatures in its `distortions`."""
    if not crystal.is_simple:
        constants = relaxed(elastic, len(ALL_STRAINS))
        identity = np.einsum("kii->k", ALL_STRAINS)
        return {"bulk_modulus": 1 / (identity @ np.linalg.solve(constants, identity))}
    constants, bulk = relaxed(elastic, len(distortions(crystal).strains)), {}
    if crystal.c is None:
        bulk = {"bulk_modulus": _curvatures(potential, _swelling(crystal))[-1, -1] / 9}
    return bulk | {name: np.sum(constants * form) for name, form in _forms(crystal).items()}


def _forms(crystal):
    """What to sum of relaxed curvatures for each elastic constant but the bulk modulus."""
    return CUBIC_MODULI if crystal.c is None else HEXAGONAL_MODULI


def _swelling(crystal):
    """Coordinates of a cubic crystal's primitive cell whose last one is its linear size."""
    return coordinates_of(crystal.primitive(), Freedom())


def _modulus_derivatives(potential, crystal, walks):
    """Derivatives of the relaxed crystal's moduli by the parameters, (P,), GPa per unit of each.

    A modulus changes by the parameters themselves, and because the crystal's lengths follow them:
    dM/dTheta = M_Theta + M_e de/dTheta. None of a crystal that is not `is_simple`.
    """
    if not crystal.is_simple:
        return {}
    own = _own_derivatives(potential, crystal)
    ends = []
    for step in STRAIN_STEP * np.eye(walks.coordinates.size):
        there = [crystal.with_cell(walks.coordinates.structure(sign * step)) for sign in (1, -1)]
        ends.append(
            [_moduli(potential, at, _curvatures(potential, distortions(at))) for at in there]
        )
    return {
        name: GPA
        * (
            own[name]
            + np.array([ahead[name] - behind[name] for ahead, behind in ends])
            @ walks.tangents
            / (2 * STRAIN_STEP)
        )
        for name in own
    }


def _own_derivatives(potential, crystal):
    """Derivatives of the moduli by the parameters at fixed lengths, (P,), eV/Angstrom^3 a unit."""
    columns = _columns(potential, distortions(crystal))
    along = relaxing(columns @ potential.weights, len(distortions(crystal).strains))
    changes = np.einsum("is,ijp,jt->pst", along, columns[..., :-1], along)
    own = {name: np.tensordot(changes, form, axes=2) for name, form in _forms(crystal).items()}
    if crystal.c is None:
        own["bulk_modulus"] = _columns(potential, _swelling(crystal))[-1, -1, :-1] / 9
    return own


def _columns(potential, coordinates):
    """The same of all columns, (n, n, P + 1)."""
    with potential.evaluator(coordinates) as evaluator:
        return evaluator.hessian_columns() / coordinates.reference.get_volume()
