"""Predictions that LAMMPS has looked at once: the levels `h+ih@x` and `newton@x`.

Descriptors are evaluated at the structure that a level predicts. The gradient r left there says how
far the minimum still is: by H^-1 r, and eta = 1/2 r^T H^-1 r lower in energy. Both are taken off,
and eta is the estimate of the error, with what limited curvatures withhold of it. H is the
variant's own Hessian at the reference, made to agree with the change of the gradient over the step
(a BFGS update), its curvatures limited as in `newton`. The crystal is treated in the same way.
Derivations and orders: docs/theory.md.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from relaxdiff.crystals import compared_with, coordinates_of_crystal, evaluator_of_crystal
from relaxdiff.derivative import EVALUATION, H_IH, NEWTON, level_named, names_of_levels
from relaxdiff.exceptions import EvaluationError
from relaxdiff.files import variable
from relaxdiff.minima import DenseModel
from relaxdiff.posterior import deviations, variant_shifts
from relaxdiff.predictions.newton import newton_models
from relaxdiff.predictions.predicted_variants import never_less_further_out

EVALUATED_LEVELS = names_of_levels(EVALUATION)


@dataclass(frozen=True)
class Evaluated:
    """One structure evaluated: its energy (eV), what is still to gain (eV), and how far to go.

    gain: eta; q: coordinates (n,) with the step towards the minimum; step: that step, (n,);
    withheld: by how much eta would be larger if soft curvatures were not limited (eV).
    """

    energy: float
    gain: float
    q: np.ndarray
    step: np.ndarray
    withheld: float


def evaluate(evaluator, model, mean, delta_theta, q):
    """The Evaluated of one variant at predicted coordinates q.

    evaluator: any Evaluator; model: NewtonModel in the same coordinates; mean: the reference's
    parameters, (P,); delta_theta: the variant's deviation from them, (P,). Raises EvaluationError.
    """
    theta = mean + delta_theta
    residual = evaluator.gradient(q, theta)
    curved = DenseModel(model.hessian_of(delta_theta), evaluator.coordinates.scale)
    curved.learn(q, residual - model.gradient(delta_theta))
    step, withheld = model.response(curved.hessian, residual)
    gain = -0.5 * residual @ step
    return Evaluated(evaluator.energy(q, theta), float(gain), q + step, step, withheld)


def evaluate_predictions(
    minimum, posterior, crystal, derivative, samples, report, levels=EVALUATED_LEVELS
):
    """Evaluate the structures predicted for all stable variants of some samples.

    minimum: the reference Minimum; posterior, crystal, derivative: the Datasets of those names, the
    derivative with a Hessian tensor; samples: indices; report: called with a line of text for each
    sample; levels: which of EVALUATED_LEVELS. Returns a Dataset over (level, sample, lambda); NaN
    where the crystal is not stable or LAMMPS refused the structure.
    """
    levels = [level for level in EVALUATED_LEVELS if level in levels]
    potential, rows = minimum.potential, []
    with (
        potential.evaluator(minimum.coordinates) as of_defect,
        evaluator_of_crystal(potential, crystal, coordinates_of_crystal(crystal)) as of_crystal,
    ):
        evaluators = None if potential.is_linear else (of_defect, of_crystal)
        n_cell = len(of_crystal.coordinates.reference)
        models = newton_models(derivative, crystal, n_cell, evaluators)
        predicted = _Predicted(minimum, posterior, crystal, models, levels)
        for sample in samples:
            before = of_defect.n_evaluations
            of_defect.forget()
            of_crystal.forget()
            row = predicted.evaluated(sample, of_defect, of_crystal)
            spent = of_defect.n_evaluations - before
            missing = int(predicted.stable[sample].sum()) * len(levels) - np.count_nonzero(row)
            report(f"sample {sample}: {spent} structures evaluated, {missing} refused by LAMMPS")
            rows.append(predicted.dataset(sample, row, spent))
    return join_evaluations(rows).assign_attrs(n_atoms=len(minimum.atoms))


def join_evaluations(parts):
    """One Dataset over (level, sample, lambda) of several of different samples."""
    return xr.concat(parts, dim="sample", combine_attrs="drop_conflicts", data_vars="minimal")


def formation_of_evaluated(defect, crystal, coordinates, cell, compared):
    """E_f where evaluated, what is left of it to gain, V_f at the end, and E_f's estimated error.

    In eV and Angstrom^3. defect, crystal: Evaluated, in Coordinates `coordinates` and `cell`;
    compared: ComparedWith of this variant, without energy shifts. What both have left to gain
    cancels like their energies; what their limits withhold need not.
    """
    n_cell = len(cell.reference)
    energy, volume = compared.formation(
        defect.energy,
        coordinates.volume(defect.q),
        crystal.energy / n_cell,
        cell.volume(crystal.q) / n_cell,
    )
    share = compared.n_host / n_cell
    left = defect.gain - share * crystal.gain
    return energy, left, volume, abs(left) + defect.withheld + share * crystal.withheld


class _Predicted:
    """The structures that levels predict for all variants, sample by sample.

    minimum, posterior, crystal: as for `evaluate_predictions`; models: of `newton_models`; levels:
    evaluated ones.
    """

    def __init__(self, minimum, posterior, crystal, models, levels):
        self.minimum, self.posterior, self.crystal = minimum, posterior, crystal
        self.levels, self.lambdas = levels, crystal["lambda"].values
        self.delta = deviations(posterior)[0]
        self.stable = crystal["status"].values == "stable"
        self.cell = coordinates_of_crystal(crystal)
        self.models = models

    def evaluated(self, sample, *evaluators):
        """(defect, crystal) of Evaluated for each level and lambda, None where there is none.

        evaluators: of the two.
        """
        delta, mean = self.delta[sample], self.minimum.potential.theta
        steps = [
            {
                H_IH.name: np.outer(self.lambdas, model.derivatives @ delta),
                NEWTON.name: model.steps(delta, self.lambdas)[0],
            }
            for model in self.models
        ]
        row = np.full((len(self.levels), len(self.lambdas)), None, dtype=object)
        for place, index in np.ndindex(row.shape):
            if not self.stable[sample, index]:
                continue
            at, change = level_named(self.levels[place]).at, self.lambdas[index] * delta
            try:
                row[place, index] = tuple(
                    evaluate(evaluator, model, mean, change, each[at][index])
                    for evaluator, model, each in zip(evaluators, self.models, steps, strict=True)
                )
            except EvaluationError:
                continue  # predicted out of all reason: it has no value
        return row

    def dataset(self, sample, row, spent):
        """A Dataset of one sample; row: its structures `evaluated`; spent: evaluations of these."""
        coordinates, lambdas = self.minimum.coordinates, self.lambdas
        composition = self.minimum.atoms.symbols.formula.count()
        compared = compared_with(self.crystal, composition, self.posterior)
        numbers = np.full((*row.shape, 7), np.nan)
        q = np.full((*row.shape, coordinates.size), np.nan)
        for place in zip(*np.nonzero(row), strict=True):
            defect, of_crystal = row[place]
            moved = np.linalg.norm(coordinates.displacements(defect.step), axis=1).max(initial=0.0)
            here = compared.at(sample, place[1])
            formation = formation_of_evaluated(defect, of_crystal, coordinates, self.cell, here)
            numbers[place] = defect.energy, defect.gain, *formation, moved
            q[place] = defect.q
        energy, gain, evaluated, left, formation_volume, error, moved = np.moveaxis(numbers, -1, 0)
        volume = coordinates.volume(q)
        estimate = never_less_further_out(error, int(np.argmin(np.abs(lambdas))))
        shifts = variant_shifts(self.posterior, lambdas, composition)[sample]
        over = ("level", "sample", "lambda")

        def each(values, units, long_name):
            return variable(over, values[:, None], units, long_name)

        variables = {
            "energy": each(
                energy - gain + shifts, "eV", "predicted energy of the relaxed defect cell"
            ),
            "volume": each(volume, "Angstrom^3", "predicted volume of the relaxed defect cell"),
            "formation_energy": each(evaluated - left, "eV", "predicted formation energy"),
            "formation_volume": each(formation_volume, "Angstrom^3", "predicted formation volume"),
            "error_estimate": each(
                estimate, "eV", "estimated |error| of the predicted formation energy"
            ),
            "displacement_estimate": each(
                moved, "Angstrom", "how far the atom that moves most still was from the minimum"
            ),
            "evaluated_energy": each(energy + shifts, "eV", "energy of the cell where evaluated"),
            "evaluated_formation_energy": each(
                evaluated, "eV", "formation energy without the gain taken off"
            ),
            "coordinates": variable(
                (*over, "mode"),
                q[:, None],
                "Angstrom",
                "mode amplitudes and, last, strains, from the reference",
            ),
            "evaluations": variable("sample", [spent], "1", "evaluations of descriptors"),
        }
        coords = {"level": self.levels, "sample": [sample], "lambda": lambdas}
        return xr.Dataset(variables, coords)
