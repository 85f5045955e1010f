"""Small convex problems: the least change of parameters under linear conditions.

Both are least-distance problems, min |z|^2 with G z >= h, which a non-negative least-squares
problem solves (Lawson & Hanson, Solving Least Squares Problems (1974), chapter 23).
"""

import numpy as np
import scipy.linalg
from scipy.optimize import nnls

INCOMPATIBLE = 1e-9  # residual of the least-squares problem below which the conditions exclude


def least_distance(conditions, bounds):
    """The shortest z, (p,), with conditions (k, p) @ z >= bounds (k,), or None if there is none."""
    size = conditions.shape[1]
    lengths = np.linalg.norm(conditions, axis=1)
    empty = lengths == 0  # conditions that do not depend on z
    if (bounds[empty] > 0).any():
        return None
    if empty.all():
        return np.zeros(size)
    scale = lengths[~empty]
    stacked = np.vstack([conditions[~empty].T / scale, bounds[~empty] / scale])
    wanted = np.append(np.zeros(size), 1.0)
    weights, residual = nnls(stacked, wanted, maxiter=100 * len(bounds) + 1000)
    if residual < INCOMPATIBLE:
        return None
    rest = stacked @ weights - wanted
    return -rest[:-1] / rest[-1]


def least_change(equations, right, conditions, bounds):
    """The shortest z with equations @ z = right, in least squares, and conditions @ z >= bounds.

    equations: (m, p), whose rows are independent; returns None if there is none.
    """
    if not len(equations):
        return least_distance(conditions, bounds)
    own = np.linalg.lstsq(equations, right, rcond=None)[0]
    rest = scipy.linalg.null_space(equations)
    further = least_distance(conditions @ rest, bounds - conditions @ own)
    return None if further is None else own + rest @ further


def damped_least_squares(jacobian, residual, damping, conditions, bounds):
    """The step z that minimises |residual + jacobian z|^2 + damping |z|^2, conditions z >= bounds.

    jacobian: (m, p); damping: above 0. Returns None if the conditions exclude each other. With
    L L^T the normal matrix and y = L^T z - b it is a least-distance problem in y.
    """
    normal = jacobian.T @ jacobian + damping * np.eye(jacobian.shape[1])
    lower = np.linalg.cholesky(normal)
    best = scipy.linalg.solve_triangular(lower, -jacobian.T @ residual, lower=True)
    turned = scipy.linalg.solve_triangular(lower, conditions.T, lower=True).T
    away = least_distance(turned, bounds - turned @ best)
    if away is None:
        return None
    return scipy.linalg.solve_triangular(lower.T, best + away)
