"""The parameter sets of the study: each posterior sample stretched away from the mean.

Theta(lambda, m) = mean + lambda (Theta_m - mean)        (section III of arXiv:2407.02414)
"""

import functools
import re
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from relaxdiff.exceptions import InputError
from relaxdiff.units import UNIT_OF_EACH

NAME = re.compile(r"sample(?P<sample>\d{3,})_lambda(?P<stretch>[+-]\d+(\.\d+)?)")


def lambda_grid(lambda_min, lambda_max, lambda_step):
    """The values of lambda, ascending, lambda = 0 among them.

    Raises InputError naming the config keys when 0 or an end is not on the grid.
    """
    steps = np.array([lambda_min, lambda_max]) / lambda_step
    whole = np.round(steps)
    if lambda_step <= 0 or np.abs(steps - whole).max() > 1e-6 or whole[0] > 0 or whole[1] < 0:
        raise InputError(
            f"perturbation: lambda_min = {lambda_min} and lambda_max = {lambda_max} must be "
            f"multiples of lambda_step = {lambda_step} on either side of 0"
        )
    return np.round(np.arange(whole[0], whole[1] + 1) * lambda_step, 10)


@dataclass(frozen=True)
class Variants:
    """The parameter sets of a study.

    posterior: Dataset; lambdas: ascending, 0 among them, (lambda,).
    """

    posterior: xr.Dataset = field(repr=False)
    lambdas: np.ndarray

    @functools.cached_property
    def zero(self):
        """Place of lambda = 0."""
        return int(np.argmin(np.abs(self.lambdas)))

    @functools.cached_property
    def mean(self):
        """Parameters of the mean, (P,)."""
        return self.posterior["theta_mean"].values

    @functools.cached_property
    def delta(self):
        """Theta_m - mean of every sample, (sample, P)."""
        return deviations(self.posterior)[0]

    def theta_at(self, sample, stretch):
        """Parameters (P,) of a sample at lambda = stretch."""
        return self.mean + stretch * self.delta[sample]

    def theta(self, sample, place):
        """Parameters (P,) of one variant, by the place of its lambda."""
        return self.theta_at(sample, self.lambdas[place])

    @property
    def every_theta(self):
        """Parameters of all variants, (sample lambda, P), the last lambda of a sample last."""
        theta = self.mean + self.lambdas[None, :, None] * self.delta[:, None]
        return theta.reshape(-1, len(self.mean))

    def shifts(self, composition):
        """What the energy shifts add to a structure, (sample, lambda), eV; see `variant_shifts`."""
        return variant_shifts(self.posterior, self.lambdas, composition)


def deviations(posterior):
    """Theta_m - mean of every sample, (sample, P), and the same of energy shifts, (sample, E); eV.

    E: elements of the potential.
    """
    theta = posterior["theta"].values - posterior["theta_mean"].values
    shift = posterior["energy_shift"].values - posterior["energy_shift_mean"].values
    return theta, shift.reshape(len(theta), -1)


def elements_of(posterior):
    """The elements of a posterior's potential, in the order of its energy shifts, a list."""
    return posterior.attrs["element"].split()


def is_snap(attrs):
    """Whether a posterior, or what a Dataset keeps of a potential, is of SNAP; attrs: a dict."""
    return "analytic" not in attrs


def unit_of(dataset):
    """The unit of the parameters in a posterior or another Dataset; 'parameter_unit' of several."""
    if UNIT_OF_EACH not in dataset.coords:
        return "eV"
    units = {str(unit) for unit in dataset[UNIT_OF_EACH].values}
    return units.pop() if len(units) == 1 else UNIT_OF_EACH


def unit_of_each(potential):
    """The coordinate with the unit of each parameter, a dict; {} of SNAP, whose unit is eV."""
    if is_snap(potential.attributes()):
        return {}
    return {UNIT_OF_EACH: ("parameter", list(potential.parameters.units))}


def without_shifts(dataset, posterior):
    """A Dataset over `all_parameters` without beta_0 if the posterior's potential has none."""
    if is_snap(posterior.attrs):
        return dataset
    kept = dataset.sel(parameter=posterior["parameter"].values)
    return kept.assign_coords({UNIT_OF_EACH: posterior[UNIT_OF_EACH].variable})


def all_parameters(posterior):
    """Names of energy shifts and, behind them, coefficients, a list: beta_0, beta_1 ...

    Of several elements those of each begin with its symbol, such as W_beta_0.
    """
    elements = elements_of(posterior)
    shifts = ["beta_0"] if len(elements) == 1 else [f"{each}_beta_0" for each in elements]
    return shifts + [str(name) for name in posterior["parameter"].values]


def variant_weights(posterior, lambdas):
    """Weights of the P + 1 columns of every variant, shape (sample, lambda, P + 1)."""
    delta, _ = deviations(posterior)
    theta = posterior["theta_mean"].values + lambdas[None, :, None] * delta[:, None, :]
    return np.concatenate([theta, np.ones((*theta.shape[:2], 1))], axis=-1)


def variant_energy_shifts(posterior, lambdas):
    """Energy shift per atom of each element for every variant, (sample, lambda, E), eV."""
    _, delta = deviations(posterior)
    mean = np.atleast_1d(posterior["energy_shift_mean"].values)
    return mean + lambdas[None, :, None] * delta[:, None, :]


def variant_shifts(posterior, lambdas, composition):
    """Energy shift of a structure for every variant, shape (sample, lambda), eV.

    composition: dict of element and number of atoms, such as `atoms.symbols.formula.count()`.
    """
    counts = np.array([composition.get(element, 0) for element in elements_of(posterior)])
    return variant_energy_shifts(posterior, lambdas) @ counts


def variant_potential(potential, posterior, name):
    """The Potential of the variant called `name`, from the posterior's mean `potential`.

    Raises InputError for a name of another form or a sample that does not exist.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(f"'{name}' is not a variant: expected the form sample007_lambda+04.0")
    sample, stretch = int(match["sample"]), float(match["stretch"])
    if sample >= posterior.sizes["sample"]:
        raise InputError(
            f"{name}: the posterior has samples 0 to {posterior.sizes['sample'] - 1} only"
        )
    delta, shift = deviations(posterior)
    return potential.with_theta(
        potential.theta + stretch * delta[sample],
        potential.energy_shifts + stretch * shift[sample],
        name=f"{potential.name}_{name}",
    )


def cut_branches(status, zero):
    """Beyond the first unstable variant on its branch every variant is 'cut', as in the paper.

    status: words of STATUS as objects, shape (sample, lambda); zero: index of lambda = 0.
    """
    status = status.copy()
    for row in status:
        for outward in (range(zero, len(row)), range(zero, -1, -1)):
            broken = next((i for i in outward if row[i] != "stable"), None)
            if broken is not None:
                row[[i for i in outward if abs(i - zero) > abs(broken - zero)]] = "cut"
    return status
