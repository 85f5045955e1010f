"""Walks along one line of parameters: each minimum is the continuation of the last.

The walk extrapolates the minima found so far and relaxes from there. Where a minimum vanishes it
would fall into another structure; it notices, goes back, and tries again with halved steps. Where
the minimum turns into a saddle point of the full space, the branch ends.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import KroghInterpolator

from relaxdiff.exceptions import LammpsError
from relaxdiff.minima.relaxers import TOLERANCE, in_basin

VANISHED = ("not_converged", "left_basin")  # a branch ends where its minimum does
HISTORY = 7  # minima that the extrapolation passes through
HALVINGS = 2  # of a step in lambda, before a minimum counts as vanished
# A minimum is the continuation of its neighbours if it lies where they point to: the extrapolation
# may miss it by this much (Angstrom), or by this share of the way.
MISS, MISS_SHARE = 0.05, 0.5
STRAY = 2  # times as far, a relaxation is on its way elsewhere


@dataclass
class Outcome:
    """What became of one variant: status, LAMMPS's words if any, energy (eV), q, gradient, cost."""

    status: str
    message: str = ""
    energy: float = np.nan
    q: np.ndarray | None = None
    gradient: float = np.nan
    evaluations: int = 0

    def discard(self, status):
        """Give up what was found; what it cost stays."""
        self.status, self.energy, self.q, self.gradient = status, np.nan, None, np.nan


class Branch:
    """A walk along one sample from the reference minimum at lambda = 0 outwards.

    engine: a relaxer; test: a StabilityTest; weights_at: weights (P + 1,) as a function of lambda;
    tangent: dq/dlambda at the reference; behind: minima already known on the other side of it,
    pairs of lambda and q, the farthest first.
    """

    def __init__(self, engine, test, weights_at, tangent, behind=()):
        self.engine = engine
        self.test = test
        self.weights_at = weights_at
        self.tangent = tangent
        self.minima = [*behind, (0.0, np.zeros(engine.coordinates.size))]
        self.relaxed = []  # pairs of lambda and Outcome
        self.stable = -1  # the last of these known to be no saddle point; -1: the reference itself
        engine.begin_branch()

    def walk(self, lambdas, accept=lambda branch, place: None):
        """Relax the variants at `lambdas`, outwards; returns an Outcome for each.

        accept: asked, with this branch and each place among `lambdas`, for an Outcome that makes
        relaxing needless; from one that was evaluated further ones may be extrapolated.
        """
        outcomes = [Outcome("cut") for _ in lambdas]
        for place, stretch in enumerate(lambdas):
            outcome = accept(self, place)
            if outcome is None:
                outcome = self.advance(stretch, worth_it=self._ends_in_minimum)
            elif stretch != 0 and outcome.evaluations:
                self.minima.append((stretch, outcome.q))
            outcomes[place] = outcome
            if outcome.status in ("converged", "predicted"):
                self.relaxed.append((stretch, outcome))
            elif outcome.status in VANISHED:
                break  # those beyond are cut
        if self._cut_at_saddle() and outcome.status in VANISHED:
            outcome.discard("cut")
        return outcomes

    def advance(self, stretch, halvings=HALVINGS, worth_it=lambda: True):
        """Relax the variant at lambda = stretch, by way of others in between if need be.

        worth_it: asked once, before these.
        """
        outcome = self._relax(stretch)
        if outcome.status != "converged" and halvings and worth_it():
            self.engine.begin_branch()
            middle = self.advance((self.minima[-1][0] + stretch) / 2, halvings - 1)
            spent = outcome.evaluations + middle.evaluations
            if middle.status == "converged":
                outcome = self.advance(stretch, halvings - 1)
                outcome.evaluations += spent
            else:
                outcome.evaluations = spent
        return outcome

    def _relax(self, stretch):
        """One attempt; whatever goes wrong ends as a status."""
        start = self.extrapolate(stretch)
        if not in_basin(self.engine.coordinates, start):
            return Outcome("left_basin")
        moved = self.engine.coordinates.distance(start, self.minima[-1][1])
        limit = max(MISS, MISS_SHARE * moved)
        try:
            end = self.engine.relax(self.weights_at(stretch), start, STRAY * limit)
        except LammpsError as error:
            return Outcome("lammps_error", str(error))
        status = self._status(end, start, limit)
        if status != "converged":
            return Outcome(status, gradient=end.max_gradient, evaluations=end.evaluations)
        if stretch != 0:
            self.minima.append((stretch, end.ahead))
        return Outcome("converged", "", end.energy, end.q, end.max_gradient, end.evaluations)

    def _status(self, end, start, limit):
        """Whether a Relaxed is a minimum, and one that continues the branch, not another structure.

        It continues the branch if it lies where its neighbours point to.
        """
        coordinates = self.engine.coordinates
        missed = coordinates.distance(end.q, start)
        if not (in_basin(coordinates, end.q) and missed < STRAY * limit):
            return "left_basin"
        if not end.max_gradient < TOLERANCE:
            return "not_converged"
        return "converged" if missed < limit else "left_basin"

    def extrapolate(self, stretch, history=HISTORY):
        """Polynomial through the latest minima, and the tangent while the reference is one."""
        lambdas, points = map(list, zip(*self.minima[-history:], strict=True))
        if 0.0 in lambdas:
            after = lambdas.index(0.0) + 1
            lambdas.insert(after, 0.0)  # equal abscissae: a value and its derivative
            points.insert(after, self.tangent)
        return KroghInterpolator(lambdas, points)(stretch)

    def _ends_in_minimum(self):
        """Whether the walk so far is worth going on with: it may have passed a saddle point."""
        return self._negative_block(len(self.relaxed) - 1) is None

    def _negative_block(self, place):
        """That of StabilityTest for a relaxed variant; -1 if LAMMPS fails."""
        if place <= self.stable:
            return None
        block = self._ask(place, self.test.negative_block, -1)
        if block is None:
            self.stable = place
        return block

    def _ask(self, place, question, answer_on_error, *arguments):
        stretch, outcome = self.relaxed[place]
        try:
            return question(*arguments, self.weights_at(stretch), outcome.q)
        except LammpsError as error:
            outcome.message = str(error)
            return answer_on_error

    def _cut_at_saddle(self):
        """End the branch at its first variant that is a saddle point in the full space.

        The farthest variant is tested in all its symmetry blocks; if it is no minimum, bisection
        finds where the block at fault turns negative, and the last variant before that is tested in
        turn. Returns whether anything was cut.
        """
        end = len(self.relaxed)  # those before it are kept
        while (block := self._negative_block(end - 1)) is not None:
            minimum, saddle = self.stable, end - 1
            while saddle - minimum > 1 and block >= 0:
                middle = (minimum + saddle) // 2
                if self._ask(middle, self.test.is_stable, False, block):
                    minimum = middle
                else:
                    saddle = middle
            end = saddle
        for place, (_, outcome) in enumerate(self.relaxed[end:]):
            found = "lammps_error" if outcome.message else "saddle_point"
            outcome.discard("cut" if place else found)
        return end < len(self.relaxed)
