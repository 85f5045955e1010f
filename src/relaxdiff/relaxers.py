"""The two ways to relax a variant: quasi-Newton on descriptors, and LAMMPS's own minimiser."""

import numpy as np

from relaxdiff.coordinates import Coordinates
from relaxdiff.evaluation import evaluator_for
from relaxdiff.lammps_minimise import lammps_minimise
from relaxdiff.minimise import quasi_newton

TOLERANCE = 1e-6  # eV/Angstrom
MAX_STEPS = 40
# A structure with an atom this far from its place in the reference minimum, or strained this much,
# is another one.
BASIN_RADIUS = 0.25  # of the nearest-neighbour distance
BASIN_STRAIN = 0.1
STRAY = 0.3  # Angstrom from the start; a walk that gets further does not lead to a minimum near by


def coordinates_near(reference, derivative):
    """The Coordinates that `derivative` was taken in, with the reference minimum at q = 0."""
    modes = derivative["mode_displacements"].values
    strain = derivative.sizes["mode"] > len(modes)
    return Coordinates(
        reference,
        modes.reshape(len(modes), 3 * len(reference)).T,
        derivative["orbit"].values,
        strain,
    )


def in_basin(coordinates, q):
    """Whether q is near enough to the reference minimum to be the same kind of structure."""
    radius = BASIN_RADIUS * coordinates.nearest_neighbour_distance
    near = np.abs(coordinates.displacements(q)).max(initial=0.0) < radius
    return bool(near and abs(coordinates.strain_of(q)) < BASIN_STRAIN)


class Relaxer:
    """Relaxes variants with descriptors in the reference's coordinates (`truth.relaxer: newton`).

    A context manager. potential: SnapPotential at the mean; reference: relaxed Atoms; derivative:
    Dataset of `implicit_derivative`.
    """

    def __init__(self, potential, reference, derivative):
        self.coordinates = coordinates_near(reference, derivative)
        self.tensor = derivative["hessian_tensor"].values
        self.evaluator = evaluator_for(self.coordinates, potential)
        self.correction = np.zeros(self.tensor.shape[:2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.evaluator.close()

    def begin_branch(self):
        """Forget the last branch: results must not depend on what was relaxed before."""
        self.correction = np.zeros_like(self.correction)
        self.evaluator.forget()

    def relax(self, weights, start):
        """Relax from coordinates `start`; returns energy (eV), q, max gradient and evaluations."""
        quadratic = self.tensor @ weights
        # What BFGS learnt at the last variant still holds here: both are at nearly the same q.
        end = quasi_newton(
            self.evaluator,
            weights,
            start,
            quadratic + self.correction,
            TOLERANCE,
            MAX_STEPS,
            inside=lambda q: (
                in_basin(self.coordinates, q) and self.coordinates.distance(q, start) < STRAY
            ),
        )
        if end.converged:
            self.correction = end.hessian - quadratic
        return end.values @ weights, end.q, end.max_gradient, end.n_evaluations


class LammpsRelaxer:
    """The same by LAMMPS's own `minimize` and `fix box/relax` (`truth.relaxer: lammps`)."""

    def __init__(self, potential, reference, derivative):
        self.potential = potential
        self.coordinates = coordinates_near(reference, derivative)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin_branch(self):
        """Nothing is remembered."""

    def relax(self, weights, start):
        """As `Relaxer.relax`; q is the part of the structure that the coordinates span."""
        potential = self.potential.with_theta(weights[:-1], energy_shift=0.0)
        structure = self.coordinates.structure(start)
        end = lammps_minimise(structure, potential, TOLERANCE, self.coordinates.strain)
        return (
            end.energy,
            self.coordinates.locate(end.atoms),
            end.max_gradient,
            end.n_force_calls,
        )


RELAXERS = {"newton": Relaxer, "lammps": LammpsRelaxer}
