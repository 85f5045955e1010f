"""One Newton step from the reference with each variant's own Hessian: the level `newton`.

The Hessian at the reference is linear in Theta like everything else: along a sample it is
H + lambda K. With its generalised eigenvectors K v = k H v, v^T H v = 1, and h+ih written in them,
q = lambda sum a v, the Newton steps of all lambdas are

    q = lambda sum (a / m) v,    U* = U + lambda dTheta . D - lambda^2 / 2 sum a^2 / m

with m = 1 + lambda k (h+ih: m = 1). Of a potential that is not linear in Theta, H + lambda K is H
to first order; energy and gradient at the reference are then those of the variant itself
(`AtReference`), and -lambda a is the gradient along v. The curvatures m, relative to the
reference's, count as no less than LEAST_CURVATURE. Derivations: docs/theory.md.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from relaxdiff.potentials import Evaluator

# A mode softer than this moves so far that its anharmonicity, which a Newton step does not know,
# stops it first. Near the reference the limit does not act, so it changes no order. Relative to the
# reference's curvature; measured errors with other values: docs/theory.md, "The limit".
LEAST_CURVATURE = 0.5
# The estimate of the error counts what the limit withholds of the energy, but no mode as softer
# than this: at curvature zero a parabola has no bottom.
LEAST_COUNTED = 0.02
NUMBERS_AT_ONCE = 2**22  # in the matrices of many parameter sets: 32 MiB


@dataclass(frozen=True)
class NewtonModel:
    """Second derivatives of a structure at its reference minimum, for all parameters.

    hessian: at the mean, the strains last, (n, n); curvatures: second derivatives of the P
    descriptors, (n, n, P); derivatives: dq*/dTheta at h+ih, (n, P); exact: the AtReference of a
    potential that is not linear, else None.
    """

    hessian: np.ndarray
    curvatures: np.ndarray
    derivatives: np.ndarray
    exact: "AtReference | None" = None

    def steps(self, delta_theta, lambdas):
        """Newton steps of the variants along a sample, delta_theta (P,).

        Returns coordinates (lambda, n); by how much the energy of each differs from h+ih, how much
        more it would if what modes contribute had one sign, how much lower it would be without the
        limit of curvatures (eV), and whether one was limited, all (lambda,).
        """
        softening, modes = scipy.linalg.eigh(self.curvatures @ delta_theta, self.hessian)
        linear = np.outer(lambdas, modes.T @ self.hessian @ self.derivatives @ delta_theta)
        more, along = np.zeros(len(lambdas)), linear
        if self.exact is not None:
            more, gradients = self.exact.of_line(delta_theta, lambdas)
            along = -gradients @ modes
        relative = 1 + np.outer(lambdas, softening)
        lengths = along / np.maximum(relative, LEAST_CURVATURE)
        each = 0.5 * (linear**2 - along * lengths)
        beyond = each.sum(axis=1)
        cancelled = np.abs(each).sum(axis=1) - np.abs(beyond)
        beyond = beyond + more
        withheld = _withheld(along, relative)
        limited = (relative < LEAST_CURVATURE).any(axis=1)
        return lengths @ modes.T, beyond, cancelled, withheld, limited

    def steps_of_many(self, delta_theta):
        """Newton steps of many parameter sets, their deviations from the mean (draw, P).

        Returns, as `steps` does for each of them, coordinates (draw, n) and by how much energies
        differ from h+ih (eV); and the lowest curvature relative to the reference's, all (draw,).
        Where no curvature can be limited that is a lower bound of it, and no eigenvalue is needed.
        """
        at_once = max(1, NUMBERS_AT_ONCE // max(self.hessian.size, 1))
        parts = [
            self._steps_of_some(delta_theta[first : first + at_once])
            for first in range(0, max(len(delta_theta), 1), at_once)
        ]
        return tuple(np.concatenate(each) for each in zip(*parts, strict=True))

    def _steps_of_some(self, delta_theta):
        """The same, all matrices (draw, n, n) at once."""
        size, root = len(self.hessian), np.linalg.cholesky(self.hessian)
        changes = (delta_theta @ self._relative_curvatures.T).reshape(len(delta_theta), size, size)
        linear = delta_theta @ (root.T @ self.derivatives).T
        lowest = 1 - np.linalg.norm(changes, axis=(1, 2))  # no eigenvalue is below this
        near = lowest > LEAST_CURVATURE
        lengths = np.empty_like(linear)
        matrices = np.eye(size) + changes[near]
        lengths[near] = np.linalg.solve(matrices, linear[near][..., None])[..., 0]
        if not near.all():
            softening, modes = np.linalg.eigh(changes[~near])
            along = np.einsum("dnm,dn->dm", modes, linear[~near])
            along /= np.maximum(1 + softening, LEAST_CURVATURE)
            lengths[~near] = np.einsum("dnm,dm->dn", modes, along)
            lowest[~near] = 1 + softening[:, 0]
        beyond = 0.5 * ((linear - lengths) * linear).sum(axis=1)
        return np.linalg.solve(root.T, lengths.T).T, beyond, lowest

    @cached_property
    def _relative_curvatures(self):
        """The curvatures in coordinates in which the Hessian is the identity, (n n, P)."""
        size = len(self.hessian)
        inverse = np.linalg.inv(np.linalg.cholesky(self.hessian))
        relative = np.einsum("ia,abp,jb->ijp", inverse, self.curvatures, inverse, optimize=True)
        return relative.reshape(size * size, self.curvatures.shape[-1])

    def gradient(self, delta_theta):
        """Gradient at the reference after a change of parameters (P,), shape (n,)."""
        if self.exact is not None:
            return self.exact.gradient(delta_theta)
        return -self.hessian @ self.derivatives @ delta_theta

    def hessian_of(self, delta_theta):
        """H(Theta) at the reference, (n, n)."""
        return self.hessian + self.curvatures @ delta_theta

    def response(self, hessian, gradient):
        """-H^-1 g with a Hessian whose curvatures relative to the reference's are limited, (n,).

        Returns also how much lower the energy at the end would be without that limit, eV.
        """
        relative, modes = scipy.linalg.eigh(hessian, self.hessian)
        along = modes.T @ gradient
        step = -modes @ (along / np.maximum(relative, LEAST_CURVATURE))
        return step, float(_withheld(along, relative))


def _withheld(along, relative):
    """Energy (eV) that parabolas gain below the limit of their curvatures, modes last and summed.

    along: gradients by the modes' amplitudes; relative: their curvatures.
    """
    gain = 1 / np.maximum(relative, LEAST_COUNTED) - 1 / np.maximum(relative, LEAST_CURVATURE)
    return 0.5 * (along**2 * gain).sum(axis=-1)


@dataclass(frozen=True)
class AtReference:
    """Energy and gradient at the reference minimum with other parameters, evaluated.

    evaluator: an Evaluator in the reference's coordinates; mean: its parameters, (P,); share: what
    energies are multiplied by.
    """

    evaluator: Evaluator
    mean: np.ndarray
    share: float = 1.0

    def of_line(self, delta_theta, lambdas):
        """By how much energies differ from their expansion to second order in Theta, (lambda,), eV,
        and gradients, (lambda, n), for parameters mean + lambda delta_theta."""
        at_rest = np.zeros(self.evaluator.coordinates.size)
        first = self.evaluator.parameter_gradient(at_rest, self.mean) @ delta_theta
        second = self._parameter_hessian @ delta_theta @ delta_theta
        start = self.evaluator.energy(at_rest, self.mean)
        energies, gradients = [], []
        for stretch in lambdas:
            theta = self.mean + stretch * delta_theta
            energies.append(self.evaluator.energy(at_rest, theta))
            gradients.append(self.evaluator.gradient(at_rest, theta))
        expanded = start + lambdas * first + 0.5 * lambdas**2 * second
        return self.share * (np.array(energies) - expanded), self.share * np.array(gradients)

    def gradient(self, delta_theta):
        """The gradient at mean + delta_theta, (n,)."""
        at_rest = np.zeros(self.evaluator.coordinates.size)
        return self.share * self.evaluator.gradient(at_rest, self.mean + delta_theta)

    @cached_property
    def _parameter_hessian(self):
        at_rest = np.zeros(self.evaluator.coordinates.size)
        return self.evaluator.parameter_hessian(at_rest, self.mean)


def newton_models(derivative, crystal, n_atoms, evaluators=None):
    """NewtonModels of a structure, as `newton_of_defect`, and of n_atoms of its crystal.

    derivative, crystal: Datasets; evaluators: of both, in `coordinates_of_crystal` of the second,
    for a potential that is not linear in Theta; None for others.
    """
    if evaluators is None:
        return newton_of_defect(derivative), newton_of_crystal(crystal, n_atoms)
    of_defect, of_crystal = evaluators
    mean, share = derivative["theta_mean"].values, n_atoms / len(of_crystal.coordinates.reference)
    return (
        newton_of_defect(derivative, AtReference(of_defect, mean)),
        newton_of_crystal(crystal, n_atoms, AtReference(of_crystal, mean, share)),
    )


def newton_of_defect(derivative, exact=None):
    """The NewtonModel in a derivative Dataset; None when its solver made no Hessian tensor.

    exact: the AtReference of a potential that is not linear in Theta, None for others.
    """
    if "hessian_tensor" not in derivative:
        return None
    tensor = derivative["hessian_tensor"].values
    modes = derivative["mode_displacements"].values
    positions = np.einsum("max,pax->mp", modes, derivative["position_derivative"].values)
    return NewtonModel(
        hessian=tensor @ np.append(derivative["theta_mean"].values, 1.0),
        curvatures=tensor[..., :-1],
        derivatives=np.vstack([positions, derivative["strain_derivative"].values.T]),
        exact=exact,
    )


def newton_of_crystal(crystal, n_atoms=1, exact=None):
    """The NewtonModel of n_atoms of the perfect crystal, in `coordinates_of_crystal`.

    crystal: Dataset of `crystal_of_variants`; exact: as for `newton_of_defect`.
    """
    curvature = crystal["strain_curvature"].values
    return NewtonModel(
        hessian=n_atoms * curvature,
        curvatures=n_atoms * crystal["strain_curvatures"].values,
        derivatives=-np.linalg.solve(curvature, crystal["strain_gradient"].values),
        exact=exact,
    )
