"""Formation energy and volume of a structure, predicted and true, from structure and crystal.

    E_f = U* - N e_crystal* - sum_s N_s e_s*,    V_f = V* - N v_crystal* - sum_s N_s v_s*

for a cell of N atoms of the crystal's element and N_s of each solute, which is compared with a
crystal of its own. Predictions take the crystal at the same level as the structure: the errors of
the two extensive terms then cancel. Nothing in the cell cancels an error of a solute's crystal: it
is the relaxed one at every level, being known for every variant.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from ase.formula import Formula

from relaxdiff.crystals import compared_with, coordinates_of_crystal, evaluator_of_crystal
from relaxdiff.derivative import (
    H_IH,
    NEWTON,
    expansion_of_crystal,
    expansion_of_defect,
    most_complete,
)
from relaxdiff.files import variable
from relaxdiff.minima import Minimum
from relaxdiff.posterior import deviations, variant_shifts
from relaxdiff.predictions.newton import newton_models
from relaxdiff.predictions.soft_modes import signs_of, softest_curvature


def predict_variants(
    posterior: xr.Dataset,
    crystal: xr.Dataset,
    derivative: xr.Dataset,
    blocks: Sequence[np.ndarray] = (),
    minimum: Minimum | None = None,
) -> xr.Dataset:
    """Predict every stable variant at every level, without a single evaluation by LAMMPS.

    posterior, crystal, derivative: the Datasets of those names; blocks: second derivatives of the
    columns in the blocks of lower symmetry, (n, n, P + 1) each; minimum: the reference, for a
    potential that is not linear in its parameters: `newton` then evaluates energy and gradient at
    the reference with each variant's. Returns a Dataset over
    (level, sample, lambda); NaN where the crystal is not stable (see its `status`). The level
    `newton` needs the Hessian tensor of the dense solver and is left out without, as are
    `softest_curvature` and `minimum_in_doubt`, (sample, lambda), which tell where no minimum may be
    left: without blocks, of those in the symmetric coordinates alone.
    """
    lambdas = crystal["lambda"].values
    levels = [str(level) for level in derivative["level"].values]
    delta, _ = deviations(posterior)
    composition = Formula(derivative.attrs["formula"]).count()
    compared = compared_with(crystal, composition, posterior)
    defect, per_atom = expansion_of_defect(derivative), expansion_of_crystal(crystal, levels)
    energy, volume = defect.predict(delta, lambdas)
    crystal_energy, crystal_volume = per_atom.predict(delta, lambdas)
    limited = unsure = np.zeros(energy.shape[1:])
    newton, newton_per_atom = newton_models(
        derivative, crystal, n_atoms=1, evaluators=_evaluators(crystal, minimum)
    )
    places = {}
    if newton is not None:
        energy, volume, unsure, withheld, soft, q = _with_newton(
            newton, defect, energy, volume, delta, lambdas
        )
        crystal_energy, crystal_volume, _, withheld_crystal, soft_crystal, _ = _with_newton(
            newton_per_atom, per_atom, crystal_energy, crystal_volume, delta, lambdas
        )
        if newton.exact is not None:
            places["newton_coordinates"] = variable(
                ("sample", "lambda", "mode"),
                q,
                "Angstrom",
                "coordinates at newton: mode amplitudes and, last, strains, from the reference",
            )
        unsure = unsure + withheld + compared.n_host * withheld_crystal
        levels, limited = [*levels, NEWTON.name], soft | soft_crystal
    formation_energy, formation_volume = compared.formation(
        energy, volume, crystal_energy, crystal_volume
    )
    estimate = _error_estimate(levels, energy, compared.n_host * crystal_energy, unsure, limited)
    estimate = never_less_further_out(estimate, int(np.argmin(np.abs(lambdas))))
    shifts = variant_shifts(posterior, lambdas, composition)
    stable = crystal["status"].values == "stable"

    def masked(values, units, long_name):
        return variable(
            ("level", "sample", "lambda"), np.where(stable, values, np.nan), units, long_name
        )

    signs = {}
    if newton is not None:
        tensors = [derivative["hessian_tensor"].values, *blocks]
        mean = derivative["theta_mean"].values
        signs = signs_of(softest_curvature(tensors, mean, delta, lambdas), stable)
    return xr.Dataset(
        {
            "energy": masked(energy + shifts, "eV", "predicted energy of the relaxed defect cell"),
            "volume": masked(volume, "Angstrom^3", "predicted volume of the relaxed defect cell"),
            "formation_energy": masked(formation_energy, "eV", "predicted formation energy"),
            "formation_volume": masked(
                formation_volume, "Angstrom^3", "predicted formation volume"
            ),
            "error_estimate": masked(
                estimate, "eV", "estimated |error| of the predicted formation energy"
            ),
            **signs,
            **places,
        },
        coords={"level": levels, "sample": crystal["sample"].values, "lambda": lambdas},
        attrs={"potential": derivative.attrs["potential"], "n_atoms": sum(composition.values())},
    )


def _evaluators(crystal, minimum):
    """What `newton_models` takes: of the cell and the crystal, None for a linear potential."""
    if minimum is None or minimum.potential.is_linear:
        return None
    potential, cell = minimum.potential, coordinates_of_crystal(crystal)
    return (
        potential.evaluator(minimum.coordinates),
        evaluator_of_crystal(potential, crystal, cell),
    )


def never_less_further_out(estimate, zero):
    """The largest estimate on the way from lambda = 0, at index `zero`, to each variant.

    A difference may pass through zero where the error does not. estimate: lambda last; NaN stays.
    """
    ahead = np.fmax.accumulate(estimate[..., zero:], axis=-1)
    behind = np.fmax.accumulate(estimate[..., zero::-1], axis=-1)[..., ::-1]
    largest = np.concatenate([behind[..., :-1], ahead], axis=-1)
    return np.where(np.isnan(estimate), np.nan, largest)


def _with_newton(model, expansion, energy, volume, delta, lambdas):
    """Energies and volumes (level, sample, lambda) with those of `newton` appended.

    energy, volume: at the levels of the expansion, h+ih last. Returns also what cancels between the
    modes, what their limit withholds (eV), and whether one was limited, all (sample, lambda); and q
    (sample, lambda, n).
    """
    steps = [model.steps(sample, lambdas) for sample in delta]
    q, beyond, cancelled, withheld, limited = map(np.array, zip(*steps, strict=True))
    strains = q[..., q.shape[-1] - len(expansion.strain_basis) :]
    return (
        np.concatenate([energy, (energy[-1] + beyond)[None]]),
        np.concatenate([volume, expansion.volume_at(strains)[None]]),
        cancelled,
        withheld,
        limited,
        q,
    )


def _error_estimate(levels, energy, crystal_energy, unsure, limited):
    """|Error| of E_f at each level: how far it is from the best level, (level, sample, lambda), eV.

    energy, crystal_energy: of the cell and of as much crystal. What is left of newton's error is of
    the same order as the third-order part it contains, its distance from h+ih: that estimates both.
    unsure: what cancels between its modes in that part and need not cancel in the rest, and what
    the limit of soft curvatures withholds, is added (sample, lambda). Where a curvature was
    limited, in the cell or in the crystal, the errors of the two need not cancel either. Without
    newton nothing is known of h+ih: NaN.
    """
    best = most_complete(levels)
    apart, crystal = (each - each[levels.index(best)] for each in (energy, crystal_energy))
    estimate = np.where(limited, np.abs(apart) + np.abs(crystal), np.abs(apart - crystal))
    estimate += unsure
    of_h_ih = estimate[levels.index(H_IH.name)]
    estimate[levels.index(best)] = of_h_ih if best == NEWTON.name else np.nan
    return estimate
