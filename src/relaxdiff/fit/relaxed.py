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
LEAST_GAIN = 0.98  # of the loss before; a step that leaves more of it is the last
WORTH = 0.9  # of the largest gain in the loss that is predicted: what a smaller change must keep
# A step that leaves more than this of the loss, and multiplies the change of the parameters by more
# than that, is not worth it.
PRICE = 0.5, 1.5
BASIN = 0.25  # of the nearest-neighbour distance, from the prediction: farther is another basin
DAMPINGS = 10.0 ** np.arange(-10, 3, 0.5)  # relative to the largest of the normal matrix


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
            if steps[-1].largest_deviation < CLOSE or _stalls(steps):
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
            if _costs_too_much(steps[-1], further):
                report(
                    f"a step to {further.largest_deviation:.4f} A is not worth its change, "
                    f"{further.relative_change:.2%}"
                )
                break
            steps.append(further)
            report(line(len(steps) - 1, further))
            radius = min(2 * radius, RADIUS)
    return steps


def _stalls(steps):
    """Whether the last relaxed step gained next to nothing."""
    return len(steps) > 2 and steps[-1].loss > LEAST_GAIN * steps[-2].loss


def _costs_too_much(step, further):
    """Whether parameters would have to change much more for little."""
    left, times = PRICE
    return further.loss > left * step.loss and (
        further.relative_change > times * step.relative_change > 0
    )


class _Model:
    """The deviation and the curvatures near a Step, as functions of the change of parameters."""

    def __init__(self, problem, evaluator, step):
        self.step, self.scale = step, problem.scale
        now = problem.potential.with_theta(step.theta)
        self.stability = stability_at(problem, step.q, now)
        self.jacobian = response(self.stability.hessian, evaluator.mixed(step.q, step.theta))
        modes = problem.coordinates.modes[np.flatnonzero(np.repeat(problem.region, 3))]
        self.of_atoms = modes @ self.jacobian
        self.deviation = modes @ step.q
        self.stiffest = np.linalg.norm(self.of_atoms @ self.scale, 2) ** 2
        self.present = self.stability.lowest(np.zeros(len(step.theta)))[0][0]

    def change(self, damping, margin):
        """The step of the parameters (P,) and the lowest curvature predicted; or None and NaN."""
        jacobian = self.of_atoms @ self.scale

        def solve(conditions, bounds):
            found = damped_least_squares(
                jacobian, self.deviation, damping, conditions @ self.scale, bounds
            )
            return None if found is None else self.scale @ found

        # A minimum that is softer than the margin already has to get no softer.
        change, lowest, _ = stable_change(solve, self.stability, min(margin, self.present))
        return change, lowest

    def within(self, radius, margin, allowed):
        """The smallest change that gains nearly as much as any `allowed` one in the trust radius.

        Returns the change and its lowest curvature, or None and NaN.
        """

        def suits(change):
            moved = (self.of_atoms @ change).reshape(-1, 3)
            return np.linalg.norm(moved, axis=1).max() <= radius and allowed(change)

        def loss(change):
            return 0.5 * np.sum((self.deviation + self.of_atoms @ change) ** 2)

        least, found = self._least_damped(margin, suits)
        if found[0] is not None:
            enough = WORTH * loss(found[0]) + (1 - WORTH) * loss(0 * found[0])
            # The one before the least damped change that gains too little.
            beyond, _ = self._least_damped(margin, lambda change: loss(change) > enough)
            found = self.change(DAMPINGS[max(beyond - 1, least)] * self.stiffest, margin)
        return found

    def _least_damped(self, margin, suits):
        """Index of the smallest damping whose change suits, and the change with its curvature.

        Changes are the smaller the larger the damping is, and one that suits does so with all
        larger dampings. The number of dampings, None and NaN if none suits.
        """
        found, low, high = (None, np.nan), 0, len(DAMPINGS) - 1
        while low <= high:
            middle = (low + high) // 2
            change, lowest = self.change(DAMPINGS[middle] * self.stiffest, margin)
            if change is not None and suits(change):
                found, high = (change, lowest), middle - 1
            else:
                low = middle + 1
        return low, found


def _attempt(problem, evaluator, model, settings, radius):
    """The next Step, or None and why there is none."""
    step, start = model.step, problem.potential.theta
    largest = settings["largest_change"] * np.linalg.norm(start)

    def allowed(change):
        return np.linalg.norm(step.theta + change - start) <= largest

    change, lowest = model.within(radius, settings["margin"], allowed)
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
