"""Truth: every variant really relaxed, in its own potential, walking out along lambda.

The walk extrapolates the minima found so far and takes quasi-Newton steps with H(q0; Theta), which
is linear in Theta, or in large cells with the crystal's Hessian at the mean. These only choose
where to look: a variant counts as relaxed when the gradient of its own potential, evaluated by
LAMMPS, is below the tolerance. Where a minimum vanishes the walk would fall into another structure;
it notices, goes back, and tries again with halved steps. Where the minimum turns into a saddle
point of the full space, the branch ends.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.interpolate import KroghInterpolator

from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.files.datasets import variable
from relaxdiff.minima.relaxation import mode_displacements
from relaxdiff.minima.relaxers import RELAXERS, TOLERANCE, in_basin
from relaxdiff.minima.saddle_test import StabilityTest
from relaxdiff.posterior.variants import deviations, variant_shifts
from relaxdiff.predictions.predicted_variants import compared_with
from relaxdiff.running.checkpoints import FOUND_AGAIN
from relaxdiff.running.ranks import is_first, of_first

STATUS = (
    "converged",
    "not_converged",
    "left_basin",
    "saddle_point",
    "lammps_error",
    "cut",
    "bulk_unstable",
    "predicted",
)
VANISHED = ("not_converged", "left_basin")  # a branch ends where its minimum does
HISTORY = 7  # minima that the extrapolation passes through
HALVINGS = 2  # of a step in lambda, before a minimum counts as vanished
# A minimum is the continuation of its neighbours if it lies where they point to: the extrapolation
# may miss it by this much (Angstrom), or by this share of the way.
MISS, MISS_SHARE = 0.05, 0.5
STRAY = 2  # times as far, a relaxation is on its way elsewhere


def relax_variants(
    minimum,
    posterior,
    crystal,
    derivative,
    constants,
    samples,
    relaxer,
    report,
    checkpoints=None,
    certificate=None,
):
    """Relax all stable variants of some samples.

    minimum: the reference Minimum, at the mean; posterior, crystal, derivative: the Datasets of
    those names, of which the derivative only tells where to look first; constants: what is known of
    second derivatives, the Dataset of `force_constants` or, for the relaxer 'sparse', the
    LatticeGreen of `crystal_green`; samples: indices into the posterior's samples; relaxer:
    'newton', 'sparse' or 'lammps' (with either constants); report: called with a line of text after
    each sample; checkpoints: Checkpoints that keep finished samples, if wanted; certificate: a
    Certificate of predictions that make relaxations unnecessary, never for a truth that predictions
    are compared with. Returns a Dataset over (sample, lambda) with `status`, energies, volumes and
    coordinates; NaN in every row whose status is neither 'converged' nor 'predicted'. Raises
    InputError for an unknown relaxer, RelaxationError when the reference turns out to be a saddle
    point (see StabilityTest).
    """
    if relaxer not in RELAXERS:
        raise InputError(f"truth.relaxer: '{relaxer}' is not one of {', '.join(RELAXERS)}")
    with (
        RELAXERS[relaxer](minimum, constants) as engine,
        StabilityTest(minimum, constants) as test,
    ):
        parts = []
        for sample in samples:
            part = of_first(lambda at=sample: checkpoints.read(at)) if checkpoints else None
            if part is not None:
                report(f"sample {sample}: {FOUND_AGAIN}")
            else:
                before = test.n_evaluations
                row = _relax_sample(
                    engine, test, posterior, crystal, derivative, sample, certificate
                )
                part = _dataset(row, posterior, crystal, minimum.coordinates, sample)
                if certificate:
                    part = certificate.complete(part, sample)
                tests = [test.n_evaluations - before]
                part["stability_evaluations"] = variable(
                    "sample", tests, "1", "evaluations to tell saddle points"
                )
                if checkpoints and is_first():
                    checkpoints.write(sample, part)
                report(_outline(sample, row))
            parts.append(part)
    modes = mode_displacements(minimum.coordinates)
    truth = join_samples(parts).assign_coords(mode_displacements=modes)
    return truth.assign_attrs(relaxer=relaxer, tolerance=TOLERANCE, n_atoms=len(minimum.atoms))


def join_samples(parts):
    """One Dataset over (sample, lambda) of several."""
    return xr.concat(parts, dim="sample", combine_attrs="drop_conflicts", data_vars="minimal")


def join_chunks(chunks):
    """One Dataset of several of `relax_variants`; their modes, the same in all, are held once.

    chunks: Datasets, best an iterator that reads each when its turn comes: the modes of a large
    cell take more memory than all that a chunk holds beside them.
    """
    parts = []
    for chunk in chunks:
        modes = chunk["mode_displacements"].variable
        parts.append(chunk.drop_vars("mode_displacements"))
    return join_samples(parts).assign_coords(mode_displacements=modes)


def _outline(sample, row):
    """A line on the Outcomes of one sample."""
    done = [outcome.status for outcome in row]
    predicted = f"{done.count('predicted')} predicted, " if "predicted" in done else ""
    return (
        f"sample {sample}: {predicted}{done.count('converged')} of "
        f"{len(done) - done.count('bulk_unstable')} variants relaxed, "
        f"{sum(outcome.evaluations for outcome in row)} evaluations"
    )


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


def _relax_sample(engine, test, posterior, crystal, derivative, sample, certificate=None):
    """One sample: both branches outwards from lambda = 0. Returns Outcomes over lambda, a list."""
    lambdas = crystal["lambda"].values
    stable = crystal["status"].values[sample] == "stable"
    zero = int(np.argmin(np.abs(lambdas)))
    delta = deviations(posterior)[0][sample]
    mean = posterior["theta_mean"].values
    tangent = engine.coordinates.tangent(derivative, delta)
    outcomes = [Outcome("bulk_unstable") for _ in lambdas]
    behind = []
    for outward in (range(zero, len(lambdas)), range(zero - 1, -1, -1)):
        within = list(itertools.takewhile(lambda index: stable[index], outward))
        branch = Branch(engine, test, lambda at: np.append(mean + at * delta, 1.0), tangent, behind)
        accept = certificate.acceptance(engine, sample, within) if certificate else _relax_all
        walked = branch.walk(lambdas[within].tolist(), accept)
        for index, outcome in zip(within, walked, strict=True):
            outcomes[index] = outcome
        behind = branch.minima[HISTORY - 1 : 0 : -1]
    return outcomes


def _relax_all(branch, place):
    """Nothing is accepted unrelaxed."""


def _dataset(row, posterior, crystal, coordinates, sample):
    """A Dataset of one sample, from its Outcomes."""
    over = ("sample", "lambda")
    lambdas = crystal["lambda"].values
    here = crystal.isel(sample=[sample])
    nowhere = np.full(coordinates.size, np.nan)
    collected = {
        name: np.array([[getattr(outcome, name) for outcome in row]])
        for name in ("status", "message", "energy", "gradient", "evaluations")
    }
    q = np.array([[nowhere if outcome.q is None else outcome.q for outcome in row]])
    status = collected["status"]
    composition = coordinates.reference.symbols.formula.count()
    energy = collected["energy"] + variant_shifts(posterior, lambdas, composition)[[sample]]
    volume = np.where(np.isnan(energy), np.nan, coordinates.volume(q))
    formation_energy, formation_volume = compared_with(here, composition).formation(
        energy, volume, here["energy"].values, here["volume"].values
    )
    variables = {
        "status": variable(
            over, status.astype(str), "1", "outcome of the relaxation", meanings=" ".join(STATUS)
        ),
        "message": variable(over, collected["message"].astype(str), "1", "LAMMPS's words, if any"),
        "energy": variable(over, energy, "eV", "energy of the relaxed defect cell"),
        "volume": variable(over, volume, "Angstrom^3", "volume of the relaxed defect cell"),
        "formation_energy": variable(over, formation_energy, "eV", "formation energy"),
        "formation_volume": variable(over, formation_volume, "Angstrom^3", "formation volume"),
        "coordinates": variable(
            (*over, "mode"), q, "Angstrom", "mode amplitudes and, last, strains, from the reference"
        ),
        "max_gradient": variable(
            over, collected["gradient"], "eV/Angstrom", "largest gradient component left"
        ),
        "evaluations": variable(
            over, collected["evaluations"], "1", "evaluations of descriptors or LAMMPS forces"
        ),
    }
    return xr.Dataset(variables, {"sample": [sample], "lambda": lambdas})
