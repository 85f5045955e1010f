"""What a fit makes of its data: whether it explains them, and what they say of each other's units.

A fit explains nothing of a quantity when its error is above the spread of the data, R^2 < 0: their
mean would be nearer to them. Of energies the spread is what is left by the energy shifts of the
elements, which any fit has.

Units are seen from what least-squares fits to other quantities say of one: forces of energies, and
forces with energies of stresses. Where that is proportional to the data, the factor should be 1.
Data are those of DFT, with what the fixed pair style has of them.
"""

import collections
from dataclasses import dataclass, fields

import numpy as np
import xarray as xr
from scipy.linalg import eigh

from relaxdiff.files import variable
from relaxdiff.posterior.configurations import QUANTITIES
from relaxdiff.posterior.design import shift_columns, tells
from relaxdiff.units import BAR_PER_EV_PER_CUBIC_ANGSTROM, GPA

PLURAL = {"energy": "energies", "force": "forces", "stress": "stresses"}
# What units are seen from: weights of the rows, as usual in fits, whatever those of the user are.
OTHERS = {"energy": {"force": 1.0}, "stress": {"force": 1.0, "energy": 300.0}}
ENOUGH_ROWS = 5  # for each parameter
CUTOFF = 1e-10  # of the largest eigenvalue of the normal matrix, columns scaled to 1
# A factor is told outside of 1 / BOUND to BOUND, if the correlation is above the other number and,
# of energies, a unit has it. On data of tungsten and silicon factors are 0.9 to 1.2 with the
# correlation 0.92 to 0.99. Of one or two groups alone forces say less of energies: 0.05 to 20.
BOUND, PROPORTIONAL = 8.0, 0.9
ALIKE = 2.0  # a unit is recognised when the factor is its own within this one
LEAST_ROWS = {"energy": 20, "stress": 12}  # from which a correlation says anything
LEAST_ERROR = {"energy": 1e-5, "force": 1e-3, "stress": 10.0}  # none is worth a word below
SHOWN = 3  # groups in a sentence on the worst
UNITS = {
    "energy": {
        "energies are in Hartree": 1 / 27.2114,
        "energies are in Rydberg": 1 / 13.6057,
        "energies are in kcal/mol": 23.0605,
        "energies are in kJ/mol": 96.4853,
        "energies are in meV": 1000.0,
        "forces are in Rydberg/bohr": 25.7110,
        "forces are in Hartree/bohr": 51.4221,
        "forces are in meV/Angstrom": 0.001,
    },
    "stress": {
        "GPa is taken for eV/Angstrom^3": GPA,
        "kbar is taken for eV/Angstrom^3": 10 * GPA,
        "bar is taken for eV/Angstrom^3": BAR_PER_EV_PER_CUBIC_ANGSTROM,
        "kbar is taken for bar": 1e-3,
        "GPa is taken for bar": 1e-4,
        "eV/Angstrom^3 is taken for bar": 1 / BAR_PER_EV_PER_CUBIC_ANGSTROM,
    },
}


@dataclass(frozen=True)
class _Values:
    """Training values of a quantity, (n,): of DFT, of the fit, and of the fit to other quantities.

    mean: what the best constant is made of, (n, columns); known_up_to: what other quantities need
    not know, likewise: energy shifts, and a pressure; weights: of the rows.
    """

    targets: np.ndarray
    fitted: np.ndarray
    by_others: np.ndarray
    mean: np.ndarray
    known_up_to: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, design, quantity, out, weight, coefficients, by_others):
        whole = design[f"{quantity}_design"].values
        chosen = ~out[design[f"{quantity}_configuration"].values] & tells(whole)
        block = whole[chosen]
        baseline = np.zeros(len(block))
        if f"{quantity}_baseline" in design:
            baseline = design[f"{quantity}_baseline"].values[chosen]
        shifts = block[:, shift_columns(design)]
        # Three components of six are normal ones: atoms that move at one volume tell no pressure.
        normal = (np.arange(len(whole)) % 6 < 3)[chosen, None].astype(float)
        return cls(
            design[f"{quantity}_target"].values[chosen] + baseline,
            block @ coefficients + baseline,
            block @ by_others + baseline,
            shifts if quantity == "energy" else np.ones((len(block), 1)),
            normal if quantity == "stress" else shifts,
            np.full(len(block), weight),
        )

    @classmethod
    def joined(cls, parts):
        return cls(*(np.concatenate([vars(p)[f.name] for p in parts]) for f in fields(cls)))

    def rmse(self):
        """Root mean square error of the fit, rows weighted."""
        return np.sqrt(np.average((self.targets - self.fitted) ** 2, weights=self.weights**2))

    def spread(self):
        """Root mean square distance from the best constant, rows weighted; NaN for too few."""
        if len(self.targets) <= self.mean.shape[1]:
            return np.nan
        apart = _without_mean(self.targets, self.mean, self.weights)
        return np.sqrt(np.average(apart**2, weights=self.weights**2))

    def factor(self):
        """The factor of the values to those by others, and the correlation of the two."""
        alike = np.ones(len(self.targets))
        values, others = (
            _without_mean(each, self.known_up_to, alike) for each in (self.targets, self.by_others)
        )
        norms = np.linalg.norm(values), np.linalg.norm(others)
        if not min(norms) > 0:
            return np.nan, np.nan
        return values @ others / norms[1] ** 2, values @ others / (norms[0] * norms[1])


