"""The hexagonal crystal of every variant: two lattice parameters, really relaxed.

The elastic constants of a variant are differences of gradients at its minimum. Dynamical matrices,
where only signs of eigenvalues matter, are interpolated over the lattice parameters of variants.
"""

import itertools
from dataclasses import replace

import numpy as np

from relaxdiff.crystals.elasticity import (
    HEXAGONAL_MODULI,
    HEXAGONAL_STRAINS,
    distortions,
    relaxed,
    relaxing,
)
from relaxdiff.crystals.interpolation import interpolate_patch
from relaxdiff.crystals.stability import (
    commensurate_q_points,
    dynamical_matrices,
    lowest_curvatures,
)
from relaxdiff.crystals.variant_crystals import VariantCrystals, where_found
from relaxdiff.crystals.walked_crystals import CrystalWalks
from relaxdiff.minima import crystal_of, relaxed_crystal
from relaxdiff.posterior import Variants, variant_weights
from relaxdiff.potentials import STRAIN_STEP, second_derivatives, weights_of
from relaxdiff.units import GPA

STRAINS = np.array([np.eye(3), np.diag([0.5, 0.5, -1.0])])  # what keeps the crystal hexagonal
PHONON_DEGREE = 4  # of the interpolant in each lattice parameter: only signs matter, as in cubic.py
NARROWEST = 1e-3  # Angstrom; its smallest span, where all lattice parameters are alike


def hexagonal_crystals(potential, posterior, lambdas, crystal, repeats, report):
    """VariantCrystals of hcp; a crystal strained by more than `in_basin` allows has no minimum.

    potential: SnapPotential at the mean of the posterior; crystal: PerfectCrystal to start from;
    repeats: the supercell whose q-points are tested; report: called with a line of text after
    each sample. Raises RelaxationError when the mean itself has no crystal.
    """
    minimum = relaxed_crystal(potential, crystal)
    coordinates = replace(minimum.coordinates, strains=STRAINS)
    mean = crystal_of(minimum, crystal)
    variants, rows = Variants(posterior, lambdas), []
    with CrystalWalks(potential, coordinates) as walks, Elasticity(potential, mean) as elasticity:
        for sample in range(len(variants.delta)):
            row = _relax_sample(walks, elasticity, walks.line(variants, sample))
            rows.append(row)
            report(f"sample {sample}: {np.isfinite(row[0]).sum()} of {len(lambdas)} have a minimum")
        derivatives = elasticity.modulus_derivatives(potential.theta, walks.tangents)
    energy, strains, elastic, constants = (np.array(part) for part in zip(*rows, strict=True))
    lengths = mean.lengths * (1 + np.einsum("slk,kii->sli", strains, STRAINS)[..., ::2])
    vibrational, q_points = _phonons(
        potential, mean, variant_weights(posterior, lambdas), lengths, repeats
    )
    n_atoms = len(minimum.atoms)
    return VariantCrystals(
        lengths=lengths,
        energy=energy / n_atoms,
        moduli=_moduli(constants),
        elastic=elastic,
        vibrational=vibrational,
        q_points=q_points,
        crystal=mean,
        strains=STRAINS,
        descriptors=walks.descriptors / n_atoms,
        gradient=walks.gradient / n_atoms,
        curvatures=walks.curvatures / n_atoms,
        modulus_derivatives=derivatives,
    )


