"""The ways to relax a variant: quasi-Newton on descriptors, and LAMMPS's own minimiser."""

from dataclasses import dataclass

import numpy as np

from relaxdiff.lammps import lammps_minimise
from relaxdiff.minima.hessian_models import DenseModel, LimitedMemory, inverse_in
from relaxdiff.minima.quasi_newton import quasi_newton
from relaxdiff.potentials.snap import evaluator_for

TOLERANCE = 1e-6  # eV/Angstrom
MAX_STEPS = 40
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

    ahead: the best guess of the minimum; nearer to it than q, if the relaxer knows better.
    """

    energy: float
    q: np.ndarray
    ahead: np.ndarray
    max_gradient: float
    evaluations: int


class Relaxer:
    """Relaxes variants with descriptors in the reference's coordinates (`truth.relaxer: newton`).

    A context manager. minimum: the reference Minimum, at the mean; constants: Dataset of
    `force_constants` there.
    """

    def __init__(self, minimum, constants):
        self.coordinates = minimum.coordinates
        self.tensor = constants["hessian_tensor"].values
        self.evaluator = evaluator_for(self.coordinates, minimum.potential)
        self.learnt = self.known = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.evaluator.close()

    def begin_branch(self):
        """Forget the last branch: results must not depend on what was relaxed before."""
        self.learnt = self.known = None
        self.evaluator.forget()

    def relax(self, weights, start, limit):
        """Relax from coordinates `start`, giving up `limit` Angstrom from there; a Relaxed."""
        model = self._model(weights)
        end = quasi_newton(
            self.evaluator,
            weights,
            start,
            model,
            TOLERANCE,
            MAX_STEPS,
            inside=lambda q: (
                in_basin(self.coordinates, q) and self.coordinates.distance(q, start) < limit
            ),
            known=self.known,
        )
        if end.converged:
            self.learnt = self._lesson(model, weights)
            self.known = end.q, end.columns
        energy = float(end.values @ weights)
        return Relaxed(energy, end.q, end.ahead, end.max_gradient, end.n_evaluations)

    def look(self, weights, start):
        """One evaluation at coordinates `start`: a Relaxed at the end of the one step from there.

        Its energy is less by what that step gains, and its largest gradient is that before it.
        """
        model = self._model(weights)
        end = quasi_newton(
            self.evaluator, weights, start, model, TOLERANCE, max_steps=0, known=self.known
        )
        self.learnt = self._lesson(model, weights)
        self.known = end.q, end.columns
        gain = -0.5 * (end.columns @ weights) @ (end.ahead - end.q)
        energy = float(end.values @ weights - gain)
        return Relaxed(energy, end.ahead, end.ahead, end.max_gradient, 1), float(gain)

    def _model(self, weights):
        """What is known of the variant's Hessian beforehand.

        What was learnt at the last variant still holds here: both are at nearly the same q.
        """
        quadratic = self.tensor @ weights
        correction = 0.0 if self.learnt is None else self.learnt
        return DenseModel(quadratic + correction, self.coordinates.scale)

    def _lesson(self, model, weights):
        """What a model has learnt that the next one may use."""
        return model.hessian - self.tensor @ weights


class SparseRelaxer(Relaxer):
    """The same for large cells, in limited memory (`truth.relaxer: sparse`).

    green: LatticeGreen of the crystal at the mean, the first guess of all variants' Hessians.
    """

    def __init__(self, minimum, green):
        self.coordinates = minimum.coordinates
        self.inverse = inverse_in(self.coordinates, green)
        self.evaluator = evaluator_for(self.coordinates, minimum.potential)
        self.learnt = self.known = None

    def _model(self, weights):
        return LimitedMemory(self.inverse, self.learnt or ())

    def _lesson(self, model, weights):
        return model.pairs


class LammpsRelaxer:
    """The same by LAMMPS's own `minimize` and `fix box/relax` (`truth.relaxer: lammps`)."""

    def __init__(self, minimum, constants):
        self.potential = minimum.potential
        self.coordinates = minimum.coordinates

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin_branch(self):
        """Nothing is remembered."""

    def relax(self, weights, start, limit):
        """As `Relaxer.relax`; q is the part of the structure that the coordinates span."""
        coordinates = self.coordinates
        potential = self.potential.with_theta(weights[:-1], energy_shift=0.0)
        end = lammps_minimise(
            coordinates.structure(start),
            potential,
            TOLERANCE,
            coordinates.freedom,
            lost=lambda atoms: coordinates.distance(coordinates.locate(atoms), start) > limit,
        )
        q = coordinates.locate(end.atoms)
        return Relaxed(end.energy, q, q, end.max_gradient, end.n_force_calls)


RELAXERS = {"newton": Relaxer, "sparse": SparseRelaxer, "lammps": LammpsRelaxer}