def _without_mean(values, mean, weights):
    return values - mean @ np.linalg.lstsq(weights[:, None] * mean, weights * values)[0]


def fit_quality(designs, weights, held, coefficients):
    """Variables of a fit, a Dataset with the dimensions group and quantity.

    designs: as for `fit_posterior`, in the order of the groups; weights: likewise; held: booleans
    of each design, which configurations are held out; coefficients: of their columns, eV.
    """
    of_group = np.full((4, len(designs), len(QUANTITIES)), np.nan)
    together = np.full((4, len(QUANTITIES)), np.nan)
    for q, quantity in enumerate(QUANTITIES):
        by_others = _fit_to(OTHERS.get(quantity, {}), designs, weights, held)
        fitted = []
        for g, (design, out) in enumerate(zip(designs, held, strict=True)):
            weight = weights[design.attrs["group"]][quantity]
            values = _Values.of(design, quantity, out, weight, coefficients, by_others)
            if weight > 0 and len(values.targets):
                of_group[:, g, q] = _measures(values, quantity)
                fitted.append(values)
        if fitted:
            together[:, q] = _measures(_Values.joined(fitted), quantity)
    return _dataset(designs, of_group, together)


def _measures(values, quantity):
    """Root mean square error, spread, factor to what others say and correlation with it."""
    enough = len(values.targets) >= LEAST_ROWS.get(quantity, np.inf)
    return values.rmse(), values.spread(), *(values.factor() if enough else (np.nan, np.nan))


def _fit_to(quantities, designs, weights, held):
    """Least-squares coefficients of some quantities of fitted groups; NaN for too few rows.

    quantities: dict to the weights of their rows.
    """
    count = designs[0].sizes["column"]
    normal, right, rows = np.zeros((count, count)), np.zeros(count), 0
    for design, out in zip(designs, held, strict=True):
        for quantity, weight in quantities.items():
            if weights[design.attrs["group"]][quantity] > 0:
                chosen = ~out[design[f"{quantity}_configuration"].values]
                block = weight * design[f"{quantity}_design"].values[chosen]
                normal += block.T @ block
                right += block.T @ (weight * design[f"{quantity}_target"].values[chosen])
                rows += int(tells(block).sum())
    if rows < ENOUGH_ROWS * count:
        return np.full(count, np.nan)
    scale = np.sqrt(np.diag(normal))
    scale[scale == 0] = 1.0
    values, vectors = eigh(normal / np.outer(scale, scale))
    kept = values > CUTOFF * values[-1]
    inside = vectors[:, kept]
    return inside @ ((inside.T @ (right / scale)) / values[kept]) / scale


def _dataset(designs, of_group, together):
    units = "; ".join(QUANTITIES.values())
    by_group, dims = ("group", "quantity"), ("quantity",)
    rmse, spread, factor, correlation = together
    words = "what other quantities say"
    counts = [[design.sizes[f"{quantity}_row"] for quantity in QUANTITIES] for design in designs]
    skipped = [int(design.attrs.get("skipped", 0)) for design in designs]
    return xr.Dataset(
        {
            "n_values": variable(by_group, counts, "1", "number of DFT values"),
            "n_skipped": variable("group", skipped, "1", "number of frames that are not periodic"),
            "group_spread": variable(
                by_group, of_group[1], units, "spread of the fitted values of the group"
            ),
            "group_factor": variable(
                by_group, of_group[2], "1", f"factor of the group's values to {words}"
            ),
            "group_correlation": variable(
                by_group, of_group[3], "1", f"correlation of the group's values with {words}"
            ),
            "fitted_rmse": variable(dims, rmse, units, "weighted rmse of all fitted values"),
            "fitted_spread": variable(dims, spread, units, "weighted spread of all fitted values"),
            "factor": variable(dims, factor, "1", f"factor of all fitted values to {words}"),
            "correlation": variable(
                dims, correlation, "1", f"correlation of all fitted values with {words}"
            ),
        }
    )


