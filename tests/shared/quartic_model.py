"""An energy linear in its parameters whose minima and derivatives are known, to test orders."""

import numpy as np


def slope(sizes, errors):
    return np.polyfit(np.log(sizes), np.log(np.abs(errors)), 1)[0]


class QuarticModel:
    """U(q; theta) = theta . D(q) with D of fourth degree in one atom's place and the strain."""

    theta = np.array([1.0, 0.4, 0.3, 0.2])

    def descriptors(self, q):
        u, e = q
        return np.array(
            [u**2 + e**2 + 0.3 * u * e, u**3 / 3 + u * e, e**3 / 5 + u + u**4 / 4, e - u * e**2]
        )

    def gradient(self, q):
        u, e = q
        return np.array(
            [
                [2 * u + 0.3 * e, u**2 + e, 1 + u**3, -(e**2)],
                [2 * e + 0.3 * u, u, 3 * e**2 / 5, 1 - 2 * u * e],
            ]
        )

    def hessian(self, q, theta):
        u, e = q
        each = np.array(
            [
                [[2, 0.3], [0.3, 2]],
                [[2 * u, 1], [1, 0]],
                [[3 * u**2, 0], [0, 6 * e / 5]],
                [[0, -2 * e], [-2 * e, -2 * u]],
            ]
        )
        return np.tensordot(theta, each, axes=1)

    def minimum(self, theta):
        q = np.zeros(2)
        for _ in range(60):
            q = q - np.linalg.solve(self.hessian(q, theta), self.gradient(q) @ theta)
        return q
