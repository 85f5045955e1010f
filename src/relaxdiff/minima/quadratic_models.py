"""Quadratic models of the energy that a relaxation starts with and improves on the way."""

import numpy as np
import scipy.linalg

GUESSED_CURVATURE = 20.0  # eV/A^2, only the starting guess when no Hessian is at hand
REMEMBERED = 60  # steps in limited memory
# Most coordinates for which a guess is kept as a matrix: factorising one of 4,000 takes 0.5 s at
# each step, and for the first REMEMBERED steps both forms are the same update.
LARGEST_MATRIX = 500


def inverse_in(coordinates, preconditioner):
    """Maps gradients (n,) to steps, separately for atoms and strains.

    For the atoms it is the preconditioner; the strains have the curvature of a crystal with the
    preconditioner's `elastic_constants`, or a guess where it has none.
    """
    modes = coordinates.modes
    elastic = getattr(preconditioner, "elastic_constants", None)
    compliance = np.linalg.inv(_strain_curvatures(coordinates, elastic))

    def inverse(gradient):
        forces = (modes @ gradient[: coordinates.n_modes]).reshape(-1, 3)
        moved = modes.T @ preconditioner.apply(forces).ravel()
        return np.append(moved, compliance @ gradient[coordinates.n_modes :])

    return inverse


def first_guess(coordinates, preconditioner):
    """The model to start with; without a preconditioner its Hessian is diagonal."""
    if preconditioner is not None:
        return LimitedMemory(inverse_in(coordinates, preconditioner))
    on_atoms = np.full(coordinates.n_modes, GUESSED_CURVATURE)
    diagonal = np.append(on_atoms, np.diag(_strain_curvatures(coordinates)))
    if coordinates.size > LARGEST_MATRIX:
        return LimitedMemory(lambda gradient: gradient / diagonal)
    return DenseModel(np.diag(diagonal), coordinates.scale)


def _strain_curvatures(coordinates, elastic_constants=None):
    """Second derivatives by the strains, (strain, strain), eV; elastic_constants: None for a guess.

    The guess: a strain stretches every bond of the cell, an atom only its own. It is also used if
    the elastic constants are those of an unstable crystal: the model has to be convex.
    """
    strains = coordinates.strains
    if elastic_constants is not None:
        each = np.einsum("mij,ijkl,nkl->mn", strains, elastic_constants, strains)
        if np.linalg.eigvalsh(each).min(initial=np.inf) > 0:
            return coordinates.reference.get_volume() * each
    return 10 * GUESSED_CURVATURE * len(coordinates.reference) * np.eye(len(strains))


def inverse_of(hessian, scale):
    """Maps gradients (n,) to H^-1 g, with the magnitudes of negative curvatures; factorised once.

    hessian: (n, n); scale: lengths of the coordinates, see Coordinates.
    """
    try:
        factors = scipy.linalg.cho_factor(hessian)
    except scipy.linalg.LinAlgError:
        curvatures, directions = np.linalg.eigh(hessian / np.outer(scale, scale))
        directions, curvatures = directions / scale[:, None], np.maximum(np.abs(curvatures), 0.1)
        return lambda gradient: directions @ (directions.T @ gradient / curvatures)
    return lambda gradient: scipy.linalg.cho_solve(factors, gradient)


class DenseModel:
    """The whole Hessian, updated by BFGS (Nocedal & Wright, Numerical Optimization, eq 6.19).

    hessian: (n, n); scale: lengths of the coordinates, see Coordinates.
    """

    def __init__(self, hessian, scale):
        self.hessian = hessian
        self.scale = scale

    def step(self, gradient):
        """Newton step -H^-1 g, with the magnitudes of negative curvatures: it leads downhill."""
        return -inverse_of(self.hessian, self.scale)(gradient)

    def learn(self, step, change):
        """Make H map `step` to the gradient `change`; does nothing where that is not convex."""
        along = step @ change
        image = self.hessian @ step
        curvature = step @ image
        if along > 1e-3 * abs(curvature):
            seen, expected = np.outer(change, change), np.outer(image, image)
            self.hessian = self.hessian + seen / along - expected / curvature


class LimitedMemory:
    """The same update kept as pairs of steps and changes, for any number of coordinates.

    inverse: maps gradients to steps, as the inverse of a Hessian does; pairs: those of another
    model of nearly the same Hessian. Source: the two loops of Nocedal & Wright, algorithm 7.4,
    with that inverse as H_k^0.
    """

    def __init__(self, inverse, pairs=()):
        self.inverse = inverse
        self.pairs = [*pairs]

    def step(self, gradient):
        """Newton step -H^-1 g."""
        ahead, factors = gradient.copy(), []
        for step, change, along in reversed(self.pairs):
            factors.append((step @ ahead) / along)
            ahead -= factors[-1] * change
        ahead = self.inverse(ahead)
        for (step, change, along), factor in zip(self.pairs, reversed(factors), strict=True):
            ahead += (factor - (change @ ahead) / along) * step
        return -ahead

    def learn(self, step, change):
        """Remember that `step` changes the gradient by `change`, unless that is not convex."""
        along = step @ change
        if along > 0:
            self.pairs = [*self.pairs, (step, change, along)][-REMEMBERED:]
