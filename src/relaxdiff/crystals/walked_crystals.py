"""Perfect crystals in which more than one length relaxes: each variant's is really relaxed.

Along each sample the walk goes from the mean's crystal outwards, as for structures
(`minima/walk.py`): a variant is relaxed when the gradient of its own potential vanishes. Any cell
and constraint is possible; its coordinates relax: strains, and displacements of their symmetry.
Potentials that evaluate many cells at once walk along all samples side by side.
"""

import functools

import numpy as np

from relaxdiff.minima import (
    Line,
    Minimum,
    Relaxer,
    TensorHessian,
    crystal_of,
    largest_component,
    many_in_basin,
    relaxed_crystal,
    walk_at_once,
    walk_line,
)
from relaxdiff.potentials import weights_of


class CrystalWalks:
    """Walks over the variants of a perfect crystal, from the mean's. A context manager.

    potential: SnapPotential at the mean; coordinates: Coordinates of a cell of its relaxed crystal.

    Of that cell at the mean: descriptors: the columns, (P + 1,); gradient: their derivatives by the
    coordinates, (n, P + 1); curvatures: (n, n, P + 1); parameter_curvature: d2U/dTheta2, (P, P);
    tangents: dq*/dTheta, (n, P).
    """

    def __init__(self, potential, coordinates):
        start, weights = np.zeros(coordinates.size), weights_of(potential.theta)
        with potential.evaluator(coordinates) as evaluator:
            self.curvatures = evaluator.hessian_columns()
            self.gradient = evaluator.columns(start)
            self.descriptors = evaluator.descriptors(start)
            self.parameter_curvature = evaluator.parameter_hessian(start, potential.theta)
        self.potential, self.coordinates = potential, coordinates
        self.tangents = -np.linalg.solve(self.curvatures @ weights, self.gradient[:, :-1])
        mean = Minimum(
            atoms=coordinates.reference,
            strain=np.zeros((3, 3)),
            energy=float(self.descriptors @ weights) + potential.shift_of(coordinates.reference),
            max_gradient=largest_component(coordinates, self.gradient @ weights),
            status="converged",
            n_evaluations=0,
            potential=potential,
            coordinates=coordinates,
        )
        self.engine = Relaxer(mean, TensorHessian(coordinates, self.curvatures))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.evaluator.close()

    def line(self, variants, sample, kept=None):
        """The Line of one sample.

        variants: Variants; kept: mask (lambda,) of those to be relaxed, all if None.
        """
        return Line(
            theta_at=functools.partial(variants.theta_at, sample),
            tangent=self.tangents @ variants.delta[sample],
            lambdas=variants.lambdas,
            kept=np.ones(len(variants.lambdas), dtype=bool) if kept is None else kept,
        )

    def outcomes(self, line):
        """Outcomes over lambda of a Line, a list; the caller tests their stability."""
        return walk_line(self.engine, line)

    def relaxed(self, variants, kept):
        """Energies of the cell (eV), (sample, lambda), and q, (sample, lambda, n), of all variants.

        kept: mask (sample, lambda) of those to be relaxed. Without energy shift; NaN where there is
        no minimum, or where it is farther from the mean's crystal than `in_basin` allows.
        """
        energy = np.full(kept.shape, np.nan)
        q = np.full((*kept.shape, self.coordinates.size), np.nan)
        lines, left = [self.line(variants, *each) for each in enumerate(kept)], range(len(kept))
        if not self.potential.is_linear:
            many = many_in_basin(self.potential, variants.every_theta, self.coordinates)
            energy, q, failed = walk_at_once(many, self.coordinates, lines)
            left = np.flatnonzero(failed)
        for sample in left:
            for place, outcome in enumerate(self.outcomes(lines[sample])):
                if outcome.status == "converged":
                    energy[sample, place], q[sample, place] = outcome.energy, outcome.q
        return energy, q


def relaxed_crystals(potential, variants, crystal, report):
    """The crystals of all variants, relaxed in every coordinate that their symmetry leaves.

    potential: at the mean of Variants `variants`; crystal: PerfectCrystal to start from; report:
    called with a line of text when all are relaxed. Returns the mean's PerfectCrystal, its
    CrystalWalks, and energies and q as `CrystalWalks.relaxed` gives them. Raises RelaxationError
    when the mean itself has no crystal.
    """
    mean = crystal_of(relaxed_crystal(potential, crystal), crystal)
    everywhere = np.ones((len(variants.delta), len(variants.lambdas)), dtype=bool)
    with CrystalWalks(potential, mean.free_coordinates) as walks:
        energy, q = walks.relaxed(variants, everywhere)
    found = np.isfinite(energy)
    report(f"{found.sum()} of {found.size} variants have a minimum")
    return mean, walks, energy, q
