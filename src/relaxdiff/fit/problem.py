"""What a fit wants: parameters for which a structure relaxes to given positions.

The coordinates q are those of the structure with q = 0 at the target, so that q is how far a
structure is from it. The loss is that of arXiv:2407.02414, section II.E,

    L(theta) = 1/2 |X*(theta) - X_target|^2,

summed over the atoms of a region.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from relaxdiff.minima import (
    FactorisedCrystal,
    ForceConstants,
    LimitedMemory,
    Stop,
    crystal_matrix,
    factorised,
    inverse_in,
    largest_component,
    quasi_newton,
    sparse_hessian,
)
from relaxdiff.potentials.snap import RestrictedPotential
from relaxdiff.structures import Coordinates

TOLERANCE = 1e-5  # eV/Angstrom; 1e-3 would hide a minimum that is about to vanish
MAX_STEPS = 200
# Atoms within this many cutoffs of those with free parameters have exact second derivatives; the
# others have those of the crystal.
EXACT = 2.0


@dataclass(frozen=True)
class FitProblem:
    """A structure, its target, and the parameters that are free.

    potential: RestrictedPotential with the parameters to start from; coordinates: with q = 0 at the
    target, in a cell that does not relax; start: q of the structure relaxed with these parameters,
    (n,); region: mask (N,) of the atoms that count; force_constants, axes: of the crystal, as for
    FactorisedCrystal; root: R of a prior covariance R R^T of the parameters, (P, k), or None; host:
    the element that X copies, None without alchemical atoms.
    """

    potential: RestrictedPotential
    coordinates: Coordinates
    start: np.ndarray = field(repr=False)
    region: np.ndarray = field(repr=False)
    force_constants: ForceConstants = field(repr=False)
    axes: np.ndarray | None = None
    root: np.ndarray | None = field(default=None, repr=False)
    host: str | None = None

    @property
    def scale(self):
        """S (P, k): a change S z of the parameters counts as |z|; without a prior S is |theta|."""
        if self.root is not None:
            return self.root
        return np.linalg.norm(self.potential.theta) * np.eye(len(self.potential.theta))

    def deviation(self, q):
        """How far the atoms of the region are from the target, (k, 3), Angstrom."""
        return self.coordinates.displacements(q)[self.region]

    def loss(self, q):
        """L, Angstrom^2."""
        return 0.5 * float(np.sum(self.deviation(q) ** 2))

    def largest_deviation(self, q):
        """Of one atom of the region, Angstrom."""
        return float(np.linalg.norm(self.deviation(q), axis=1).max())

    def loss_gradient(self, q):
        """dL/dq, (n,), Angstrom."""
        moved = self.coordinates.displacements(q) * self.region[:, None]
        return self.coordinates.pull_back(moved)

    @cached_property
    def exact(self):
        """Mask (N,) of the atoms with exact second derivatives: near X, and not held."""
        atoms = self.coordinates.reference
        near = np.zeros(len(atoms), dtype=bool)
        for centre in self.potential.centres(atoms):
            apart = atoms.get_distances(centre, range(len(atoms)), mic=True)
            near |= apart < EXACT * self.potential.reach
        return near & ~self.coordinates.held.all(axis=1)

    def hessian(self, q, potential):
        """d2U/dq2 at q, sparse, (n, n): exact near the free atoms, else the crystal's."""
        atoms = self.coordinates.structure(q)
        matrix = sparse_hessian(potential, atoms, self.exact, self.force_constants, self.axes)
        return self._in_coordinates(matrix)

    def crystal_hessian(self, q):
        """The crystal's force constants on the atoms, sparse, (n, n), positive definite."""
        atoms = self.coordinates.structure(q)
        return self._in_coordinates(crystal_matrix(self.force_constants, atoms, self.axes))

    def _in_coordinates(self, matrix):
        modes = self.coordinates.modes
        return csr_array(modes.T @ matrix @ modes)

    def relax(self, evaluator, q, theta, inside=lambda q: True):
        """Relax from q at theta; an Iteration. inside: of q, says whether to go on from there."""
        held = self.coordinates.freedom.fixed
        crystal = FactorisedCrystal(
            self.force_constants, self.coordinates.structure(q), held, self.axes
        )
        model = LimitedMemory(inverse_in(self.coordinates, crystal))
        return quasi_newton(evaluator, theta, q, model, Stop(TOLERANCE, MAX_STEPS, inside))

    def step_at(self, evaluator, q, theta, lowest=np.nan):
        """The Step at q and theta."""
        gradient = evaluator.gradient(q, theta)
        change = np.linalg.norm(theta - self.potential.theta)
        return Step(
            q=q,
            theta=np.asarray(theta),
            loss=self.loss(q),
            largest_deviation=self.largest_deviation(q),
            max_force=largest_component(self.coordinates, gradient),
            lowest_curvature=float(lowest),
            relative_change=float(change / np.linalg.norm(self.potential.theta)),
            evaluations=evaluator.n_evaluations,
        )


@dataclass(frozen=True)
class Step:
    """Where a fit was after one of its steps.

    q: coordinates (n,), Angstrom; theta: free parameters (P,), eV; loss: Angstrom^2;
    largest_deviation: Angstrom; max_force: eV/Angstrom; lowest_curvature: relative to the
    crystal's, NaN if not known; relative_change: |theta - theta_0| / |theta_0|; evaluations: of the
    whole structure, so far.
    """

    q: np.ndarray = field(repr=False)
    theta: np.ndarray = field(repr=False)
    loss: float
    largest_deviation: float
    max_force: float
    lowest_curvature: float
    relative_change: float
    evaluations: int


def response(hessian, mixed):
    """dq/dtheta = -H^-1 G, (n, P), eq 5 of arXiv:2407.02414; hessian: sparse, mixed: G (n, P)."""
    return -factorised(hessian)(np.ascontiguousarray(mixed))
