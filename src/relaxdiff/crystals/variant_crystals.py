"""The relaxed perfect crystals of all variants, in one form for all lattices."""

from dataclasses import dataclass

import numpy as np

from relaxdiff.structures import PerfectCrystal


@dataclass(frozen=True)
class VariantCrystals:
    """The relaxed crystals of all variants, and the mean's expansion in s strains, per atom.

    lengths: lattice parameters, Angstrom, (sample, lambda, 1 or 2); energy: per atom without energy
    shift, eV; moduli: for each elastic constant, GPa, (sample, lambda); elastic: the lowest
    curvature in strains and internal displacements; vibrational: lowest curvatures at `q_points`,
    (sample, lambda, q), these in units of the conventional cell's reciprocal vectors, (q, 3); all
    NaN where there is no minimum.

    crystal: the mean's PerfectCrystal; strains: (s, 3, 3); descriptors: columns, (P + 1,);
    gradient: their derivatives by the strains, (s, P + 1); curvatures: (s, s, P + 1);
    modulus_derivatives: of each modulus of the relaxed mean crystal, (P,), GPa/eV; volume: per
    atom, Angstrom^3, (sample, lambda), where the lengths do not determine it; parameter_curvature:
    d2U/dTheta2 per atom at rest, (P, P), None where U is linear in Theta.
    """

    lengths: np.ndarray
    energy: np.ndarray
    moduli: dict
    elastic: np.ndarray
    vibrational: np.ndarray
    q_points: np.ndarray
    crystal: PerfectCrystal
    strains: np.ndarray
    descriptors: np.ndarray
    gradient: np.ndarray
    curvatures: np.ndarray
    modulus_derivatives: dict
    volume: np.ndarray | None = None
    parameter_curvature: np.ndarray | None = None

    def strain_derivatives(self, weights):
        """de/dTheta of the relaxed mean crystal, (s, P), 1/eV; weights: the mean's, (P + 1,)."""
        return -np.linalg.solve(self.curvatures @ weights, self.gradient[:, :-1])


def where_found(found, values):
    """Array over all variants with the values (V, ...) of those found; NaN for the others.

    found: mask of any shape, with V entries true.
    """
    everywhere = np.full((*found.shape, *np.shape(values)[1:]), np.nan)
    everywhere[found] = values
    return everywhere
