"""Adaptive uncertainty quantification: relax only what no prediction is certified for.

Every prediction comes with an estimate of its error. For each variant the cheapest level whose
estimate is within a tolerance is taken. If no level without an evaluation is, the descriptors are
evaluated once: at the structure that `newton` predicts from the reference or, as soon as there are
such structures, at the one that they point to (`neighbours@x`), which is much nearer to the
minimum. If what is left to gain there is too much as well, the variant is relaxed like any in
`truth`. So is each whose minimum is in doubt, whatever its estimates. Where a branch ends is looked
for as in `truth`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relaxdiff.crystals import (
    VariantWalks,
    compared_with,
    coordinates_of_crystal,
    evaluator_of_crystal,
)
from relaxdiff.derivative import NEIGHBOURS_X, NEWTON_X
from relaxdiff.exceptions import EvaluationError, InputError
from relaxdiff.files import variable
from relaxdiff.minima import Outcome, Relaxer, StabilityTest
from relaxdiff.predictions.evaluated import evaluate, formation_of_evaluated
from relaxdiff.predictions.newton import newton_models
from relaxdiff.structures import crystal_from

ENOUGH_NEIGHBOURS = 4  # evaluated structures on the way; the polynomial through them
RELAXED = "relaxed"


@dataclass
class Found:
    """A certified prediction: level, q, E_f (eV), V_f (A^3), its estimated error (eV)."""

    level: str
    q: np.ndarray
    energy: float
    volume: float
    estimate: float


class AdaptiveWalks(VariantWalks):
    """Walks that take for each variant the cheapest certified prediction, or relax it.

    A context manager, for `walked`. reference: Reference with a TensorHessian; variants: Variants;
    crystal, predictions: the Datasets of those names; tolerance: of E_f, eV. Raises InputError when
    the predictions have no level `newton`.
    """

    def __init__(self, reference, variants, crystal, predictions, tolerance):
        if NEWTON_X.at not in predictions["level"].values:
            raise InputError(
                "prediction.tolerance needs the level newton: set derivative.solver to dense"
            )
        minimum, hessian = reference.minimum, reference.hessian
        engine, test = Relaxer(minimum, hessian), StabilityTest(minimum, hessian)
        super().__init__(reference, variants, crystal, engine, test)
        self.predictions, self.tolerance = predictions, tolerance
        composition = minimum.atoms.symbols.formula.count()
        self.compared = compared_with(crystal, composition, variants.posterior)
        own = variants.shifts(crystal_from(crystal.attrs).fractions)
        self.crystal_energy = crystal["energy"].values - own
        self.cell = coordinates_of_crystal(crystal)
        self.crystal_evaluator = evaluator_of_crystal(minimum.potential, crystal, self.cell)
        evaluators = engine.evaluator, self.crystal_evaluator
        self.models = newton_models(
            reference.derivative,
            crystal,
            len(self.cell.reference),
            None if minimum.potential.is_linear else evaluators,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (self.engine.evaluator, *self.test.evaluators, self.crystal_evaluator):
            each.close()

    def sample(self, sample):
        """Outcomes and Dataset of one sample: what was predicted at which `level`, how well."""
        row = self.outcomes(sample, lambda places: BranchCertifier(self, sample, places))
        part = self.dataset(sample, row).drop_vars(["energy", "volume"])
        level = [RELAXED if outcome.status == "converged" else "" for outcome in row]
        estimate = [0.0 if outcome.status == "converged" else np.nan for outcome in row]
        for index, outcome in enumerate(row):
            if outcome.status == "predicted":
                found = outcome.found
                level[index], estimate[index] = found.level, found.estimate
                part["formation_energy"].values[0, index] = found.energy
                part["formation_volume"].values[0, index] = found.volume
        over = ("sample", "lambda")
        return row, part.assign(
            level=variable(over, np.array([level], dtype=str), "1", "how the values were found"),
            error_estimate=variable(
                over, np.array([estimate]), "eV", "estimated |error| of formation energy"
            ),
        )


class BranchCertifier:
    """Says for each variant of one branch whether a prediction is good enough. For `Branch.walk`.

    walks: AdaptiveWalks; sample: its index; places: of the branch's lambdas, outwards.
    """

    def __init__(self, walks, sample, places):
        self.walks, self.sample, self.places = walks, sample, places
        self.steps = [
            model.steps(walks.variants.delta[sample], walks.variants.lambdas)[0]
            for model in walks.models
        ]
        self.predictions = walks.predictions.isel(sample=sample)
        self.estimates = self.predictions["error_estimate"].transpose("lambda", "level").values
        self.in_doubt = self.predictions["minimum_in_doubt"].values
        self.largest = 0.0  # estimate from the reference so far: further out none is smaller

    def __call__(self, branch, place):
        """An Outcome or, where the variant has to be relaxed, None; and the evaluations spent."""
        index = self.places[place]
        if self.in_doubt[index]:
            return None, 0
        tolerance = self.walks.tolerance
        certified = np.flatnonzero(self.estimates[index] <= tolerance)
        if certified.size:
            found = self._predicted(index, certified[0])
            return Outcome("predicted", q=found.q, found=found), 0
        try:
            found = self._looked_at(branch, index)
        except EvaluationError:
            found = None
        if found is None or not found.estimate <= tolerance:
            return None, 1
        return Outcome("predicted", q=found.q, evaluations=1, found=found), 1

    def _predicted(self, index, level):
        """What is predicted without an evaluation."""
        chosen = self.predictions.isel({"lambda": index, "level": level})
        names = ("formation_energy", "formation_volume", "error_estimate")
        values = [float(chosen[name]) for name in names]
        return Found(str(chosen["level"].item()), self.steps[0][index], *values)

    def _looked_at(self, branch, index):
        """What one look finds, from the neighbours on this side if there are enough."""
        stretch = self.walks.variants.lambdas[index]
        neighbours = sum(at * stretch > 0 for at, _ in branch.minima)
        if neighbours >= ENOUGH_NEIGHBOURS:
            return self._beside_relaxed_crystal(
                index, branch.extrapolate(stretch, ENOUGH_NEIGHBOURS)
            )
        found = self._beside_predicted_crystal(index)
        self.largest = found.estimate = max(self.largest, found.estimate)
        return found

    def _beside_predicted_crystal(self, index):
        """What one look finds; the crystal is predicted likewise, so that errors cancel."""
        walks, variants = self.walks, self.walks.variants
        change = variants.lambdas[index] * variants.delta[self.sample]
        evaluators = walks.engine.evaluator, walks.crystal_evaluator
        defect, crystal = (
            evaluate(evaluator, model, variants.mean, change, steps[index])
            for evaluator, model, steps in zip(evaluators, walks.models, self.steps, strict=True)
        )
        energy, gain, volume, estimate = formation_of_evaluated(
            defect,
            crystal,
            walks.reference.minimum.coordinates,
            walks.cell,
            walks.compared.at(self.sample, index),
        )
        return Found(NEWTON_X.name, defect.q, energy - gain, float(volume), float(estimate))

    def _beside_relaxed_crystal(self, index, q):
        """The same with the crystal's own minimum, which is known.

        As in a relaxation, the Hessian has learnt from the variants on the way.
        """
        walks, here = self.walks, (self.sample, index)
        there, gain = walks.engine.look(walks.variants.theta(*here), q)
        energy, volume = walks.compared.at(*here).formation(
            there.energy,
            float(walks.reference.minimum.coordinates.volume(there.q)),
            walks.crystal_energy[here],
            walks.crystal["volume"].values[here],
        )
        return Found(NEIGHBOURS_X.name, there.q, float(energy), float(volume), abs(gain))


def adaptive_table(adapted, levels, truth=None):
    """How many variants were left to each level, and what it cost, one row each (a DataFrame).

    adapted: Dataset of `walked` over AdaptiveWalks; levels: those of the predictions,
    cheapest first; truth: all variants relaxed, to compare with, or None. Columns: level;
    `variants`; `fraction` of those kept; `evaluations` of the defect's descriptors; and with a
    truth how many were `compared`, and the mean and the largest |error| of E_f, eV.
    """
    level = adapted["level"].values
    rows = []
    for name in [*levels, NEWTON_X.name, NEIGHBOURS_X.name, RELAXED]:
        here = level == name
        row = {
            "level": name,
            "variants": int(here.sum()),
            "fraction": here.sum() / max((level != "").sum(), 1),
            "evaluations": int(adapted["evaluations"].values[here].sum()),
        }
        if truth is not None:
            kept = here & (truth["status"].values == "converged")
            error = np.abs(adapted["formation_energy"].values - truth["formation_energy"].values)
            row["compared"] = int(kept.sum())
            row["mean_abs_error"] = error[kept].mean() if kept.any() else np.nan
            row["max_abs_error"] = error[kept].max() if kept.any() else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