class Elasticity:
    """Elastic constants of strained hexagonal crystals. A context manager.

    crystal: PerfectCrystal at zero strain; strains are amplitudes of STRAINS.
    """

    def __init__(self, potential, crystal):
        self.coordinates = distortions(crystal)
        self.evaluator = potential.evaluator(self.coordinates)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.evaluator.close()

    def curvatures(self, strains):
        """K of all columns, (n, n, P + 1), in strains on top of the given ones, (2,), and volume.

        Valid at strains where the variant's stress vanishes: a strain B of the unstrained crystal
        is then the symmetric part of F^-1 B on top of F. The volume is in Angstrom^3.
        """
        stretch = np.eye(3) + np.tensordot(strains, STRAINS, axes=1)
        basis = self.coordinates.strains
        at = np.zeros(self.coordinates.size)
        at[self.coordinates.n_modes :] = np.tensordot(basis, stretch - np.eye(3), axes=2)
        # The strains of `elasticity` have unit norm, and each stays a multiple of itself.
        on_top = (np.linalg.solve(stretch, basis) * basis).sum(axis=(1, 2))
        scale = np.append(np.ones(self.coordinates.n_modes), on_top)
        tensor = second_derivatives(self.evaluator, at) / np.multiply.outer(scale, scale)[..., None]
        return tensor, float(self.coordinates.volume(at))

    def of(self, theta, strains):
        """Lowest eigenvalue of K, and relaxed curvatures over the volume, (strain, strain)."""
        tensor, volume = self.curvatures(strains)
        weighted = tensor @ weights_of(theta)
        return np.linalg.eigvalsh(weighted)[0], relaxed(weighted, len(HEXAGONAL_STRAINS)) / volume

    def modulus_derivatives(self, theta, tangents):
        """Derivatives by the parameters of the relaxed mean crystal's constants, (P,), GPa/eV.

        theta: the mean's, (P,); tangents: of its strains by the parameters, (2, P). An
        elastic constant changes by its own columns and because the crystal strains.
        """
        tensor, volume = self.curvatures(np.zeros(len(STRAINS)))
        along = relaxing(tensor @ weights_of(theta), len(HEXAGONAL_STRAINS))
        own = np.einsum("is,ijp,jt->pst", along, tensor[..., :-1], along) / volume
        steps = STRAIN_STEP * np.eye(len(STRAINS))
        by_strain = [
            (self.of(theta, step)[1] - self.of(theta, -step)[1]) / (2 * STRAIN_STEP)
            for step in steps
        ]
        return _moduli(own + np.tensordot(tangents.T, by_strain, axes=1))


def _moduli(curvatures):
    """Elastic constants in GPa from relaxed curvatures, (..., strain, strain), eV/Angstrom^3."""
    return {
        name: np.tensordot(curvatures, form, axes=2) * GPA
        for name, form in HEXAGONAL_MODULI.items()
    }


def _relax_sample(walks, elasticity, line):
    """Energy of the cell (eV), strains, lowest elastic curvature and relaxed ones, over lambda.

    line: the sample's Line. NaN where there is no minimum; stability is tested later.
    """
    size = len(HEXAGONAL_STRAINS)
    shapes = [(), (len(STRAINS),), (), (size, size)]
    found = [np.full((len(line.lambdas), *shape), np.nan) for shape in shapes]
    outcomes = walks.outcomes(line)
    for place in itertools.chain(*line.branches()):
        outcome = outcomes[place]
        if outcome.status == "converged":
            judged = elasticity.of(line.theta_at(line.lambdas[place]), outcome.q)
            values = (outcome.energy, outcome.q, *judged)
            for part, value in zip(found, values, strict=True):
                part[place] = value
    return found


def _phonons(potential, crystal, weights, lengths, repeats):
    """Lowest curvature of every variant at each q-point, (sample, lambda, q); q-points, (q, 3)."""
    q_points = commensurate_q_points(crystal, repeats)
    found = np.isfinite(lengths[..., 0])
    at = lengths[found]
    middle, half = (at.max(axis=0) + at.min(axis=0)) / 2, np.ptp(at, axis=0) / 2
    half = np.maximum(half, NARROWEST / 2)
    with potential.descriptor_calculator() as calculator:
        matrices = interpolate_patch(
            lambda a, c: dynamical_matrices(
                calculator, replace(crystal, a=a, c=c), repeats, q_points
            ),
            middle - half,
            middle + half,
            PHONON_DEGREE,
        )
    return where_found(found, lowest_curvatures(matrices, at, weights[found])), q_points
