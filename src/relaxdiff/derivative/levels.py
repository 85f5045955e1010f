"""Levels of approximation: what of a structure is allowed to respond to the parameters."""

import numpy as np
import scipy.linalg

LEVELS = ("c", "h", "ih", "h+ih")


def level_derivatives(hessian, columns, strains):
    """dq*/dtheta for each level of the paper, shape (level, n, P), from a Hessian at hand.

    hessian: (n, n) at the minimum; columns: G, (n, P); strains: how many of the last coordinates
    are strains.
    """
    size = len(hessian) - strains
    right = -np.column_stack([columns[:size], hessian[:size, size:]])
    x = scipy.linalg.solve(hessian[:size, :size], right, assume_a="pos") if size else right
    return eliminate(x, columns, hessian[:, size:])


def eliminate(x, columns, strain_columns):
    """dq*/dtheta for each level, shape (level, n, k).

    x: H_uu^-1 (-G_u), and as last columns H_uu^-1 (-H_ue); columns: G, (n, k); strain_columns:
    H_qe, (n, strain). 'c' moves nothing, 'h' the cell alone, 'ih' the atoms at fixed cell, 'h+ih'
    all; in a fixed cell 'h' is 'c' and 'ih' all there is.
    """
    size = len(x)
    x, y = x[:, : columns.shape[1]], x[:, columns.shape[1] :]
    mixed, curvature, gradient = strain_columns[:size], strain_columns[size:], columns[size:]
    alone = -np.linalg.solve(curvature, gradient)
    together = -np.linalg.solve(curvature + mixed.T @ y, gradient + mixed.T @ x)
    derivatives = {
        "c": np.zeros_like(columns),
        "h": np.vstack([np.zeros_like(x), alone]),
        "ih": np.vstack([x, np.zeros_like(alone)]),
        "h+ih": np.vstack([x + y @ together, together]),
    }
    return np.array([derivatives[level] for level in LEVELS])
