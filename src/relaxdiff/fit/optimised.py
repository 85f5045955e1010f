"""Parameters at which quantities come as near to their targets as they can, found by scipy.

The variables z of the search are the free parameters divided by their values at the start or, with
a prior, its standard deviations: Theta = Theta_0 + R z with the posterior's covariance R R^T, of
energy shifts too. The prior then adds the residuals z. Half the sum of the squares of all residuals
is minimised.
"""

from dataclasses import dataclass, field

import numpy as np
import scipy.optimize

from relaxdiff.exceptions import EvaluationError, RelaxationError

CONVERGED = 1e-10  # relative changes of the loss and of z at which a search ends
FLAT = 1e-8  # directions in which residuals change less, relative to the steepest, are not fitted
LOST = 1e30  # the loss where there is no crystal or structure


@dataclass
class Step:
    """Energy shifts and parameters, (E + P,), that lowered the loss, and the quantities there."""

    values: np.ndarray
    loss: float
    distance: float  # |z|; with a prior in standard deviations of the posterior
    quantities: dict = field(repr=False)
    evaluations: int


class Search:
    """The loss of a fit as a function of z.

    properties: Remembered; targets: a list of Target; directions: of z, (k, E + P); prior: whether
    z counts as a residual; report: called with a line of text for each step.
    """

    def __init__(self, properties, targets, directions, prior, report):
        self.properties, self.targets, self.prior = properties, targets, prior
        self.start, self.directions = properties.properties.start, directions
        self.report = report
        self.steps = []
        self.evaluated = 0

    def residuals(self, z):
        """Residuals, those of a prior last; infinite where a crystal or structure is lost."""
        found = self._at(z)
        if found is None:
            count = sum(len(target.values) for target in self.targets)
            return np.full(count + self.prior * len(z), np.inf)
        return self._residuals_of(found, z)

    def jacobian(self, z):
        """Derivatives of the residuals by z, (residual, k)."""
        found = self._at(z)
        own = [
            found[target.name].gradient @ self.directions.T / target.tolerance
            for target in self.targets
        ]
        return np.concatenate([*own, np.eye(len(z))] if self.prior else own)

    def loss(self, z):
        """Half the sum of squares, and its gradient (k,)."""
        residuals = self.residuals(z)
        if not np.isfinite(residuals).all():
            return LOST, np.zeros(len(z))
        return residuals @ residuals / 2, residuals @ self.jacobian(z)

    def _residuals_of(self, found, z):
        own = [(found[each.name].values - each.values) / each.tolerance for each in self.targets]
        return np.concatenate([*own, z] if self.prior else own)

    def _at(self, z):
        """The quantities at z; None where a crystal or structure is lost. Keeps a better step."""
        values = self.start + z @ self.directions
        try:
            found = self.properties.at(values)
        except (RelaxationError, EvaluationError) as error:
            if not self.steps:
                raise
            self.report(f"step too long, a shorter one follows: {error}")
            return None
        if self.steps and np.array_equal(values, self.steps[-1].values):
            return found
        self.evaluated += 1
        residuals = self._residuals_of(found, z)
        loss = residuals @ residuals / 2
        if not self.steps or loss < self.steps[-1].loss:
            self.steps.append(Step(values, loss, float(np.linalg.norm(z)), found, self.evaluated))
            self.report(f"step {len(self.steps) - 1}: loss {loss:.6g}")
        return found


def minimised(search, method, steps, bounds=None):
    """Search for the least loss from z = 0; returns scipy's word on how it ended.

    method: one of METHODS; steps: evaluations of the quantities at most; bounds: of z, (2, k), or
    None. The Search keeps the steps.
    """
    start = np.zeros(len(search.directions))
    if method == "gauss_newton":
        found = scipy.optimize.least_squares(
            search.residuals,
            start,
            search.jacobian,
            bounds=(-np.inf, np.inf) if bounds is None else bounds,
            method="trf",
            x_scale="jac",
            ftol=CONVERGED,
            xtol=CONVERGED,
            gtol=None,
            max_nfev=steps,
        )
        return found.message
    options = {"l_bfgs_b": {"maxfun": steps, "ftol": CONVERGED**1.5, "gtol": 1e-8}}
    found = scipy.optimize.minimize(
        search.loss,
        start,
        jac=True,
        method=method.replace("_", "-").upper(),
        bounds=None if bounds is None else np.transpose(bounds),
        options=options.get(method, {"maxiter": steps, "ftol": CONVERGED}),
    )
    return str(found.message)


METHODS = ("gauss_newton", "l_bfgs_b", "slsqp")


def spread(search):
    """A root R of the covariance R^T R about the last step, (k, E + P).

    The inverse of the Gauss-Newton matrix J^T J, with tolerances as standard deviations. Returns
    also how many directions the targets leave undetermined; these are left out.
    """
    last = search.steps[-1]
    z = np.linalg.lstsq(search.directions.T, last.values - search.start, rcond=None)[0]
    _, lengths, directions = np.linalg.svd(search.jacobian(z), full_matrices=False)
    kept = lengths > FLAT * lengths[0]
    undetermined = len(search.directions) - int(kept.sum())
    return directions[kept] / lengths[kept, None] @ search.directions, undetermined
