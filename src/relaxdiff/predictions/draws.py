"""The posterior of a structure's formation energy and volume, from as many draws as one likes.

A draw costs no evaluation: the expansions at the reference predict it, at `h+ih` and, where the
Hessian tensor is known, at `newton`, the crystal at the same level as the structure. A solute's own
crystal, in predictions of variants really relaxed, is expanded here as well: to second order in its
energy and to first order in its volume.

Whether the crystal of a draw is stable, and whether truth would find the structure's minimum, is
not known without evaluations. The second derivatives give signs of it: a draw with a negative
curvature in what the structure or its crystal relaxes along counts as unstable and has no values;
one with a curvature that `newton` limits is marked. The relaxed samples tell the rest.

To first order the standard deviation is known without a draw: with g = dy/dTheta and the covariance
C of the posterior it is sqrt(g^T C g).
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from ase.formula import Formula

from relaxdiff.crystals import ComparedWith, beyond_crystal, compared_with
from relaxdiff.derivative import H_IH, NEWTON, expansion_of_crystal, expansion_of_defect
from relaxdiff.files import variable
from relaxdiff.posterior import (
    all_parameters,
    covariance_root,
    deviations_in_parts,
    elements_of,
    is_distribution,
    is_snap,
    principal_directions,
    unit_of,
    without_shifts,
)
from relaxdiff.predictions.newton import LEAST_CURVATURE, newton_of_crystal, newton_of_defect
from relaxdiff.quantities import (
    FORMATION_UNITS,
    changes_compared_with,
    energy_by_shift,
    formation_derivatives,
    formation_names,
)

DRAWS = 100_000
NUMBERS_AT_ONCE = 2**22  # in the largest array: 32 MiB
# Draws times n^3 that newton may cost, n coordinates: 10 s or so, and more where curvatures are
# limited. That is 100,000 draws up to n = 100, and no newton where it is less than FEWEST, n = 464.
NEWTON_COST, FEWEST = 1e11, 1000
STREAM = 1  # beside posterior.seed: draws are others than the samples, which have the seed alone


def predict_draws(
    posterior: xr.Dataset,
    crystal: xr.Dataset,
    derivative: xr.Dataset,
    draws: int = DRAWS,
    seed: int = 0,
) -> xr.Dataset:
    """Formation energies and volumes of draws from a posterior, predicted, and their linear spread.

    posterior, crystal, derivative: the Datasets of those names; draws: how many; seed: of theirs.
    A posterior that only holds samples has nothing to draw from: its samples are taken, and the
    attribute `drawn_from` is 'samples', not 'distribution'.

    Returns a Dataset over (level, draw), levels `h+ih` and, with the Hessian tensor of the dense
    solver, `newton`: `formation_energy`, eV; where the cell relaxes `formation_volume`, Angstrom^3,
    NaN where the draw is unstable; `limited` (draw), 1 where newton limits a curvature; `predicted`
    (level), of how many draws it was computed: newton of fewer in cells of more than 100
    coordinates, and of more than 464 not at all; and over `quantity` the standard deviation to
    first order, `standard_deviation_linear`, with `variance_share` of each principal direction of
    the covariance, `direction_vector` and `direction_variance`.
    """
    drawing = _Drawing.of(posterior, crystal, derivative)
    parts = zip(*_parts(drawing, posterior, draws, seed), strict=True)
    values, lowest = (np.concatenate(each, axis=-1) for each in parts)
    values = np.where(lowest > 0, values, np.nan)
    counts = [len(lowest), min(len(lowest), _most_of_newton(drawing.newton))]
    given = {"crystal": crystal, "derivative": derivative}
    names = formation_names(given)
    levels = [H_IH.name, NEWTON.name][: values.shape[1]]
    what = {"formation_energy": "predicted formation energy"}
    what["formation_volume"] = "predicted formation volume"
    own = {
        name: variable(("level", "draw"), each, FORMATION_UNITS[name], what[name])
        for name, each in zip(names, values, strict=False)
    }
    drawn = xr.Dataset(
        own
        | {
            "limited": variable(
                "draw", (lowest < LEAST_CURVATURE).astype("i1"), "1", "1: newton limits a curvature"
            ),
            "predicted": variable("level", counts[: len(levels)], "1", "draws that were predicted"),
        }
        | _linear(posterior, given, names),
        coords={"level": levels, "quantity": names, "parameter": all_parameters(posterior)},
        attrs={
            "potential": derivative.attrs["potential"],
            "drawn_from": "distribution" if is_distribution(posterior) else "samples",
            "seed": seed,
        },
    )
    return without_shifts(drawn, posterior)


def linear_draws(posterior, gradients, draws):
    """What the draws of a Dataset of `predict_draws` change to first order, (quantity, draw).

    posterior: that they were drawn from; gradients: derivatives by all parameters, (quantity,
    E + P), as of `quantity_derivatives`.
    """
    parts = _deviations(posterior, draws.sizes["draw"], draws.attrs["seed"])
    return np.concatenate([gradients @ part.T for part in parts], axis=1)


def _deviations(posterior, draws, seed):
    """Deviations of the draws from the mean, (draw, E + P), part by part."""
    at_once = max(1, NUMBERS_AT_ONCE // posterior.sizes["parameter"])
    return deviations_in_parts(posterior, draws, [seed, STREAM], at_once)


def _linear(posterior, given, names):
    """Linear spread and what carries it, variables by name."""
    variances, directions = principal_directions(covariance_root(posterior))
    gradients = formation_derivatives(elements_of(posterior), given)
    carried = variances * (gradients @ directions.T) ** 2
    total = carried.sum(axis=1, keepdims=True)
    return {
        "standard_deviation_linear": variable(
            "quantity", np.sqrt(total[:, 0]), "unit", "sqrt(g^T C g), to first order"
        ),
        "variance_share": variable(
            ("quantity", "direction"),
            carried / np.where(total > 0, total, 1),
            "1",
            "share of the linearised variance that a direction carries",
        ),
        "direction_vector": variable(
            ("direction", "parameter"), directions, "1", "principal directions of the posterior"
        ),
        "direction_variance": variable(
            "direction", variances, f"{unit_of(posterior)}^2", "variance along them"
        ),
    }


@dataclass(frozen=True)
class _Drawing:
    """What draws are predicted with: Expansions and NewtonModels of the cell and of the crystal per
    atom (None for the cell without a Hessian tensor), and what the cell is compared with."""

    cell: object
    per_atom: object
    newton: object
    newton_per_atom: object
    compared: "_ComparedDraws"

    @classmethod
    def of(cls, posterior, crystal, derivative):
        cell, newton = expansion_of_defect(derivative), newton_of_defect(derivative)
        best = {name: getattr(cell, name)[-1:] for name in ("curvature", "strain_derivative")}
        return cls(
            cell=replace(cell, **best),
            per_atom=expansion_of_crystal(crystal, [H_IH.name]),
            newton=newton if is_snap(posterior.attrs) and _most_of_newton(newton) else None,
            newton_per_atom=newton_of_crystal(crystal),
            compared=_ComparedDraws(posterior, crystal, derivative),
        )

    def predict(self, theta, shift, n_newton):
        """E_f and V_f of some draws, (2, level, draw), and their lowest curvatures, (draw,).

        theta, shift: deviations, (draw, P) and (draw, E); n_newton: newton is computed of so many,
        the first ones. Curvatures are relative to the reference's.
        """
        state = self._at_h_ih(theta)
        q, beyond, lowest = self.newton_per_atom.steps_of_many(theta)
        levels = [self.compared.at(theta, shift).formation(*state)]
        if self.newton is not None:
            some = slice(n_newton)
            own = self.newton.steps_of_many(theta[some])
            lowest[some] = np.minimum(lowest[some], own[2])
            state = self._at_newton([each[some] for each in state], own, (q[some], beyond[some]))
            found = np.array(self.compared.at(theta[some], shift[some]).formation(*state))
            padding = [(0, 0), (0, len(theta) - len(theta[some]))]
            levels.append(np.pad(found, padding, constant_values=np.nan))
        return np.array(levels).swapaxes(0, 1), lowest

    def _at_h_ih(self, theta):
        one = np.ones(1)
        energy, volume = (each[0, :, 0] for each in self.cell.predict(theta, one))
        crystal = (each[0, :, 0] for each in self.per_atom.predict(theta, one))
        return energy, volume, *crystal

    def _at_newton(self, state, own, of_crystal):
        """The same at newton; own, of_crystal: of `steps_of_many`."""
        found = []
        for expansion, energy, (q, beyond, *_) in zip(
            (self.cell, self.per_atom), state[::2], (own, of_crystal), strict=True
        ):
            strains = q[:, q.shape[1] - len(expansion.strain_basis) :]
            found += [energy + beyond, expansion.volume_at(strains)]
        return found


class _ComparedDraws:
    """What draws are compared with: the crystals of solutes expanded about the mean."""

    def __init__(self, posterior, crystal, derivative):
        given = {"crystal": crystal, "derivative": derivative}
        composition = Formula(derivative.attrs["formula"]).count()
        zero = int(np.argmin(np.abs(crystal["lambda"].values)))
        first = crystal.isel(sample=[0]), composition, posterior.isel(sample=[0])
        self.mean = compared_with(*first).at(0, zero)
        self.changes = changes_compared_with(given)
        self.by_shift = np.array(energy_by_shift(elements_of(posterior), given))
        _, excess = beyond_crystal(crystal.attrs, composition)
        self.curvature = None
        if excess:
            counts, of = list(excess.values()), crystal.sel(solute=list(excess))
            self.curvature = np.tensordot(counts, of["solute_energy_curvature"].values, axes=1)

    def at(self, theta, shift):
        """The ComparedWith of some draws; theta: (draw, P), shift: (draw, E)."""
        if self.curvature is None:
            return self.mean
        relaxing = np.einsum("dp,dp->d", theta @ self.curvature, theta)
        return ComparedWith(
            self.mean.n_host,
            self.mean.solute_energy
            + theta @ self.changes.solute_energy
            + 0.5 * relaxing
            - shift @ self.by_shift,
            self.mean.solute_volume + theta @ self.changes.solute_volume,
        )


def _parts(drawing, posterior, draws, seed):
    """Values (2, level, draw) and lowest curvatures (draw,) of all draws, part by part."""
    n_shifts, first = len(elements_of(posterior)), 0
    for part in _deviations(posterior, draws, seed):
        n_newton = max(_most_of_newton(drawing.newton) - first, 0)
        yield drawing.predict(part[:, n_shifts:], part[:, :n_shifts], n_newton)
        first += len(part)


def _most_of_newton(newton):
    """How many draws newton may be computed of, newton a NewtonModel or None."""
    if newton is None:
        return 0
    most = int(NEWTON_COST / max(len(newton.hessian), 1) ** 3)
    return most if most >= FEWEST else 0
