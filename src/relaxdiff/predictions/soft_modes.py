"""A sign, without truth, that a variant may have no minimum like the reference's any more.

A minimum is lost where a curvature vanishes: along the symmetric coordinates it merges with a
barrier, along others it turns into a saddle point. At the reference structure all curvatures are
linear in Theta, so the softest one of each variant is known from second derivatives there alone.
Derivation and how well it tells: docs/theory.md.
"""

import numpy as np
import scipy.linalg

from relaxdiff.files import variable

# Relative to the reference's curvature: variants softer than this are marked. Measured shares of
# those with and without a minimum that other values mark: docs/theory.md.
DOUBTFUL = 0.15
SIGNS = ("softest_curvature", "minimum_in_doubt")  # names in the files


def softest_curvature(tensors, theta, delta, lambdas):
    """The lowest curvature of each variant at the reference, relative to the reference's.

    tensors: second derivatives of the columns in each block of coordinates, (n, n, P + 1) each;
    theta: the mean, (P,); delta: deviations from it, (sample, P). Returns (sample, lambda). Along a
    sample a mode has 1 + lambda k, with K v = k H v as for `newton`: 1 at lambda = 0.
    """
    lowest = np.ones((len(delta), len(lambdas)))
    for tensor in tensors:
        hessian = tensor @ np.append(theta, 1.0)
        for sample, change in enumerate(delta):
            softening = scipy.linalg.eigvalsh(tensor[..., :-1] @ change, hessian)
            relative = 1 + np.outer(softening[[0, -1]], lambdas)
            lowest[sample] = np.minimum(lowest[sample], relative.min(axis=0))
    return lowest


def signs_of(softest, stable):
    """The variables SIGNS of softest curvatures, (sample, lambda), a dict; stable: mask."""
    over = ("sample", "lambda")
    name, mark = SIGNS
    return {
        name: variable(
            over,
            np.where(stable, softest, np.nan),
            "1",
            "lowest curvature at the reference structure, relative to the reference's",
        ),
        mark: variable(
            over,
            stable & (softest < DOUBTFUL),
            "1",
            f"whether the softest curvature is below {DOUBTFUL:g}: there may be no minimum",
        ),
    }
