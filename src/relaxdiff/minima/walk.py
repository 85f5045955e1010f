"""Walks along one line of parameters: each minimum is the continuation of the last.

The walk extrapolates the minima found so far and relaxes from there. Where a minimum vanishes it
would fall into another structure; it notices, goes back, and tries again with halved steps. Where
the minimum turns into a saddle point of the full space, the branch ends.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import KroghInterpolator

from relaxdiff.exceptions import EvaluationError
from relaxdiff.minima.relaxers import TOLERANCE, in_basin
from relaxdiff.minima.saddle_test import Verdict

VANISHED = ("not_converged", "left_basin")  # a branch ends where its minimum does
HISTORY = 7  # minima that the extrapolation passes through
HALVINGS = 2  # of a step in lambda, before a minimum counts as vanished
# A minimum is the continuation of its neighbours if it is near their extrapolation, which may miss
# it by this much (Angstrom), or by this fraction of the way.
MISS, MISS_SHARE = 0.05, 0.5
STRAY = 2  # beyond so many times that distance a relaxation is on its way to another structure


@dataclass
class Outcome:
    """Result for one variant: status, LAMMPS's message if any, energy (eV), q, gradient, cost."""

    status: str
    message: str = ""
    energy: float = np.nan
    q: np.ndarray | None = None
    gradient: float = np.nan
    evaluations: int = 0
    found: object = None  # by a certifier, which made relaxation unnecessary

    def discard(self, status):
        """Discard the results but keep their cost."""
        self.status, self.energy, self.q, self.gradient = status, np.nan, None, np.nan


@dataclass(frozen=True)
class Line:
    """One sample's line of parameters through the mean.

    theta_at: parameters (P,) as a function of lambda; tangent: dq/dlambda at the reference;
    lambdas: ascending, 0 among them; kept: mask of those to be relaxed: each branch, outwards from
    lambda = 0, ends before its first variant that is not kept.
    """

    theta_at: Callable
    tangent: np.ndarray
    lambdas: np.ndarray
    kept: np.ndarray

    def branches(self):
        """Indices of lambda outwards from 0, for both branches: 0 is in the first."""
        zero = int(np.argmin(np.abs(self.lambdas)))
        for outward in (range(zero, len(self.lambdas)), range(zero - 1, -1, -1)):
            yield list(itertools.takewhile(lambda place: self.kept[place], outward))


def walk_line(engine, line, test=None, certifier_of=None):
    """Relaxes the variants on a Line: an Outcome for each lambda, a list.

    engine: a relaxer; test: a StabilityTest, or None if every minimum is tested later;
    certifier_of: gives, for the indices of a branch, the certifier of `Branch.walk`. Variants that
    are not kept are 'bulk_unstable'.
    """
    outcomes, behind = [Outcome("bulk_unstable") for _ in line.lambdas], []
    for places in line.branches():
        branch = Branch(engine, test, line, behind)
        certifier = certifier_of(places) if certifier_of else None
        walked = branch.walk(line.lambdas[places].tolist(), certifier)
        for place, outcome in zip(places, walked, strict=True):
            outcomes[place] = outcome
        behind = branch.minima[HISTORY - 1 : 0 : -1]
    return outcomes


