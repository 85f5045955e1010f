"""The relaxed way: Levenberg-Marquardt with a real relaxation at each step.

At a minimum, dX*/dtheta = -H^-1 G (eq 5 of arXiv:2407.02414) linearises the deviation r from the
target. A step minimises |r + J d|^2 + mu |d|^2 (Nocedal & Wright, Numerical Optimization, 10.3);
mu is such that no atom is predicted to move farther than the trust radius. All curvatures that are
predicted stay above a margin (`curvature`): without it the fit creeps to where the minimum
vanishes. Then the structure is relaxed. A step that ends in another basin, or does not lower the
loss, is taken back, and the trust radius is cut.
"""

import numpy as np

from relaxdiff.exceptions import EvaluationError
from relaxdiff.fit.curvature import stable_change
from relaxdiff.fit.direct import stability_at
from relaxdiff.fit.least_change import damped_least_squares
from relaxdiff.fit.problem import response
from relaxdiff.fit.progress import line

RADIUS = 0.2  # Angstrom, the trust radius to begin with
SMALLEST_RADIUS = 1e-4
CLOSE = 1e-3  # Angstrom; nearer to the target no further step is taken
BASIN = 0.25  # of the nearest-neighbour distance, from the prediction: farther is another basin
DAMPINGS = 10.0 ** np.arange(-12, 5, 0.5)  # relative to the largest of the normal matrix


def relaxed(problem, settings, report, steps=None):
    """The Steps of a FitProblem, the start first; only minima are among them.

    settings: with `steps`, `margin`, `largest_change`, `prior`; report: takes lines; steps: of
    another method, whose end is polished.
    """
    with problem.potential.evaluator(problem.coordinates) as evaluator:
        if steps is None:
            steps = [problem.step_at(evaluator, problem.start, problem.potential.theta)]
            report(line(0, steps[0]))
        radius = RADIUS
        for _ in range(settings["steps"]):
            if steps[-1].largest_deviation < CLOSE or radius < SMALLEST_RADIUS:
                break
            model = _Model(problem, evaluator, steps[-1])
            while radius >= SMALLEST_RADIUS:
                further, note = _attempt(problem, evaluator, model, settings, radius)
                if further is not None:
                    break
                report(f"{note}: taken back, trust radius {radius / 4:.2g} A")
                radius /= 4
            else:
                break
            steps.append(further)
            report(line(len(steps) - 1, further))
            radius = min(2 * radius, RADIUS)
    return steps


class _Model:
    """The deviation and the curvatures near a Step, as functions of the change of parameters."""

    def __init__(self, problem, evaluator, step):
        self.step = step
        now = problem.potential.with_theta(step.theta)
        self.stability = stability_at(problem, step.q, now)
        self.jacobian = response(self.stability.hessian, evaluator.mixed(step.q, step.theta))
        rows = np.flatnonzero(np.repeat(problem.region, 3))
        modes = problem.coordinates.modes[rows]
        self.of_atoms = modes @ self.jacobian
        self.deviation = modes @ step.q

    def change(self, damping, margin):
        """The step of the parameters (P,), or None, and the lowest curvature predicted."""
        scale = np.trace(self.of_atoms.T @ self.of_atoms)

        def solve(conditions, bounds):
            return damped_least_squares(
                self.of_atoms, self.deviation, damping * scale, conditions, bounds
            )

        change, lowest, _ = stable_change(solve, self.stability, margin)
        return change, lowest

    def within(self, radius, settings, limit):
        """The least damped step within the trust radius, and its lowest curvature; or None."""
        low, high = 0, len(DAMPINGS) - 1
        found = None, np.nan
        while low <= high:
            middle = (low + high) // 2
            change, lowest = self.change(DAMPINGS[middle], settings["margin"])
            if change is None:
                return None, np.nan
            moved = np.linalg.norm((self.of_atoms @ change).reshape(-1, 3), axis=1).max()
            if moved <= radius and limit(change):
                found, high = (change, lowest), middle - 1
            else:
                low = middle + 1
        return found


def _attempt(problem, evaluator, model, settings, radius):
    """The next Step, or None and why there is none."""
    step, start = model.step, problem.potential.theta
    largest = settings["largest_change"] * np.linalg.norm(start)

    def limit(change):
        return np.linalg.norm(step.theta + change - start) <= largest

    change, lowest = model.within(radius, settings, limit)
    if change is None:
        return None, "no step keeps all curvatures above the margin"
    predicted, theta = step.q + model.jacobian @ change, step.theta + change
    basin = BASIN * problem.coordinates.nearest_neighbour_distance

    def inside(q):
        return problem.coordinates.distance(q, predicted) < basin

    try:
        end = problem.relax(evaluator, predicted, theta, inside)
    except EvaluationError as error:
        return None, f"a step whose structure cannot be evaluated ({error})"
    if not end.converged:
        return None, "a step that falls into another basin"
    further = problem.step_at(evaluator, end.q, theta, lowest)
    if further.loss >= step.loss:
        return None, f"a step to a loss of {further.loss:.3g} A^2"
    return further, ""
