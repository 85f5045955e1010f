"""The ways to relax a variant: quasi-Newton on its gradients, and LAMMPS's own minimiser."""

from dataclasses import dataclass

import numpy as np

from relaxdiff.lammps import lammps_minimise
from relaxdiff.minima.quasi_newton import Stop, quasi_newton
from relaxdiff.potentials import weights_of

TOLERANCE = 1e-6  # eV/Angstrom
MAX_STEPS = 40
# Where U is not linear in the parameters: H at the reference is then known to first order only.
MAX_STEPS_NOT_LINEAR = 400
# A structure with an atom this far from its place in the reference minimum, or strained this much,
# is another one.
BASIN_RADIUS = 0.25  # of the nearest-neighbour distance
BASIN_STRAIN = 0.1


def in_basin(coordinates, q):
    """Whether q is near enough to the reference minimum to be the same kind of structure."""
    radius = BASIN_RADIUS * coordinates.nearest_neighbour_distance
    near = np.abs(coordinates.displacements(q)).max(initial=0.0) < radius
    return bool(near and np.abs(coordinates.strain_of(q)).max() < BASIN_STRAIN)


@dataclass(frozen=True)
class Relaxed:
    """What a relaxer ended with: energy (eV), q, largest gradient (eV/Angstrom) and evaluations.

    ahead: the best guess of the minimum; q itself, or nearer to the minimum than q.
    """

    energy: float
    q: np.ndarray
    ahead: np.ndarray
    max_gradient: float
    evaluations: int


class Relaxer:
    """Relaxes variants in the reference's coordinates. A context manager.

    minimum: the reference Minimum, at the mean; if its potential is linear, the columns
    of the last minimum improve the guess of the next one at no cost; hessian: a TensorHessian
    (`truth.relaxer: newton`) or, in limited memory, a CrystalHessian (`sparse`).
    """

    def __init__(self, minimum, hessian):
        self.coordinates, self.is_linear = minimum.coordinates, minimum.potential.is_linear
        self.hessian = hessian
        self.max_steps = MAX_STEPS if self.is_linear else MAX_STEPS_NOT_LINEAR
        self.evaluator = minimum.potential.evaluator(self.coordinates)
        self._forget()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.evaluator.close()

    def _forget(self):
        self.lesson = self.known = None

    def begin_branch(self):
        """Forget the last branch: results must not depend on what was relaxed before."""
        self._forget()
        self.evaluator.forget()

    def relax(self, theta, start, limit):
        """Relax from coordinates `start`, but give up `limit` Angstrom away from there; a Relaxed.

        theta: the variant's parameters, (P,).
        """

        def inside(q):
            return in_basin(self.coordinates, q) and self.coordinates.distance(q, start) < limit

        model, end = self._iterate(theta, start, Stop(TOLERANCE, self.max_steps, inside))
        energy = self.evaluator.energy(end.q, theta)
        if end.converged:
            self._learn(model, end, theta)
        return Relaxed(energy, end.q, end.ahead, end.max_gradient, end.n_evaluations)

    def look(self, theta, start):
        """One evaluation at coordinates `start`: a Relaxed at the end of one step from there.

        Its energy is that at `start` less the step's gain, its largest gradient that at `start`.
        Also returns the gain, eV.
        """
        model, end = self._iterate(theta, start, Stop(TOLERANCE, max_steps=0))
        gain = -0.5 * end.gradient @ (end.ahead - end.q)
        energy = self.evaluator.energy(end.q, theta) - gain
        self._learn(model, end, theta)
        return Relaxed(float(energy), end.ahead, end.ahead, end.max_gradient, 1), float(gain)

    def _iterate(self, theta, start, stop):
        """The model, improved on the way, and the Iteration."""
        model = self.hessian.model(theta, self.lesson)
        gradient = self.evaluator.gradient(start, theta)
        if self.known is not None:
            place, columns = self.known
            model.learn(start - place, gradient - columns @ weights_of(theta))
        return model, quasi_newton(self.evaluator, theta, start, model, stop)

    def _learn(self, model, end, theta):
        self.lesson = self.hessian.lesson(model, theta)
        if self.is_linear:
            self.known = end.q, self.evaluator.columns(end.q)


class LammpsRelaxer:
    """The same by LAMMPS's own `minimize` and `fix box/relax` (`truth.relaxer: lammps`).

    minimum: as for Relaxer; hessian: not used.
    """

    def __init__(self, minimum, hessian):
        self.potential = minimum.potential
        self.coordinates = minimum.coordinates

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin_branch(self):
        """Nothing is remembered."""

    def relax(self, theta, start, limit):
        """As `Relaxer.relax`; q is the part of the structure that the coordinates span."""
        coordinates = self.coordinates
        end = lammps_minimise(
            coordinates.structure(start),
            self.potential.with_theta(theta, energy_shift=0.0),
            TOLERANCE,
            coordinates.freedom,
            lost=lambda atoms: coordinates.distance(coordinates.locate(atoms), start) > limit,
        )
        q = coordinates.locate(end.atoms)
        return Relaxed(end.energy, q, q, end.max_gradient, end.n_force_calls)


RELAXERS = {"newton": Relaxer, "sparse": Relaxer, "lammps": LammpsRelaxer}