class Branch:
    """A walk along one sample from the reference minimum at lambda = 0 outwards.

    engine, test: as for `walk_line`; line: the Line; behind: minima already known on the other side
    of lambda = 0, pairs of lambda and q, the farthest first.
    """

    def __init__(self, engine, test, line, behind=()):
        self.engine = engine
        self.test = test
        self.line = line
        self.minima = [*behind, (0.0, np.zeros(engine.coordinates.size))]
        self.relaxed = []  # pairs of lambda and Outcome
        self.stable = -1  # the last of these known to be no saddle point; -1: the reference itself
        engine.begin_branch()

    def walk(self, lambdas, certifier=None):
        """Relax the variants at `lambdas`, outwards; returns an Outcome for each.

        certifier: called with this branch and each index in `lambdas`; returns an Outcome that
        makes relaxation unnecessary, or None, and the evaluations that this took. Further minima
        may be extrapolated from an Outcome that was evaluated.
        """
        outcomes = [Outcome("cut") for _ in lambdas]
        for place, stretch in enumerate(lambdas):
            outcome, spent = certifier(self, place) if certifier else (None, 0)
            if outcome is None:
                outcome = self.advance(stretch, worth_it=self._ends_in_minimum)
                outcome.evaluations += spent
            elif stretch != 0 and spent:
                self.minima.append((stretch, outcome.q))
            outcomes[place] = outcome
            if outcome.status in ("converged", "predicted"):
                self.relaxed.append((stretch, outcome))
            elif outcome.status in VANISHED:
                break  # those beyond are cut
        vanished = next((each for each in outcomes if each.status in VANISHED), None)
        if self._cut_at_saddle() and vanished is not None:
            vanished.discard("cut")
        return outcomes

    def advance(self, stretch, halvings=HALVINGS, worth_it=lambda: True):
        """Relax the variant at lambda = stretch, if necessary by smaller steps in between.

        worth_it: asked once, before the smaller steps.
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
        """One attempt; a failure becomes a status."""
        start = self.extrapolate(stretch)
        if not in_basin(self.engine.coordinates, start):
            return Outcome("left_basin")
        moved = self.engine.coordinates.distance(start, self.minima[-1][1])
        limit = max(MISS, MISS_SHARE * moved)
        try:
            end = self.engine.relax(self.line.theta_at(stretch), start, STRAY * limit)
        except EvaluationError as error:
            return Outcome("lammps_error", str(error))
        status = self._status(end, start, limit)
        if status != "converged":
            return Outcome(status, gradient=end.max_gradient, evaluations=end.evaluations)
        if stretch != 0:
            self.minima.append((stretch, end.ahead))
        return Outcome("converged", "", end.energy, end.q, end.max_gradient, end.evaluations)

    def _status(self, end, start, limit):
        """Whether a Relaxed is a minimum and continues the branch instead of another structure.

        It continues the branch if it is near where its neighbours extrapolate to.
        """
        coordinates = self.engine.coordinates
        missed = coordinates.distance(end.q, start)
        if not (in_basin(coordinates, end.q) and missed < STRAY * limit):
            return "left_basin"
        if not end.max_gradient < TOLERANCE:
            return "not_converged"
        return "converged" if missed < limit else "left_basin"

    def extrapolate(self, stretch, history=HISTORY):
        """Polynomial through the latest minima, with the tangent if the reference is among them."""
        lambdas, points = map(list, zip(*self.minima[-history:], strict=True))
        if 0.0 in lambdas:
            after = lambdas.index(0.0) + 1
            lambdas.insert(after, 0.0)  # equal abscissae: a value and its derivative
            points.insert(after, self.line.tangent)
        return KroghInterpolator(lambdas, points)(stretch)

    def _ends_in_minimum(self):
        """Whether it is worth going on: the walk may already have passed into saddle points."""
        return self._verdict(len(self.relaxed) - 1).is_minimum

    def _verdict(self, place):
        """The Verdict on a relaxed variant in all its symmetry blocks."""
        if place <= self.stable or self.test is None:
            return Verdict()
        verdict = self._ask(place, self.test.verdict)
        if verdict.is_minimum:
            self.stable = place
        return verdict

    def _ask(self, place, test, *arguments):
        """A Verdict on a relaxed variant, which keeps the message of an error."""
        stretch, outcome = self.relaxed[place]
        verdict = test(*arguments, self.line.theta_at(stretch), outcome.q)
        if verdict.error:
            outcome.message = verdict.error
        return verdict

    def _cut_at_saddle(self):
        """End the branch at its first variant that is a saddle point in the full space.

        The farthest variant is tested in all its symmetry blocks. If it is no minimum, bisection
        finds where its unstable block becomes unstable, and the last variant before that is tested
        in turn. Returns whether anything was cut.
        """
        end = len(self.relaxed)  # those before it are kept
        while not (verdict := self._verdict(end - 1)).is_minimum:
            minimum, saddle = self.stable, end - 1
            while saddle - minimum > 1 and not verdict.error:
                middle = (minimum + saddle) // 2
                if self._ask(middle, self.test.verdict_on_block, verdict.block).is_minimum:
                    minimum = middle
                else:
                    saddle = middle
            end = saddle
        for place, (_, outcome) in enumerate(self.relaxed[end:]):
            found = "lammps_error" if outcome.message else "saddle_point"
            outcome.discard("cut" if place else found)
        return end < len(self.relaxed)