def fit_warnings(posterior):
    """Sentences on what is odd in a fit, a list; empty for a posterior that was not fitted.

    posterior: a Dataset of `fit_posterior`, or made from one.
    """
    if "fitted_spread" not in posterior:
        return []
    found = [
        f"{count} of {count + kept} frames of the group {group} are skipped, for they are not "
        "periodic in x, y and z"
        for group, count, kept in zip(
            posterior["group"].values,
            posterior["n_skipped"].values,
            posterior["n_configurations"].values,
            strict=True,
        )
        if count
    ]
    units = []
    for quantity in QUANTITIES:
        of = posterior.sel(quantity=quantity)
        found += [*_without_values(of, quantity), *_unexplained(of, quantity)]
        units += [] if units else _units(of, quantity)  # stresses are judged by energies, too
    return found + units


def _without_values(of, quantity):
    """Groups that have a weight and no such values."""
    missing = (of["row_weight"] > 0) & (of["n_values"] == 0)
    groups = _named(of.isel(group=np.flatnonzero(missing)))
    if not groups:
        return []
    return [
        f"{quantity}_weight is above 0 for {groups}, where no frame has {PLURAL[quantity]}: it has "
        "no effect"
    ]


def _unexplained(of, quantity):
    """Data that are as far from the fit as from their own mean."""
    units, many = QUANTITIES[quantity], PLURAL[quantity]
    rmse, spread = float(of["fitted_rmse"]), float(of["fitted_spread"])
    bad = of["training_rmse"] > np.maximum(of["group_spread"], max(spread, LEAST_ERROR[quantity]))
    bad = np.flatnonzero(bad)
    worst = bad[np.argsort(-of["training_rmse"].values[bad])]
    groups = _named(of.isel(group=worst[:SHOWN]))
    groups += " and others" if len(worst) > SHOWN else ""
    if rmse > max(spread, LEAST_ERROR[quantity]):
        return [
            f"The fit explains nothing of the {many}: their root mean square error is {rmse:.3g} "
            f"{units}, their spread {spread:.3g} {units}" + (f"; worst {groups}" if groups else "")
        ]
    if groups:
        return [
            f"The fit explains nothing of the {many} of {groups}: the root mean square error is up "
            f"to {of['training_rmse'].values[worst[0]]:.3g} {units}, the spread of all that are "
            f"fitted {spread:.3g} {units}"
        ]
    return []


def _units(of, quantity):
    """Values that are proportional to what other quantities say of them, but not equal."""
    if quantity not in OTHERS:
        return []
    factor, correlation = float(of["factor"]), float(of["correlation"])
    opposite = quantity == "stress" and correlation < -PROPORTIONAL
    looks = _looks_like(factor, quantity)
    if looks and (opposite or _odd(factor, correlation)):
        return [_factor_sentence("", [factor], looks, quantity)]
    alike = collections.defaultdict(list)
    for group in range(of.sizes["group"]):
        factor = float(of["group_factor"][group])
        looks = _looks_like(factor, quantity)
        if looks and _odd(factor, float(of["group_correlation"][group])):
            alike[looks].append(group)
    return [
        _factor_sentence(
            f" of {_named(of.isel(group=groups))}",
            of["group_factor"].values[groups],
            looks,
            quantity,
        )
        for looks, groups in alike.items()
    ]


def _odd(factor, correlation):
    return correlation > PROPORTIONAL and not 1 / BOUND < factor < BOUND


def _looks_like(factor, quantity):
    """What makes such a factor: the unit, the sign or both; '' for what may well be chance."""
    apart = {unit: abs(np.log(abs(factor) / usual)) for unit, usual in UNITS[quantity].items()}
    nearest = min(apart, key=apart.get)
    parts = []
    if not 1 / BOUND < abs(factor) < BOUND:
        known = apart[nearest] < np.log(ALIKE)
        if not known and quantity == "energy":
            return ""
        parts.append(nearest if known else "one of them is in another unit")
    if factor < 0:
        parts.append("the sign is the opposite one")
    return " and ".join(parts)


def _factor_sentence(groups, factors, looks, quantity):
    low, high = (f"{number:.3g}" for number in (np.min(factors), np.max(factors)))
    others = " and ".join(PLURAL[other] for other in OTHERS[quantity])
    return (
        f"The {PLURAL[quantity]}{groups} are {low if low == high else f'{low} to {high}'} times "
        f"what a fit to the {others} says of them: it looks as if {looks}"
    )


def _named(of):
    """'the group a' or 'the groups a, b'; '' for none."""
    names = [str(name) for name in of["group"].values]
    return f"the group{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""
