"""Adaptive uncertainty quantification: relax only what no prediction is certified for.

Every prediction comes with an estimate of its error. For each variant the cheapest level whose
estimate is within a tolerance is taken. If no level without an evaluation is, the descriptors are
evaluated once: at the structure that `newton` predicts from the reference or, as soon as there are
such structures, at the one that they point to (`neighbours@x`), which is much nearer to the
minimum. If what is left to gain there is too much as well, the variant is relaxed like any in
`truth`. Where a branch ends is looked for as there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relaxdiff.crystals import compared_with
from relaxdiff.derivative import NEIGHBOURS_X, NEWTON_X
from relaxdiff.exceptions import InputError, LammpsError
from relaxdiff.files import variable
from relaxdiff.minima import Outcome
from relaxdiff.posterior import deviations, variant_shifts
from relaxdiff.potentials.snap import evaluator_for
from relaxdiff.predictions.evaluated import coordinates_of_crystal, evaluate, formation_of_evaluated
from relaxdiff.predictions.newton import newton_of_crystal, newton_of_defect

ENOUGH_NEIGHBOURS = 4  # evaluated structures on the way; the polynomial through them
RELAXED = "relaxed"
QUANTITIES = ("formation_energy", "formation_volume", "error_estimate")


@dataclass
class Found:
    """What one look at a predicted structure finds: level, q, E_f (eV), V_f (A^3), error (eV)."""

    level: str
    q: np.ndarray
    energy: float
    volume: float
    estimate: float


class Certificate:
    """Which predictions are good to a tolerance. A context manager; for `relax_variants`.

    minimum: the reference Minimum; posterior, crystal, derivative, predictions: the Datasets of
    those names; tolerance: of E_f, eV. Raises InputError when the predictions have no level
    `newton`.
    """

    def __init__(self, minimum, posterior, crystal, derivative, predictions, tolerance):
        if NEWTON_X.at not in predictions["level"].values:
            raise InputError(
                "prediction.tolerance needs the level newton: set derivative.solver to dense"
            )
        self.crystal, self.predictions, self.tolerance = crystal, predictions, tolerance
        self.minimum = minimum
        self.delta = deviations(posterior)[0]
        self.lambdas = crystal["lambda"].values
        composition = minimum.atoms.symbols.formula.count()
        self.shifts = variant_shifts(posterior, self.lambdas, composition)
        self.compared = compared_with(crystal, composition)
        self.compared_unshifted = compared_with(crystal, composition, posterior)
        self.cell = coordinates_of_crystal(crystal)
        n_cell = len(self.cell.reference)
        self.models = newton_of_defect(derivative), newton_of_crystal(crystal, n_cell)
        self.crystal_evaluator = evaluator_for(self.cell, minimum.potential)
        self.accepted, self.refused = {}, set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.crystal_evaluator.close()

    def acceptance(self, engine, sample, within):
        """What `Branch.walk` asks for the variants `within` (indices of lambda) of a sample."""
        lambdas = self.lambdas
        defect_steps, crystal_steps = (
            model.steps(self.delta[sample], lambdas)[0] for model in self.models
        )
        here = self.predictions.isel(sample=sample)
        estimates = here["error_estimate"].transpose("lambda", "level").values
        largest = 0.0  # estimate from the reference so far: further out none is smaller

        def accept(branch, place):
            nonlocal largest
            index = within[place]
            certified = np.flatnonzero(estimates[index] <= self.tolerance)
            if certified.size:
                chosen = here.isel({"lambda": index, "level": certified[0]})
                values = [float(chosen[name]) for name in QUANTITIES]
                self.accepted[sample, index] = (str(chosen["level"].item()), *values)
                return Outcome("predicted", q=defect_steps[index])
            neighbours = sum(at * lambdas[index] > 0 for at, _ in branch.minima)
            try:
                if neighbours >= ENOUGH_NEIGHBOURS:
                    q = branch.extrapolate(lambdas[index], ENOUGH_NEIGHBOURS)
                    found = self._beside_relaxed_crystal(engine, sample, index, q)
                else:
                    steps = defect_steps[index], crystal_steps[index]
                    found = self._beside_predicted_crystal(engine, sample, index, *steps)
                    largest = found.estimate = max(largest, found.estimate)
            except LammpsError:
                found = None
            if found is None or not found.estimate <= self.tolerance:
                self.refused.add((sample, index))
                return None
            self.accepted[sample, index] = found.level, found.energy, found.volume, found.estimate
            return Outcome("predicted", q=found.q, evaluations=1)

        return accept

    def _beside_predicted_crystal(self, engine, sample, index, q, crystal_q):
        """What one look finds; the crystal is predicted likewise, so that errors cancel."""
        defect = self._evaluate(engine.evaluator, self.models[0], sample, index, q)
        crystal = self._evaluate(self.crystal_evaluator, self.models[1], sample, index, crystal_q)
        energy, gain, volume = formation_of_evaluated(
            defect,
            crystal,
            self.minimum.coordinates,
            self.cell,
            self.compared_unshifted.at(sample, index),
        )
        return Found(NEWTON_X.name, defect.q, energy - gain, float(volume), abs(gain))

    def _beside_relaxed_crystal(self, engine, sample, index, q):
        """The same with the crystal's own minimum, which is known.

        As in a relaxation, the Hessian has learnt from the variants on the way.
        """
        here = {"sample": sample, "lambda": index}
        change = self.lambdas[index] * self.delta[sample]
        there, gain = engine.look(np.append(self.minimum.potential.theta + change, 1.0), q)
        energy, volume = self.compared.at(sample, index).formation(
            there.energy + self.shifts[sample, index],
            float(self.minimum.coordinates.volume(there.q)),
            float(self.crystal["energy"].isel(here)),
            float(self.crystal["volume"].isel(here)),
        )
        return Found(NEIGHBOURS_X.name, there.q, energy, volume, abs(gain))

    def _evaluate(self, evaluator, model, sample, index, q):
        change = self.lambdas[index] * self.delta[sample]
        return evaluate(evaluator, model, self.minimum.potential.theta, change, q)

    def complete(self, part, sample):
        """The Dataset of one sample with what was predicted, at which `level`, and how well."""
        status = part["status"].values
        level = np.where(status == "converged", RELAXED, "").astype(object)
        estimate = np.where(status == "converged", 0.0, np.nan)
        part = part.drop_vars(["energy", "volume"])
        for (of, index), (name, energy, volume, error) in self.accepted.items():
            if of == sample and status[0, index] == "predicted":
                level[0, index], estimate[0, index] = name, error
                part["formation_energy"].values[0, index] = energy
                part["formation_volume"].values[0, index] = volume
        for of, index in self.refused:
            if of == sample:
                part["evaluations"].values[0, index] += 1
        over = ("sample", "lambda")
        return part.assign(
            level=variable(over, level.astype(str), "1", "how the values were found"),
            error_estimate=variable(over, estimate, "eV", "estimated |error| of formation energy"),
        )


def adaptive_table(adapted, levels, truth=None):
    """How many variants were left to each level, and what it cost, one row each (a DataFrame).

    adapted: Dataset of `relax_variants` with a Certificate; levels: those of the predictions,
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
