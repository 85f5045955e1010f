"""Quasi-Newton iteration that looks at gradients only.

Line searches on the energy stall near |gradient| = 1e-6 eV/A, where the energy no longer resolves a
step; the reference has to be converged to 1e-8. Hence our own iteration, with bounded steps.
"""

from dataclasses import dataclass

import numpy as np

LARGEST_STEP = 0.1  # Angstrom of the largest scaled coordinate change in one step


@dataclass
class Iteration:
    """Where a quasi-Newton iteration ended: q, values and columns there.

    ahead: where one more step, not evaluated, would lead from there.
    """

    q: np.ndarray
    ahead: np.ndarray
    values: np.ndarray
    columns: np.ndarray
    max_gradient: float
    n_evaluations: int
    converged: bool


def quasi_newton(
    evaluator, weights, start, model, tolerance, max_steps, inside=lambda q: True, known=None
):
    """Walk from `start` until the largest gradient component is below `tolerance` (eV/A).

    evaluator: of descriptors in its coordinates; weights: shape (P + 1,), Theta and the 1 of the
    reference; model: what is known of the Hessian, a DenseModel or LimitedMemory, which learns on
    the way; inside: says of a q whether to go on from there; known: a pair (q, columns) evaluated
    earlier, for whatever parameters: the columns give the gradient for these too, and so improve
    the guess for nothing. Returns an Iteration; the caller decides what a missing convergence
    means.
    """
    q = np.array(start, dtype=float)
    coordinates = evaluator.coordinates
    columns = evaluator.gradient(q)
    gradient = columns @ weights
    if known is not None:
        place, there = known
        model.learn(q - place, gradient - there @ weights)
    reach, rejected = LARGEST_STEP, False
    for evaluations in range(1, max_steps + 2):
        max_gradient = largest_component(coordinates, gradient)
        step = model.step(gradient)
        step *= min(1.0, reach / np.abs(step * coordinates.scale).max(initial=1e-300))
        if max_gradient < tolerance or not inside(q) or evaluations > max_steps:
            break
        tried = evaluator.gradient(q + step)
        ahead = tried @ weights
        model.learn(step, ahead - gradient)
        uphill = (gradient + ahead) @ step > 0  # twice the change in energy, to third order
        rejected = uphill and largest_component(coordinates, ahead) > max_gradient
        if rejected:
            reach = 0.25 * np.abs(step * coordinates.scale).max()  # stay, and look nearer by
        else:
            q, columns, gradient = q + step, tried, ahead
            reach = min(2 * reach, LARGEST_STEP)
    if rejected:  # the evaluator stands elsewhere
        evaluator.gradient(q)
    return Iteration(
        q=q,
        ahead=q + step,
        values=evaluator.values(),
        columns=columns,
        max_gradient=max_gradient,
        n_evaluations=evaluations,
        converged=max_gradient < tolerance,
    )


def largest_component(coordinates, gradient):
    """Largest |gradient| over the atoms' Cartesian components and dU/dstrain / edge, eV/A."""
    n_modes = coordinates.n_modes
    on_atoms = np.abs(coordinates.modes @ gradient[:n_modes]).max(initial=0.0)
    on_strain = np.abs(gradient[n_modes:] / coordinates.scale[n_modes:]).max(initial=0.0)
    return float(max(on_atoms, on_strain))
