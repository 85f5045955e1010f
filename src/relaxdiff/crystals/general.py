"""Crystals of any shape: several lengths and angles, atoms that symmetry does not hold in place.

Every variant's crystal is really relaxed. Its elastic constants and dynamical matrices are linear
in Theta, and are interpolated over the strains and displacements of variants: quadratically along
each coordinate, without products of two. They give stability and the bulk modulus.
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.crystals.cubic import curvature_densities
from relaxdiff.crystals.elasticity import ALL_STRAINS, relaxed
from relaxdiff.crystals.stability import commensurate_q_points, dynamical_matrices
from relaxdiff.crystals.variant_crystals import VariantCrystals, where_found
from relaxdiff.crystals.walked_crystals import relaxed_crystals
from relaxdiff.posterior import Variants, variant_weights
from relaxdiff.units import GPA

NARROWEST = 1e-3  # Angstrom; an interpolant spans at least this to each side
# Number of variants whose matrices are in memory at a time.
AT_ONCE = 100


def general_crystals(potential, posterior, lambdas, crystal, repeats, report):
    """VariantCrystals of a crystal that is not `is_simple`; its only modulus is the bulk modulus.

    potential: SnapPotential at the mean of the posterior; crystal: PerfectCrystal to start from;
    repeats: the supercell whose q-points are tested; report: called with a line of text when
    all variants are relaxed. Raises RelaxationError when the mean itself has no crystal.
    """
    variants = Variants(posterior, lambdas)
    mean, walks, energy, q = relaxed_crystals(potential, variants, crystal, report)
    coordinates, found = walks.coordinates, np.isfinite(energy)
    weights = variant_weights(posterior, lambdas)[found]
    q_points = commensurate_q_points(mean, repeats)

    def at(place):
        return mean.with_cell(coordinates.structure(place))

    span = np.maximum(np.abs(q[found]).max(axis=0), NARROWEST / coordinates.scale)
    elastic = star_of(lambda place: curvature_densities(potential, at(place)), span)
    with potential.descriptor_calculator() as calculator:
        phonons = star_of(
            lambda place: dynamical_matrices(calculator, at(place), repeats, q_points), span
        )
    lowest, bulk, vibrational = _judged(elastic, phonons, q[found], weights)
    n_atoms, modes = len(coordinates.reference), coordinates.n_modes
    strains = coordinates.strain_of(q)
    edge = coordinates.reference.cell.array[0] @ (np.eye(3) + strains)
    return VariantCrystals(
        lengths=np.linalg.norm(edge, axis=-1)[..., None],
        energy=energy / n_atoms,
        moduli={"bulk_modulus": where_found(found, bulk) * GPA},
        elastic=where_found(found, lowest),
        vibrational=where_found(found, vibrational),
        q_points=q_points,
        crystal=mean,
        strains=np.concatenate([np.zeros((modes, 3, 3)), coordinates.strains]),
        descriptors=walks.descriptors / n_atoms,
        gradient=walks.gradient / n_atoms,
        curvatures=walks.curvatures / n_atoms,
        modulus_derivatives={},
        volume=coordinates.volume(q) / n_atoms,
    )


@dataclass(frozen=True)
class Star:
    """An array-valued function of n coordinates, known at 0 and at both ends of each coordinate.

    span: distance of the ends from 0, (n,); coefficients: of 1, x_1 ... x_n and x_1^2 ... x_n^2
    with x = q / span, shape (1 + 2n, ..., column).
    """

    span: np.ndarray
    coefficients: np.ndarray

    def weighted(self, q, weights):
        """Values at q, (V, n), contracted with weights, (V, column), over the last axis."""
        x = q / self.span
        powers = np.concatenate([np.ones((len(q), 1)), x, x**2], axis=1)
        return np.einsum("vk,vp,k...p->v...", powers, weights, self.coefficients, optimize=True)


def star_of(function, span):
    """The Star through `function(q)` -> array, 1 + 2n evaluations."""
    middle = function(np.zeros(len(span)))
    ends = [(function(step), function(-step)) for step in np.diag(span)]
    first = [(ahead - behind) / 2 for ahead, behind in ends]
    second = [(ahead + behind) / 2 - middle for ahead, behind in ends]
    return Star(span, np.array([middle, *first, *second]))


def _judged(elastic, phonons, q, weights):
    """Lowest elastic curvature, bulk modulus (eV/Angstrom^3) and lowest curvature at each q-point.

    elastic, phonons: Stars of `curvature_densities` and `dynamical_matrices`; q, weights: of V
    variants. The bulk modulus is that of Reuss, 1 / (t^T C^-1 t) with the identity t: the crystal
    changes its shape under pressure.
    """
    identity = np.einsum("kii->k", ALL_STRAINS)
    parts = []
    for first in range(0, len(q), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        curvatures = elastic.weighted(q[some], weights[some])
        constants = relaxed(curvatures, len(ALL_STRAINS))
        compliance = np.linalg.solve(constants, identity[:, None])[..., 0] @ identity
        matrices = phonons.weighted(q[some], weights[some])
        lowest = np.linalg.eigvalsh((matrices + matrices.swapaxes(-1, -2)) / 2)[..., 0]
        parts.append((np.linalg.eigvalsh(curvatures)[:, 0], 1 / compliance, lowest))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))
