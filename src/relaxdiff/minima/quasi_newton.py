"""Quasi-Newton iteration that looks at gradients only.

Line searches on the energy stall near |gradient| = 1e-6 eV/A, where the energy no longer resolves a
step; the reference has to be converged to 1e-8. Hence this iteration, with bounded steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LARGEST_STEP = 0.1  # Angstrom; the largest scaled change of a coordinate in one step


@dataclass(frozen=True)
class Stop:
    """When an iteration ends.

    tolerance: largest gradient component wanted, eV/A; max_steps: steps at most; inside: function
    of the coordinates q that says whether to go on from there.
    """

    tolerance: float
    max_steps: int
    inside: Callable = lambda q: True


@dataclass
class Iteration:
    """Where a quasi-Newton iteration ended: q, and the gradient (n,) there.

    ahead: coordinates after one more step, which was not evaluated.
    """

    q: np.ndarray
    ahead: np.ndarray
    gradient: np.ndarray
    max_gradient: float
    n_evaluations: int
    converged: bool


def quasi_newton(evaluator, theta, start, model, stop):
    """Walk from `start` until the largest gradient component is below the tolerance.

    evaluator: any Evaluator; theta: parameters (P,); start: coordinates (n,); model: of the
    Hessian, a DenseModel or LimitedMemory, which is improved on the way; stop: a Stop. Returns an
    Iteration; the caller decides what a missing convergence means.
    """
    q = np.array(start, dtype=float)
    coordinates = evaluator.coordinates
    gradient = evaluator.gradient(q, theta)
    reach = LARGEST_STEP
    for evaluations in range(1, stop.max_steps + 2):
        max_gradient = largest_component(coordinates, gradient)
        step = model.step(gradient)
        step *= min(1.0, reach / np.abs(step * coordinates.scale).max(initial=1e-300))
        if max_gradient < stop.tolerance or not stop.inside(q) or evaluations > stop.max_steps:
            break
        ahead = evaluator.gradient(q + step, theta)
        model.learn(step, ahead - gradient)
        uphill = (gradient + ahead) @ step > 0  # twice the change in energy, to third order
        if uphill and largest_component(coordinates, ahead) > max_gradient:
            reach = 0.25 * np.abs(step * coordinates.scale).max()  # stay, and look nearer by
        else:
            q, gradient = q + step, ahead
            reach = min(2 * reach, LARGEST_STEP)
    return Iteration(
        q=q,
        ahead=q + step,
        gradient=gradient,
        max_gradient=max_gradient,
        n_evaluations=evaluations,
        converged=max_gradient < stop.tolerance,
    )


def largest_component(coordinates, gradient):
    """Largest |gradient| over the atoms' Cartesian components and dU/dstrain / edge, eV/A."""
    n_modes = coordinates.n_modes
    on_atoms = np.abs(coordinates.modes @ gradient[:n_modes]).max(initial=0.0)
    on_strain = np.abs(gradient[n_modes:] / coordinates.scale[n_modes:]).max(initial=0.0)
    return float(max(on_atoms, on_strain))
