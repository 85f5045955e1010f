"""The posterior as what is known of the free parameters before a fit."""

import numpy as np

from relaxdiff.posterior import all_parameters, covariance_root, elements_of
from relaxdiff.potentials.snap import ALCHEMICAL


def prior_root(posterior, free, host=None):
    """R, (P, k), eV: the covariance of the free parameters in the posterior is R R^T.

    posterior: Dataset; free: RestrictedPotential; host: the element that X copies and whose
    covariance it has, None without alchemical atoms.
    """
    names, elements = all_parameters(posterior), elements_of(posterior)

    def place(name):
        element, _, own = name.rpartition("beta_")
        element = host if element == f"{ALCHEMICAL}_" else element.rstrip("_")
        return names.index(f"{element}_beta_{own}" if len(elements) > 1 else f"beta_{own}")

    return covariance_root(posterior).T[[place(name) for name in free.parameters.names]]


def prior_distance(root, change):
    """|R^+ d|: how many standard deviations of the posterior a change d of the parameters is.

    root: R of `prior_root`; change: (..., P), eV. The posterior says nearly nothing of some
    directions and nearly everything of others, so that the number may be huge.
    """
    return np.linalg.norm(np.asarray(change) @ np.linalg.pinv(root).T, axis=-1)
