"""The cubic crystal of every variant: lattice parameter, energy, elastic constants, phonons.

At a given lattice parameter a, energy and curvatures are linear in Theta; they are interpolated
in a.
"""

import numpy as np

from relaxdiff.crystals.elasticity import (
    CUBIC_MODULI,
    CUBIC_STRAINS,
    distortions,
    relaxed,
    relaxing,
)
from relaxdiff.crystals.interpolation import interpolate
from relaxdiff.crystals.one_length import (
    bulk_descriptors,
    edges_around,
    follow_minima,
    relax_reference_bulk,
    strain_derivatives,
)
from relaxdiff.crystals.stability import (
    commensurate_q_points,
    dynamical_matrices,
    lowest_curvatures,
)
from relaxdiff.crystals.variant_crystals import VariantCrystals, where_found
from relaxdiff.potentials import second_derivatives
from relaxdiff.units import GPA

ELASTIC_DEGREE = 16  # of the interpolants on each panel: moduli are good to 1e-4 GPa
PHONON_DEGREE = 8  # the same for dynamical matrices, which are costly and where only signs matter


def cubic_crystals(potential, weights, zero, crystal, repeats):
    """VariantCrystals of a cubic crystal whose atoms are held by symmetry.

    potential: SnapPotential at the mean; weights: shape (sample, lambda, P + 1); zero: index of
    lambda = 0; crystal: PerfectCrystal to start from; repeats: the supercell whose q-points are
    tested. Raises RelaxationError when E(a) of the mean has no minimum.
    """
    q_points = commensurate_q_points(crystal, repeats)
    with potential.descriptor_calculator() as calculator:
        descriptors = bulk_descriptors(calculator, crystal)
        start = relax_reference_bulk(descriptors, potential.weights)
        minima = follow_minima(descriptors, weights, start, zero)
        edges = edges_around(descriptors.edges, minima.lattice_parameter)
        matrices = interpolate(
            lambda a: dynamical_matrices(calculator, crystal.at(a), repeats, q_points),
            edges,
            PHONON_DEGREE,
        )
    curvatures = interpolate(
        lambda a: curvature_densities(potential, crystal.at(a)), edges, ELASTIC_DEGREE
    )
    found = np.isfinite(minima.lattice_parameter)
    at, having = minima.lattice_parameter[found], weights[found]
    weighted = curvatures.weighted(at, having)
    elastic = where_found(found, relaxed(weighted, len(CUBIC_STRAINS))) * GPA
    moduli = {name: np.tensordot(elastic, form, axes=2) for name, form in CUBIC_MODULI.items()}
    first, second = strain_derivatives(descriptors, start)
    return VariantCrystals(
        lengths=minima.lattice_parameter[..., None],
        energy=minima.energy,
        moduli={"bulk_modulus": _bulk_modulus(crystal, minima.curvature, minima.lattice_parameter)}
        | moduli,
        elastic=where_found(found, np.linalg.eigvalsh(weighted)[:, 0]),
        vibrational=where_found(found, lowest_curvatures(matrices, at, having)),
        q_points=q_points,
        crystal=crystal.at(start),
        strains=np.eye(3)[None],
        descriptors=descriptors([start])[0],
        gradient=first[None],
        curvatures=second[None, None],
        modulus_derivatives=_modulus_derivatives(
            crystal, descriptors, curvatures, start, potential.weights
        ),
    )


def curvature_densities(potential, crystal):
    """K of `elasticity` over the volume for all columns, (n, n, P + 1), eV/Angstrom^3.

    Valid at lattice parameters where the variant's pressure vanishes.
    """
    coordinates = distortions(crystal)
    with potential.evaluator(coordinates) as evaluator:
        tensor = second_derivatives(evaluator, np.zeros(coordinates.size))
    return tensor / coordinates.reference.get_volume()


def _bulk_modulus(crystal, curvature, lattice_parameter):
    """V d2E/dV2 in GPa, from d2E/da2 of an atom, eV/Angstrom^2, at zero pressure."""
    return crystal.atoms_per_cell * curvature / (9 * lattice_parameter) * GPA


def _modulus_derivatives(crystal, descriptors, curvatures, at, weights):
    """Derivatives of the relaxed crystal's moduli by the parameters at the mean, (P,), GPa/eV.

    A modulus M = Theta . M_l(a) changes by its own weights and because the lattice parameter
    follows: dM/dTheta_l = M_l + dM/da a_l, with a_l = -(dD_l/da) / (d2E/da2).
    """
    slope = descriptors.derivative()
    curve = slope.derivative()
    first, second, third = (p([at])[0] for p in (slope, curve, curve.derivative()))
    follows = -first[:-1] / (second @ weights)
    columns = curvatures([at])[0]
    along = relaxing(columns @ weights, len(CUBIC_STRAINS))
    elastic, by_length = (
        np.einsum("is,ijp,jt->stp", along, each, along)
        for each in (columns, curvatures.derivative()([at])[0])
    )
    # B is a multiple of d2E/da2 / a.
    pairs = {
        "bulk_modulus": (
            _bulk_modulus(crystal, second, at) / GPA,
            _bulk_modulus(crystal, third - second / at, at) / GPA,
        )
    }
    for name, form in CUBIC_MODULI.items():
        pairs[name] = tuple(np.tensordot(form, each, axes=2) for each in (elastic, by_length))
    return {
        name: (own[:-1] + (changes @ weights) * follows) * GPA
        for name, (own, changes) in pairs.items()
    }
