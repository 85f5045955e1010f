"""The crystal of every variant of a potential that is not linear in its parameters.

Each is really relaxed, and its own second derivatives give its elastic constants and its phonons:
nothing is interpolated. A primitive cell is a few atoms, and many variants are evaluated at once.
"""

import functools
from dataclasses import dataclass

import numpy as np

from relaxdiff.crystals.elasticity import ALL_STRAINS, distortions, relaxed
from relaxdiff.crystals.moduli import ElasticCrystal, elastic_coordinates, forms_of
from relaxdiff.crystals.stability import commensurate_q_points
from relaxdiff.crystals.variant_crystals import VariantCrystals, where_found
from relaxdiff.crystals.walked_crystals import CrystalWalks, relaxed_crystals
from relaxdiff.minima import many_in_basin
from relaxdiff.posterior import Variants
from relaxdiff.potentials import Potential
from relaxdiff.structures import Freedom, PerfectCrystal, coordinates_of
from relaxdiff.units import GPA

AT_ONCE = 320  # variants; what is kept of them at a time decides how much memory it takes


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
    crystals = _Crystals(potential, mean, walks, variants)
    theta = variants.every_theta[found.ravel()]
    moduli, elastic, vibrational = crystals.judged(theta, q[found], q_points)
    n_atoms, modes = len(coordinates.reference), coordinates.n_modes
    lengths = np.linalg.norm(crystals.conventional(q[found])[1], axis=-1)
    return VariantCrystals(
        lengths=where_found(found, lengths[:, [0] if mean.c is None else [0, 2]]),
        energy=energy / n_atoms,
        moduli={name: where_found(found, each) * GPA for name, each in moduli.items()},
        elastic=where_found(found, elastic),
        vibrational=where_found(found, vibrational),
        q_points=q_points,
        crystal=mean,
        strains=np.concatenate([np.zeros((modes, 3, 3)), coordinates.strains]),
        descriptors=walks.descriptors / n_atoms,
        gradient=walks.gradient / n_atoms,
        curvatures=walks.curvatures / n_atoms,
        modulus_derivatives=crystals.modulus_derivatives(),
        volume=coordinates.volume(q) / n_atoms,
        parameter_curvature=walks.parameter_curvature / n_atoms,
    )


def held_energies(potential, variants, mean):
    """Energies per atom of the mean's crystal with every variant's parameters, eV."""
    coordinates = coordinates_of(mean.primitive(), Freedom(np.zeros((0, 3, 3))))
    many = many_in_basin(potential, variants.every_theta, coordinates)
    energies, _, _ = many.second_order(variants.every_theta)
    shape = len(variants.delta), len(variants.lambdas)
    return energies.reshape(shape) / len(coordinates.reference)


@dataclass(frozen=True)
class _Crystals:
    """Crystals of variants, in the coordinates q of the mean's conventional cell.

    mean: PerfectCrystal; walks: CrystalWalks; variants: Variants.
    """

    potential: Potential
    mean: PerfectCrystal
    walks: CrystalWalks
    variants: Variants

    def conventional(self, q):
        """Positions (V, N, 3) and cells (V, 3, 3) of the conventional cells at q (V, n)."""
        coordinates = self.walks.coordinates
        reference, modes = coordinates.reference, coordinates.n_modes
        deformation = np.eye(3) + coordinates.strain_of(q)
        moved = (coordinates.modes @ q[:, :modes].T).T.reshape(len(q), -1, 3)
        return (reference.positions + moved) @ deformation, reference.cell.array @ deformation

    def primitive(self, q):
        """The same of the primitive cells."""
        positions, cells = self.conventional(q)
        whole, primitive = self.walks.coordinates.reference, self.mean.primitive()
        scale = np.linalg.inv(whole.cell.array)
        apart = (primitive.positions[:, None] - whole.positions) @ scale
        shifts = apart.round()
        same = np.abs(apart - shifts).max(axis=-1).argmin(axis=1)
        shifts = shifts[np.arange(len(same)), same]
        return positions[:, same] + shifts @ cells, primitive.cell.array @ scale @ cells

    def judged(self, theta, q, q_points):
        """Moduli (eV/Angstrom^3, a dict), the lowest elastic curvature, and that at each q-point.

        theta: (V, P), q: (V, n), of relaxed crystals.
        """
        parts = []
        for first in range(0, len(q), AT_ONCE):
            some = theta[first : first + AT_ONCE], q[first : first + AT_ONCE]
            moduli, elastic = self.moduli(*some)
            cells = self.conventional(some[1])[1]
            waves = q_points @ (2 * np.pi * np.linalg.inv(cells).swapaxes(1, 2))
            matrices = self._elastic.dynamical_matrices(some[0], self.primitive(some[1]), waves)
            lowest = np.linalg.eigvalsh(matrices)[..., 0]
            parts.append((moduli, np.linalg.eigvalsh(elastic)[:, 0], lowest))
        moduli, elastic, vibrational = zip(*parts, strict=True)
        joined = {name: np.concatenate([each[name] for each in moduli]) for name in moduli[0]}
        return joined, np.concatenate(elastic), np.concatenate(vibrational)

    def moduli(self, theta, q):
        """Moduli, a dict of (V,), and the curvatures that they come from, eV/Angstrom^3."""
        positions, cells = self.primitive(q)
        _, _, hessian = self._elastic.second_order(theta, structures=(positions, cells))
        curvatures = hessian / np.abs(np.linalg.det(cells))[:, None, None]
        if self.mean.is_simple:
            constants = relaxed(curvatures, len(elastic_coordinates(self.mean).strains))
            forms = forms_of(self.mean).items()
            return {name: (constants * form).sum(axis=(1, 2)) for name, form in forms}, curvatures
        constants = relaxed(curvatures, len(ALL_STRAINS))
        identity = np.einsum("kii->k", ALL_STRAINS)
        compliance = np.linalg.solve(constants, identity[:, None])[..., 0] @ identity
        return {"bulk_modulus": 1 / compliance}, curvatures

    def modulus_derivatives(self):
        """Derivatives of the relaxed mean's moduli by the parameters, (P,), GPa per unit of each.

        None of a crystal that is not `is_simple`.
        """
        if not self.mean.is_simple:
            return {}
        theta, of = self.potential.theta, ElasticCrystal(self.potential, self.mean)
        columns = of.columns(theta, self.mean)
        lengths = of.lengths_derivative(columns, self.potential.weights)
        return of.modulus_derivatives(theta, self.mean, columns, lengths)

    @functools.cached_property
    def _elastic(self):
        coordinates = elastic_coordinates if self.mean.is_simple else distortions
        return self._in(coordinates(self.mean))

    def _in(self, coordinates):
        """ManyStructures in coordinates of the primitive cell."""
        every = self.variants.every_theta
        return many_in_basin(self.potential, every, self.walks.coordinates, coordinates)
