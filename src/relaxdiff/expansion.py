"""Taylor expansions of a relaxed structure's energy and volume in the change of parameters.

With dTheta the change and one implicit derivative at the reference (eqs 7 and 35 of
arXiv:2407.02414):

    U* = U + dTheta . D + 1/2 dTheta . (G^T dq*/dTheta) dTheta
    strain* = dstrain/dTheta . dTheta,     V* = V (1 + strain*)^3

The factor 1/2: the second-order terms are dTheta . G^T dq + 1/2 dq^T H dq, and with
dq = -H^-1 G dTheta the second is -1/2 of the first. (The paper's eq 36 hides it in H_zeta.)
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Expansion:
    """What one implicit derivative says of a structure near its reference minimum.

    energy: eV; volume: Angstrom^3; descriptors: (P,); curvature: G^T dq*/dTheta, (level, P, P);
    strain_derivative: (level, P).
    """

    energy: float
    volume: float
    descriptors: np.ndarray
    curvature: np.ndarray
    strain_derivative: np.ndarray

    def predict(self, delta_theta, lambdas):
        """Energies (eV) and volumes (Angstrom^3) at parameters mean + lambda delta_theta.

        delta_theta: shape (sample, P); lambdas: shape (lambda,).
        Returns two arrays of shape (level, sample, lambda).
        """
        first = delta_theta @ self.descriptors
        second = np.einsum("sp,lpr,sr->ls", delta_theta, self.curvature, delta_theta, optimize=True)
        strain = (self.strain_derivative @ delta_theta.T)[:, :, None] * lambdas
        energy = self.energy + first[:, None] * lambdas + 0.5 * second[:, :, None] * lambdas**2
        return energy, self.volume * (1 + strain) ** 3


def expansion_of_defect(derivative):
    """The Expansion in a derivative Dataset (see `implicit_derivative`)."""
    return Expansion(
        energy=float(derivative["energy"]),
        volume=float(derivative["volume"]),
        descriptors=derivative["descriptors"].values,
        curvature=derivative["energy_curvature"].values,
        strain_derivative=derivative["level_strain_derivative"].values,
    )


def expansion_of_bulk(bulk, levels, atoms_per_cell=2):
    """The Expansion of the perfect crystal per atom, at the levels' own approximations.

    bulk: Dataset of `bulk_of_variants`. Nothing moves in a perfect crystal but the cell: 'c' and
    'ih' keep it, 'h' and 'h+ih' strain it.
    """
    gradient = bulk["reference_strain_gradient"].values
    response = -gradient / float(bulk["reference_strain_curvature"])
    strained = np.array(["h" in level.split("+") for level in levels], dtype=float)
    return Expansion(
        energy=float(bulk["reference_energy"]),
        volume=float(bulk["reference_lattice_parameter"]) ** 3 / atoms_per_cell,
        descriptors=bulk["reference_descriptors"].values,
        curvature=strained[:, None, None] * np.outer(gradient, response),
        strain_derivative=strained[:, None] * response,
    )


def predicted_structure(reference, derivative, delta_theta):
    """The Atoms predicted at h+ih for a change of parameters, shape (P,).

    reference: the relaxed Atoms that `derivative` belongs to.
    """
    shift = np.einsum("pax,p->ax", derivative["position_derivative"].values, delta_theta)
    stretch = 1 + float(derivative["strain_derivative"].values @ delta_theta)
    atoms = reference.copy()
    atoms.set_cell(reference.cell.array * stretch)
    atoms.set_positions((reference.positions + shift) * stretch)
    return atoms
