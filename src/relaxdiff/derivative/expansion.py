"""Taylor expansions of a relaxed structure's energy and volume in the change of parameters.

With dTheta the change and one implicit derivative at the reference (eqs 7 and 35 of
arXiv:2407.02414):

    U* = U + dTheta . D + 1/2 dTheta . (d2U/dTheta2 + G^T dq*/dTheta) dTheta
    e_k* = de_k/dTheta . dTheta,     V* = V det(1 + sum_k e_k* B_k)

for a cell that strains by the matrices B_k; if the identity is the only one, V* = V (1 + e*)^3. If
U is linear in Theta, d2U/dTheta2 is 0.

The factor 1/2: the second-order terms are dTheta . G^T dq + 1/2 dq^T H dq, and with
dq = -H^-1 G dTheta the second is -1/2 of the first. (The paper's eq 36 hides it in H_zeta.)
"""

from dataclasses import dataclass

import numpy as np

from relaxdiff.derivative.levels import DERIVATIVE_LEVELS, level_derivatives
from relaxdiff.structures import relative_volume


@dataclass(frozen=True)
class Expansion:
    """Expansion of a structure near its reference minimum, from one implicit derivative.

    energy: eV; volume: Angstrom^3; descriptors: dU/dTheta, (P,); curvature: d2U/dTheta2 +
    G^T dq*/dTheta, (level, P, P);
    strain_derivative: (level, P, strain), h+ih last; strain_basis: B_k, (strain, 3, 3).
    """

    energy: float
    volume: float
    descriptors: np.ndarray
    curvature: np.ndarray
    strain_derivative: np.ndarray
    strain_basis: np.ndarray

    def predict(self, delta_theta, lambdas):
        """Energies (eV) and volumes (Angstrom^3) at parameters mean + lambda delta_theta.

        delta_theta: shape (sample, P); lambdas: shape (lambda,).
        Returns two arrays of shape (level, sample, lambda).
        """
        first = delta_theta @ self.descriptors
        second = np.einsum("sp,lpr,sr->ls", delta_theta, self.curvature, delta_theta, optimize=True)
        strains = np.einsum("lpk,sp,x->lsxk", self.strain_derivative, delta_theta, lambdas)
        energy = self.energy + first[:, None] * lambdas + 0.5 * second[:, :, None] * lambdas**2
        return energy, self.volume_at(strains)

    def volume_at(self, strains):
        """Volume of the strained cell, Angstrom^3; strains: (..., strain)."""
        return self.volume * relative_volume(strains, self.strain_basis)

    def volume_derivative(self):
        """dV/dTheta of the relaxed structure, (P,), Angstrom^3 per eV: dV = V tr(dE)."""
        traces = np.trace(self.strain_basis, axis1=1, axis2=2)
        return self.volume * self.strain_derivative[-1] @ traces


def expansion_of_defect(derivative):
    """The Expansion in a derivative Dataset (see `implicit_derivative`)."""
    return Expansion(
        energy=float(derivative["energy"]),
        volume=float(derivative["volume"]),
        descriptors=derivative["descriptors"].values,
        curvature=derivative["energy_curvature"].values,
        strain_derivative=derivative["level_strain_derivative"].values,
        strain_basis=derivative["strain_basis"].values,
    )


def expansion_of_crystal(crystal, levels):
    """The Expansion of the perfect crystal per atom, at the levels' own approximations.

    crystal: Dataset of `crystal_of_variants`. In most crystals only the cell relaxes. In a crystal
    held in a plane atoms may relax too; their displacements precede the strain.
    """
    gradient, modes = crystal["strain_gradient"].values, crystal.sizes.get("displacement_mode", 0)
    derivatives = level_derivatives(
        crystal["strain_curvature"].values, gradient, strains=len(gradient) - modes
    )
    derivatives = derivatives[[DERIVATIVE_LEVELS.index(level) for level in levels]]
    own = crystal.get("reference_parameter_curvature", 0.0)
    return Expansion(
        energy=float(crystal["reference_energy"]),
        volume=float(crystal["reference_volume"]),
        descriptors=crystal["reference_descriptors"].values,
        curvature=np.asarray(own) + gradient.T @ derivatives,
        strain_derivative=derivatives.swapaxes(1, 2),
        strain_basis=crystal["strain_basis"].values,
    )


def predicted_structure(reference, derivative, delta_theta):
    """The Atoms predicted at h+ih for a change of parameters, shape (P,).

    reference: the relaxed Atoms that `derivative` belongs to.
    """
    shift = np.einsum("pax,p->ax", derivative["position_derivative"].values, delta_theta)
    strains = delta_theta @ derivative["strain_derivative"].values
    deformation = np.eye(3) + np.tensordot(strains, derivative["strain_basis"].values, axes=1)
    atoms = reference.copy()
    atoms.set_cell(reference.cell.array @ deformation)
    atoms.set_positions((reference.positions + shift) @ deformation)
    return atoms
