"""Second derivatives by finite differences of exact gradients: all formulas and steps are here.

A step balances the error of its formula, a power of the step, against the rounding of gradients
divided by the step (LAMMPS's gradients have a relative accuracy of 1e-13). Columns are those of a
LinearEvaluator.
"""

import numpy as np
from ase.geometry import find_mic

# Angstrom; the atom that moves most moves by this and by twice as much. With the four-point formula
# (error step^4) derivatives are good to 1e-9.
FOUR_POINT_STEP = 5e-4
# Angstrom; the two-point formula's error (step^2) and rounding are both near 1e-8 here. Elastic
# curvatures use it too. They jump at the ends of an interpolation's panel, but the step is far
# shorter than the distance from there to the nearest point that is interpolated.
TWO_POINT_STEP = 3e-5
# Angstrom; for a single evaluation, of a displacement whose gradient at the reference is zero by
# symmetry. The error is of the order of the step, 1e-5 of the curvature.
ONE_POINT_STEP = 1e-5
# Angstrom, of one atom of a crystal, by two points, for force constants that only precondition.
FORCE_CONSTANT_STEP = 1e-4
# The same for its dynamical matrices, where only signs of eigenvalues matter. Not tuned.
PHONON_STEP = 1e-3
# Strain; for derivatives of elastic constants, which are differences themselves. Not tuned.
STRAIN_STEP = 1e-4


def hessian_tensor(evaluator):
    """H_l = d2 D_l / dq2 at q = 0 by central differences of columns, symmetrised.

    Four points along each coordinate: [8 g(h) - 8 g(-h) - g(2h) + g(-2h)] / 12h
    (Fornberg, Math. Comp. 51, 699 (1988), table 1). evaluator: a LinearEvaluator. Returns shape
    (n, n, P + 1), the baseline last; 4 n evaluations.
    """
    return symmetrised(hessian_rows(evaluator, range(evaluator.coordinates.size)))


def hessian_rows(evaluator, indices):
    """The rows d2 D / dq dq_index at q = 0 of k coordinates, (k, n, P + 1); 4 k evaluations."""
    steps = four_point_steps(evaluator.coordinates)
    return np.array([hessian_row(evaluator, index, steps[index]) for index in indices])


def hessian_row(evaluator, index, step):
    """d2 D / dq dq_index at q = 0, shape (n, P + 1); 4 evaluations."""
    direction = np.zeros(evaluator.coordinates.size)
    direction[index] = 1
    near, far = (
        evaluator.columns(length * direction) - evaluator.columns(-length * direction)
        for length in (step, 2 * step)
    )
    return (8 * near - far) / (12 * step)


def four_point_steps(coordinates):
    """One step for each coordinate, such that the atom that moves most moves FOUR_POINT_STEP."""
    per_mode = abs(coordinates.modes).max(axis=0).toarray().ravel()
    per_strain = coordinates.scale[coordinates.n_modes :]
    return FOUR_POINT_STEP / np.append(per_mode, per_strain)


def second_derivatives(evaluator, at):
    """d2 D / dq2 at coordinates `at`, (n, n, P + 1), by two points; 2 n evaluations."""
    rows = []
    for step in np.diag(TWO_POINT_STEP / evaluator.coordinates.scale):
        change = evaluator.columns(at + step) - evaluator.columns(at - step)
        rows.append(change / (2 * step.max()))
    return symmetrised(np.array(rows))


def hessian_product(evaluator, q, theta, vector):
    """d2U/dq2 v at q, (n,), by two points (eq 8 of arXiv:2407.02414); two evaluations.

    evaluator: any Evaluator; vector: (n,).
    """
    coordinates = evaluator.coordinates
    n_modes = coordinates.n_modes
    largest = max(
        np.abs(coordinates.modes @ vector[:n_modes]).max(initial=0.0),
        np.abs(coordinates.scale * vector)[n_modes:].max(initial=0.0),
    )
    if not largest:
        return np.zeros_like(vector)
    step = TWO_POINT_STEP / largest * vector
    change = evaluator.gradient(q + step, theta) - evaluator.gradient(q - step, theta)
    return change * (largest / (2 * TWO_POINT_STEP))


def responses_to(calculator, crystal, atom, step):
    """Second derivatives of all columns in the positions of one atom and of all, per Angstrom^2.

    By central differences, step: Angstrom. Returns the vectors from that atom to the nearest image
    of each, shape (N, 3), Angstrom, and matrices d2D / dx(atom) dx(i), shape (N, 3, 3, column).
    """
    rows = []
    for axis in range(3):
        gradients = []
        for way in (step, -step):
            moved = crystal.copy()
            moved.positions[atom, axis] += way
            gradients.append(calculator.evaluate(moved).gradient)
        rows.append((gradients[0] - gradients[1]) / (2 * step))
    apart, _ = find_mic(crystal.positions - crystal.positions[atom], crystal.cell)
    return apart, np.array(rows).transpose(1, 0, 2, 3)


def symmetrised(tensor):
    """The mean of a tensor (n, n, ...) and itself with the first two indices exchanged."""
    return (tensor + np.swapaxes(tensor, 0, 1)) / 2
