"""Chebyshev interpolation in one lattice parameter, piecewise, or in two.

Descriptors are smooth functions of the lattice parameter except where a neighbour shell crosses a
cutoff, where their second derivative jumps. One interpolant across such a point is wrong by 1e-5 eV
per atom; one on each side of it converges geometrically. In the plane of two lattice parameters
such points are curves. A Patch ignores them, so it is only for quantities of which rough values
suffice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev


@dataclass(frozen=True)
class Panels:
    """Chebyshev coefficients of an array-valued function on each of several intervals.

    edges: ascending, Angstrom, shape (panel + 1,); coefficients: shape (panel, degree + 1, ...).
    """

    edges: np.ndarray
    coefficients: np.ndarray

    def panel(self, point):
        """Index of the panel that holds each point."""
        return np.searchsorted(self.edges[1:-1], point)

    def scaled(self, point, panel):
        """Each point's Chebyshev variable, in [-1, 1], within its panel."""
        low, high = self.edges[panel], self.edges[panel + 1]
        return (2 * point - low - high) / (high - low)

    def derivative(self):
        """The derivative with respect to the lattice parameter, as Panels."""
        widths = np.diff(self.edges).reshape(-1, *[1] * (self.coefficients.ndim - 1))
        return Panels(self.edges, chebyshev.chebder(self.coefficients, axis=1) * 2 / widths)

    def __call__(self, point):
        """Values at points of shape (V,): shape (V, ...)."""
        point = np.asarray(point, dtype=float)
        panel = self.panel(point)
        degree = self.coefficients.shape[1] - 1
        basis = chebyshev.chebvander(self.scaled(point, panel), degree)
        return np.einsum("vk,vk...->v...", basis, self.coefficients[panel])

    def weighted(self, point, weights):
        """Values contracted with weights of shape (V, column) over the last axis: shape (V, ...).

        Works panel by panel and degree by degree, so that no array of the size V x columns x ... is
        needed.
        """
        panel = self.panel(point)
        degree = self.coefficients.shape[1] - 1
        basis = chebyshev.chebvander(self.scaled(point, panel), degree)
        result = np.zeros((len(point), *self.coefficients.shape[2:-1]))
        for index in np.unique(panel):
            here = panel == index
            for k, coefficients in enumerate(self.coefficients[index]):
                values = np.tensordot(weights[here], coefficients, axes=(1, -1))
                result[here] += values * basis[here, k].reshape(-1, *[1] * (values.ndim - 1))
        return result


def interpolate(function, edges, degree):
    """Panels through `function(lattice_parameter)` -> array, degree + 1 Chebyshev points each."""
    nodes = chebyshev.chebpts1(degree + 1)
    to_coefficients = np.linalg.inv(chebyshev.chebvander(nodes, degree))
    coefficients = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        points = (low + high) / 2 + (high - low) / 2 * nodes
        values = np.array([function(float(point)) for point in points])
        coefficients.append(np.tensordot(to_coefficients, values, axes=1))
    return Panels(np.asarray(edges, dtype=float), np.array(coefficients))


@dataclass(frozen=True)
class Patch:
    """Chebyshev coefficients of an array-valued function of two lengths over a rectangle.

    low, high: corners, Angstrom, shape (2,); coefficients: shape (degree + 1, degree + 1, ...).
    """

    low: np.ndarray
    high: np.ndarray
    coefficients: np.ndarray

    def weighted(self, point, weights):
        """Values contracted with weights of shape (V, column) over the last axis: shape (V, ...).

        point: shape (V, 2), Angstrom.
        """
        scaled = (2 * point - self.low - self.high) / (self.high - self.low)
        degree = self.coefficients.shape[0] - 1
        basis = [chebyshev.chebvander(scaled[:, axis], degree) for axis in (0, 1)]
        result = np.zeros((len(point), *self.coefficients.shape[2:-1]))
        for j, k in np.ndindex(self.coefficients.shape[:2]):
            values = np.tensordot(weights, self.coefficients[j, k], axes=(1, -1))
            factor = basis[0][:, j] * basis[1][:, k]
            result += values * factor.reshape(-1, *[1] * (values.ndim - 1))
        return result


def interpolate_patch(function, low, high, degree):
    """Patch through `function(length, other)` -> array, degree + 1 Chebyshev points each way.

    low, high: corners of the rectangle, Angstrom, shape (2,).
    """
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    nodes = chebyshev.chebpts1(degree + 1)
    to_coefficients = np.linalg.inv(chebyshev.chebvander(nodes, degree))
    first, second = ((low + high) / 2 + (high - low) / 2 * nodes[:, None]).T
    values = np.array([[function(float(x), float(y)) for y in second] for x in first])
    return Patch(
        low, high, np.einsum("jm,kn,mn...->jk...", to_coefficients, to_coefficients, values)
    )
